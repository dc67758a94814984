"""Settings: the shell over .env over the defaults; the defaults are the same wherever they are written."""

import re

import pytest

from tests.scripts.conftest import ROOT, one_sentence

PRINT = '. scripts/lib/common.sh; load_settings; printf "%s|" "$HTTP_PORT" "$SITE_HOST" "$SECRETS_DIR"'


def test_shell_wins_over_file_and_file_over_default(scripts, tmp_path):
    env = tmp_path / "env"
    env.write_text("HTTP_PORT=1111\nSITE_HOST=from.file\n")
    done = scripts.bash(PRINT, ENV_FILE=str(env), HTTP_PORT="2222")
    assert done.stdout.startswith("2222|from.file|")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SITE_HOST=a.b   # why", "a.b"),
        ('SITE_HOST="a.b" # why', "a.b"),
        ("SITE_HOST='a#b'", "a#b"),
        ("export SITE_HOST=a.b\r", "a.b"),
        ("  SITE_HOST=a#b  ", "a#b"),
        ("SITE_HOST=$(echo no)", "$(echo no)"),
    ],
)
def test_a_line_is_read_and_never_executed(scripts, tmp_path, line, value):
    env = tmp_path / "env"
    env.write_text(f"# comment\n\n{line}")
    assert scripts.bash(PRINT, ENV_FILE=str(env)).stdout.split("|")[1] == value


def test_a_line_that_is_no_setting_stops(scripts, tmp_path):
    env = tmp_path / "env"
    env.write_text("SITE HOST=x\n")
    one_sentence(scripts.bash(PRINT, ENV_FILE=str(env)), "SITE HOST=x", "NAME=value")


def test_a_relative_secrets_folder_belongs_to_the_repository(scripts):
    assert scripts.bash(PRINT, SECRETS_DIR="./elsewhere").stdout.endswith(f"{ROOT}/elsewhere|")


def test_a_project_name_that_compose_would_refuse_stops(scripts):
    one_sentence(scripts.bash(PRINT, COMPOSE_PROJECT_NAME="My Shop"), "COMPOSE_PROJECT_NAME=My Shop")


def defaults_of_scripts() -> dict[str, str]:
    return dict(re.findall(r'"\$\{([A-Z_0-9]+):=([^}]*)\}"', (ROOT / "scripts/lib/common.sh").read_text()))


@pytest.mark.parametrize("path", ["docker-compose.yml", ".env.example"])
def test_defaults_are_the_same_everywhere(path):
    text = (ROOT / path).read_text()
    pattern = r"^# ([A-Z][A-Z0-9_]*)=(\S+)" if path == ".env.example" else r"\$\{([A-Z_0-9]+):-([^}]*)\}"
    there = dict(re.findall(pattern, text, re.MULTILINE))
    here = defaults_of_scripts()
    shared = here.keys() & there.keys()
    assert {"NET_PREFIX", "BIND", "HTTPS_PORT", "SECRETS_DIR"} <= shared
    assert {name: there[name] for name in shared} == {name: here[name] for name in shared}


def test_the_example_has_every_setting_of_the_scripts():
    named = set(re.findall(r"^# ([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert defaults_of_scripts().keys() <= named
