"""Secrets: made once, readable by containers only, never repaired silently."""

import json
import os
import re
import stat
import time

import pytest

from tests.scripts.conftest import ROOT, one_sentence

DERIVED = {"pgbouncer_userlist", "db_verifiers", "prometheus_web"}
DERIVED |= {"identity_key_gateway", "identity_key_users", "identity_keys", "token_key", "token_keys"}
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


# -- Keys of identities

# Instead of containers: openssl of this machine, and of the others only that they leave something.
ENGINE = r"""#!/usr/bin/env bash
case "$*" in
    *"--entrypoint openssl"*) while [[ $1 != */nginx:* ]]; do shift; done; shift; exec openssl "$@" ;;
    *postgres-verifiers*) for name in pgbouncer_userlist db_verifiers; do echo x >"$SECRETS_DIR/$name"; done ;;
    *perl*) echo '$2b$10$x' ;;
esac
"""


@pytest.fixture
def deriving(scripts):
    """Derives again, as a random one that is younger than the derived makes it do; what the set of keys holds."""
    scripts("secrets", "make")
    scripts.stub("docker", ENGINE)

    def derive() -> list[dict]:
        (scripts.secrets / "pgbouncer_userlist").unlink(missing_ok=True)
        done = scripts("secrets", "derive")
        assert done.returncode == 0, done.stderr
        return json.loads((scripts.secrets / "identity_keys").read_text())["keys"]

    return derive


def test_each_signer_has_a_key_of_its_own_that_is_called_after_it(scripts, deriving):
    keys = deriving()
    assert [key["kid"] for key in keys] == [
        f"{name}-{key['x'][:8]}" for name, key in zip(("gateway", "users"), keys, strict=True)
    ]
    assert len({key["x"] for key in keys}) == 2
    assert {len(key["x"]) for key in keys} == {43}
    for name in ("gateway", "users"):
        path = scripts.secrets / f"identity_key_{name}"
        assert path.read_text().startswith("-----BEGIN PRIVATE KEY-----")
        assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_a_second_derivation_changes_no_key(scripts, deriving):
    deriving()
    before = contents(scripts.secrets)
    deriving()
    assert contents(scripts.secrets) == before


def test_the_one_key_of_before_becomes_the_gateways(scripts, deriving):
    """A folder that a version with one signer has made: identity_key, and a set with a name without an owner."""
    (old, _) = deriving()
    for name in ("identity_key_users", "identity_keys"):
        (scripts.secrets / name).unlink()
    (scripts.secrets / "identity_key_gateway").rename(scripts.secrets / "identity_key")
    (scripts.secrets / "identity_keys").write_text(json.dumps({"keys": [old | {"kid": old["x"][:8]}]}))
    scripts.answer(volumes="flotilla_postgres-1\n")
    keys = deriving()
    assert keys[0] == old
    assert keys[1]["kid"].startswith("users-")
    assert not (scripts.secrets / "identity_key").exists()


def test_a_key_that_is_being_replaced_stays_in_the_set(scripts, deriving):
    keys = deriving()
    path = scripts.secrets / "identity_keys"
    path.chmod(0o644)
    path.write_text(json.dumps({"keys": [*keys, keys[0] | {"kid": "gateway-next0000"}]}, indent=1))
    assert len(deriving()) == 3


PAIRS = [("identity_key_gateway", "identity_keys", "gateway-"), ("token_key", "token_keys", "")]


@pytest.fixture
def keys_of(scripts):
    return lambda name: json.loads((scripts.secrets / name).read_text())["keys"]


@pytest.mark.parametrize(("private", "public", "prefix"), PAIRS)
def test_a_key_that_is_deleted_is_replaced_and_the_old_one_is_believed_beside_it(
    scripts, deriving, keys_of, private, public, prefix
):
    deriving()
    before = keys_of(public)
    (scripts.secrets / private).unlink()
    deriving()
    new, *others = keys_of(public)
    assert others == before
    assert new["x"] not in {key["x"] for key in before}
    assert new["kid"] == prefix + new["x"][:8]


@pytest.mark.parametrize(("private", "public", "prefix"), PAIRS)
def test_a_key_that_somebody_puts_there_is_added_though_nothing_is_missing(
    scripts, deriving, keys_of, private, public, prefix
):
    deriving()
    before = keys_of(public)
    other = (scripts.secrets / "identity_key_users").read_bytes()
    put = scripts.secrets / f"{private}.new"
    put.write_bytes(other)
    os.utime(put, (later := time.time() + 1, later))  # the clock of some files stands still for milliseconds
    put.rename(scripts.secrets / private)
    done = scripts("secrets", "derive")
    assert done.returncode == 0, done.stderr
    new, *others = keys_of(public)
    assert others == before
    assert new["x"] == next(key["x"] for key in keys_of("identity_keys") if key["kid"].startswith("users-"))
    assert new["kid"] == prefix + new["x"][:8]


def test_when_nothing_is_new_nothing_is_derived(scripts, deriving):
    deriving()
    assert scripts("secrets", "derive").stdout == ""


@pytest.mark.parametrize(("private", "public", "prefix"), PAIRS)
def test_without_the_set_old_keys_are_not_believed_any_more(scripts, deriving, keys_of, private, public, prefix):
    deriving()
    before = keys_of(public)
    (scripts.secrets / private).unlink()
    (scripts.secrets / public).unlink()
    deriving()
    assert len(keys_of(public)) == len(before)
    assert before[0] not in keys_of(public)


def test_a_lost_set_is_computed_from_the_keys(scripts, deriving):
    keys = deriving()
    (scripts.secrets / "identity_keys").unlink()
    assert deriving() == keys
