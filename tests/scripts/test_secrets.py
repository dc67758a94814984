"""Secrets: made once, readable by containers only, never repaired silently."""

import re
import stat

import pytest

from tests.scripts.conftest import ROOT, one_sentence

DERIVED = {
    "pgbouncer_userlist", "db_verifiers", "prometheus_web", "identity_key", "identity_key_users", "identity_keys",
    "token_key", "token_keys",
}  # fmt: skip
NAMES = set(re.findall(r"\$\{SECRETS_DIR[^}]*\}/(\w+)", (ROOT / "docker-compose.yml").read_text())) - DERIVED


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_every_secret_of_the_compose_file_is_made(scripts):
    done = scripts("secrets", "make")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in scripts.secrets.iterdir()} - {".made"} == NAMES


def test_each_is_random_and_alphanumeric(scripts):
    scripts("secrets", "make")
    values = [(scripts.secrets / name).read_text() for name in NAMES]
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", value) for value in values)
    assert len(set(values)) == len(NAMES)


def test_only_the_owner_can_enter_and_containers_can_read(scripts):
    scripts("secrets", "make")
    assert stat.S_IMODE(scripts.secrets.stat().st_mode) == 0o700
    assert {stat.S_IMODE((scripts.secrets / name).stat().st_mode) for name in NAMES} == {0o444}


def test_no_password_is_printed(scripts):
    output = scripts("secrets", "make").stdout + scripts("secrets", "where").stdout
    assert not any((scripts.secrets / name).read_text() in output for name in NAMES)


def test_a_second_run_changes_nothing(scripts):
    scripts("secrets", "make")
    before = contents(scripts.secrets)
    assert scripts("secrets", "make").stdout == ""
    assert contents(scripts.secrets) == before


def test_an_open_folder_is_closed_again(scripts):
    scripts("secrets", "make")
    scripts.secrets.chmod(0o755)
    scripts("secrets", "make")
    assert stat.S_IMODE(scripts.secrets.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "\n", " \n\n"])
def test_an_empty_one_stops_and_stays(scripts, text):
    scripts("secrets", "make")
    path = scripts.secrets / "redis"
    path.chmod(0o644)
    path.write_text(text)
    one_sentence(scripts("secrets", "make"), str(path), "is empty", "make reset")
    assert path.read_text() == text


def test_an_empty_derived_one_stops(scripts):
    scripts("secrets", "make")
    (scripts.secrets / "db_verifiers").touch()
    one_sentence(scripts("secrets", "derive"), "db_verifiers is empty", "delete it")


def test_a_lost_one_stops_once_there_is_data(scripts):
    scripts("secrets", "make")
    scripts.answer(volumes="flotilla_postgres-1\n")
    (scripts.secrets / "db_web").unlink()
    one_sentence(scripts("secrets", "make"), "db_web is missing", "put your copy back")
    assert not (scripts.secrets / "db_web").exists()


def test_a_lost_folder_stops_once_there_is_data(scripts):
    scripts.answer(volumes="flotilla_postgres-1\n")
    one_sentence(scripts("secrets", "make"), "is missing")
    assert not any(path.name in NAMES for path in scripts.secrets.iterdir())


def test_a_lost_one_is_made_again_without_data(scripts):
    scripts("secrets", "make")
    (scripts.secrets / "db_web").unlink()
    assert scripts("secrets", "make").returncode == 0
    assert (scripts.secrets / "db_web").exists()


def test_one_that_a_later_version_adds_is_made_though_there_is_data(scripts):
    scripts("secrets", "make")
    made = scripts.secrets / ".made"
    made.chmod(0o644)
    made.write_text(made.read_text().replace("db_web_ro\n", ""))
    (scripts.secrets / "db_web_ro").unlink()
    scripts.answer(volumes="flotilla_postgres-1\n")
    assert scripts("secrets", "make").returncode == 0
    assert (scripts.secrets / "db_web_ro").exists()


def test_a_folder_in_place_of_a_file_stops(scripts):
    (scripts.secrets / "redis").mkdir(parents=True)
    one_sentence(scripts("secrets", "make"), "redis is a folder", "remove it")


def test_an_unwritable_place_stops(scripts):
    one_sentence(scripts("secrets", "make", SECRETS_DIR="/dev/null/secrets"), "cannot write in /dev/null/secrets")


def test_a_wrong_call(scripts):
    one_sentence(scripts("secrets", "show"), "usage:", status=2)
