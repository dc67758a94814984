"""What a build may see: the folders that Dockerfiles copy from, and no file with a password or a key."""

import re
from fnmatch import fnmatch

import pytest

from tests.config.files import ROOT

LINES = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
ALLOWED = [line[1:] for line in LINES if line.startswith("!")]
INSIDE = [line for line in LINES[1:] if not line.startswith("!")]


def copied() -> set[str]:
    """Every source of a COPY that comes from the context."""
    found = set()
    for path in ROOT.glob("*/Dockerfile"):
        for line in re.findall(r"^COPY (.+)$", path.read_text(), re.MULTILINE):
            if "--from=" not in line:
                found |= {word for word in line.split()[:-1] if not word.startswith("--")}
    return found


def enters(path: str) -> bool:
    """The engine's rule for this file's patterns: all is out, these folders are in, and parts of them out again."""
    allowed = any(path == name or path.startswith(name + "/") for name in ALLOWED)
    return allowed and not any(
        fnmatch(part, pattern.removeprefix("**/")) for part in path.split("/") for pattern in INSIDE
    )


def test_everything_is_out_unless_named():
    assert LINES[0] == "*"
    assert not [name for name in ALLOWED if set(name) & set("*?[") or name.startswith((".", "/"))]
    assert all(re.fullmatch(r"\*\*/[^/]+", pattern) for pattern in INSIDE)
    # A later exception would let a part back in.
    assert [line.startswith("!") for line in LINES[1:]] == [True] * len(ALLOWED) + [False] * len(INSIDE)


def test_what_images_copy_is_in_and_nothing_is_in_for_nobody():
    sources = {re.sub(r"/?(\*.*|\$\{.*)?$", "", name) for name in copied()}
    assert sources
    assert not [name for name in sources if not enters(name)]
    used = {name for name in ALLOWED if any(source == name or source.startswith(name + "/") for source in sources)}
    assert used == set(ALLOWED)


@pytest.mark.parametrize(
    "path",
    [
        ".env", ".git/config", ".secrets/db_web", ".state/test-secrets/db_web", "reports/ledger.json",
        "docs/settings.md", "tests/stack/conftest.py", "services/.env", "services/web/.secrets/db_web", "nginx/tls.key",
        "haproxy/.state/test-secrets/haproxy_stats", "postgres/ca.pem", "services/web/tests/test_cart.py",
    ],
)  # fmt: skip
def test_a_secret_or_a_leftover_never_enters(path):
    assert not enters(path)


@pytest.mark.parametrize("path", ["services/web/urls.py", "nginx/templates/site.conf", "certs/certs"])
def test_code_and_configuration_do(path):
    assert enters(path)


def test_no_image_copies_the_whole_context():
    assert not {".", "./", "*"} & copied()
