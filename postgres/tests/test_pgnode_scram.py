import base64
import json
import stat

import pytest
from pgnode import scram, verifiers

PASSWORD = "x" * 32


def secrets(folder, **files):
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_verifier_agrees_with_the_example_of_rfc_7677():
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    text = scram.verifier("pencil", salt, 4096)
    # PostgreSQL's verifier for the RFC's user and salt.
    assert text == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )


def test_two_verifiers_of_one_password_differ_in_salt():
    assert scram.verifier(PASSWORD) != scram.verifier(PASSWORD)


@pytest.mark.parametrize("text", ["", "md5abc", PASSWORD])
def test_matches_refuses_what_is_no_verifier(text):
    assert not scram.matches(text, PASSWORD)


def test_matches_tells_the_right_password_from_a_wrong_one():
    text = scram.verifier(PASSWORD)
    assert scram.matches(text, PASSWORD)
    assert not scram.matches(text, PASSWORD + "y")


def test_derive_makes_both_files_with_the_same_verifiers(tmp_path):
    secrets(
        tmp_path, db_web="a" * 32, db_web_ro="b" * 32, postgres_monitor="c" * 32, pgbouncer_stats="d" * 32, redis="e"
    )
    verifiers.derive(tmp_path)
    stored = json.loads((tmp_path / "db_verifiers").read_text())
    assert sorted(stored) == ["monitor", "pgbouncer_stats", "web", "web_ro"]
    assert all(f'"{role}" "{text}"\n' in (tmp_path / "pgbouncer_userlist").read_text() for role, text in stored.items())
    assert stat.S_IMODE((tmp_path / "pgbouncer_userlist").stat().st_mode) == 0o444


def test_derive_again_changes_nothing(tmp_path):
    secrets(tmp_path, db_web="a" * 32)
    verifiers.derive(tmp_path)
    before = [(tmp_path / name).stat() for name in ("db_verifiers", "pgbouncer_userlist")]
    verifiers.derive(tmp_path)
    after = [(tmp_path / name).stat() for name in ("db_verifiers", "pgbouncer_userlist")]
    assert [(s.st_ino, s.st_mtime_ns) for s in before] == [(s.st_ino, s.st_mtime_ns) for s in after]


def test_a_new_service_is_added_beside_the_old_verifiers(tmp_path):
    secrets(tmp_path, db_web="a" * 32)
    verifiers.derive(tmp_path)
    old = json.loads((tmp_path / "db_verifiers").read_text())
    secrets(tmp_path, db_users="u" * 32)
    verifiers.derive(tmp_path)
    new = json.loads((tmp_path / "db_verifiers").read_text())
    assert new["web"] == old["web"]
    assert "users" in new


def test_a_changed_password_gets_a_new_verifier(tmp_path):
    secrets(tmp_path, db_web="a" * 32)
    verifiers.derive(tmp_path)
    secrets(tmp_path, db_web="z" * 32)
    verifiers.derive(tmp_path)
    assert scram.matches(json.loads((tmp_path / "db_verifiers").read_text())["web"], "z" * 32)


def test_an_empty_password_file_is_refused_by_name(tmp_path):
    secrets(tmp_path, db_web="\n")
    with pytest.raises(SystemExit, match="db_web is empty"):
        verifiers.derive(tmp_path)


def test_no_password_appears_in_what_is_derived(tmp_path):
    secrets(tmp_path, db_web=PASSWORD)
    verifiers.derive(tmp_path)
    assert all(PASSWORD not in (tmp_path / name).read_text() for name in ("db_verifiers", "pgbouncer_userlist"))
