"""What must not be in the repository: places to download from, machine paths, passwords, large files."""

import re

import pytest

from tests.config.files import ROOT, tracked

FILES = [path for path in tracked() if path.suffix not in {".png", ".ico", ".woff2"}]
LOCKS = [path for path in tracked() if path.name.startswith("requirements") and path.suffix == ".txt"]


def matches(pattern: str) -> list[str]:
    compiled = re.compile(pattern)
    found = []
    for path in FILES:
        for number, line in enumerate(path.read_text(errors="ignore").splitlines(), 1):
            if compiled.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def test_no_index_or_mirror_is_named():
    """Whoever builds has their own: pip, apt and the engine are asked as they are configured."""
    assert not matches(r"--(extra-)?index-url[ =]http|--find-links[ =]|PIP_(EXTRA_)?INDEX_URL=|^deb http")


def test_no_registry_is_named():
    assert not matches(r"(^|\s)(FROM|image:) +[\w-]+(\.[\w-]+)+(:\d+)?/")


def test_no_path_of_one_machine():
    assert not matches(r"(^|[\s\"'=])/(home/(?!tools\b)\w+|Users/\w+|work/\w+)/")


def test_no_private_key_or_password():
    assert not matches(r"^-----BEGIN [A-Z ]*PRIVATE KEY")
    kept = [path for path in tracked() if ".secrets" in path.parts or path.name == ".env"]
    assert not kept


def test_no_file_is_large():
    large = [str(path.relative_to(ROOT)) for path in tracked() if path.stat().st_size > 500_000]
    assert not large


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_dependencies_are_locked_with_hashes(path):
    text = path.read_text()
    names = re.findall(r"^([A-Za-z0-9][\w.\[\]-]*)==", text, re.MULTILINE)
    assert names
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_images_are_built_without_a_network_syntax_file():
    """`# syntax=` would fetch a frontend from a registry before anything is built."""
    for path in ROOT.glob("*/Dockerfile"):
        assert "# syntax=" not in path.read_text(), path
