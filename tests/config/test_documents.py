"""Documents keep up: every setting, make target and decision is where a reader looks for it; links lead somewhere."""

import re
from collections import Counter

import pytest

from tests.config.files import ROOT, tracked

COMPOSE = re.sub(r"^ *#.*$", "", (ROOT / "docker-compose.yml").read_text(), flags=re.MULTILINE)
SETTINGS = sorted(set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", COMPOSE)))


def text(path: str) -> str:
    return (ROOT / path).read_text()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_the_compose_file_is_documented(name):
    assert re.search(rf"`{name}`", text("docs/settings.md")), f"docs/settings.md does not name {name}"


def test_every_setting_of_the_example_is_documented_and_is_one():
    example = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", text(".env.example"), re.MULTILINE)
    assert example
    missing = [name for name in example if f"`{name}`" not in text("docs/settings.md")]
    assert not missing, f"docs/settings.md does not name {missing}"


@pytest.mark.parametrize("script", ["drill", "drills", "loadtest", "watch"])
def test_every_setting_of_a_call_is_in_its_script_s_head_and_documented(script):
    head, code = text(f"scripts/{script}").split("\n. ", 1)
    named = set(re.findall(r"\b([A-Z][A-Z_]*)=", head))
    assert set(re.findall(r"\$\{([A-Z][A-Z_]*):-", code)) <= named
    rows = [line for line in text("docs/settings.md").splitlines() if re.search(rf"`make {script}`", line)]
    missing = [name for name in named if not any(re.search(rf"`{name}(=\d)?`", row) for row in rows)]
    assert not missing, f"docs/settings.md does not name {missing} of make {script}"


@pytest.mark.parametrize("path", ["haproxy/settings.sh", "nginx/settings.sh"])
def test_every_setting_of_a_server_is_explained_beside_it(path):
    lines = [line for line in text(path).splitlines() if line.startswith(': "${')]
    assert lines
    bursts = {"NGINX_PAGE_BURST", "NGINX_LOGIN_BURST", "NGINX_API_BURST"}
    obvious = bursts | {"NGINX_API_RATE", "HAPROXY_STATS_PASSWORD_FILE"}
    bare = {re.search(r"\{(\w+)", line).group(1) for line in lines if "#" not in line}
    assert bare <= obvious, f"no comment: {bare - obvious}"
    assert path in text("docs/settings.md"), "docs/settings.md does not say where these are"


# -- Make targets ------------------------------------------------------------------------------------------------------


def targets() -> dict[str, str]:
    """Public targets of the Makefile and their text; a name that starts with _ or . is not public."""
    found = re.findall(r"^([a-z][a-zA-Z0-9_-]*):(?!=)([^\n]*)$", text("Makefile"), re.MULTILINE)
    return {name: rest.partition("##")[2].strip() for name, rest in found}


def test_every_target_says_what_it_does():
    assert {"up", "down", "reset", "status", "logs", "kill", "start", "check", "test", "loadtest"} <= set(targets())
    assert not [name for name, about in targets().items() if not about]


def test_every_target_is_in_the_readme():
    missing = [name for name in targets() if f"make {name}" not in text("README.md")]
    assert not missing, f"README.md does not name: {missing}"


def test_no_document_names_a_target_that_is_not_there():
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        named = set(re.findall(r"`make ([a-z][a-z-]*)", path.read_text()))
        assert named <= set(targets()), f"{path.name} names {named - set(targets())}"


def test_the_menu_is_the_default():
    assert ".DEFAULT_GOAL := help" in text("Makefile") or next(iter(targets())) == "help"


# -- Decisions ---------------------------------------------------------------------------------------------------------


def decisions() -> list:
    return sorted((ROOT / "docs/decisions").glob("*.md"))


def test_decisions_are_numbered_once_and_named_in_words():
    assert decisions()
    numbers = Counter(path.name[:4] for path in decisions())
    assert all(number.isdigit() for number in numbers)
    assert max(numbers.values()) == 1, numbers
    assert all(re.fullmatch(r"\d{4}(-[a-z0-9]+)+\.md", path.name) for path in decisions())


@pytest.mark.parametrize("path", decisions(), ids=lambda path: path.stem)
def test_a_decision_says_what_was_chosen_and_what_was_rejected(path):
    headings = " ".join(re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)).lower()
    assert re.match(r"# ", path.read_text())
    assert "decision" in headings
    assert "reject" in headings, "what was rejected, and why"


def linked() -> list:
    pattern = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
    pages = [path for path in tracked() if path.suffix == ".md"]
    return [(page, link) for page in pages for link in pattern.findall(page.read_text()) if "://" not in link]


def test_links_between_documents_lead_somewhere():
    broken = [f"{page.relative_to(ROOT)}: {link}" for page, link in linked() if not (page.parent / link).exists()]
    assert not broken


def test_decisions_named_in_comments_exist():
    numbers = {path.name[:4] for path in decisions()}
    pattern = re.compile(r"(?:docs/decisions/|[Dd]ecisions? )(\d{4})")
    for path in tracked():
        if path.suffix not in {".png", ".woff2", ".svg"}:
            named = set(pattern.findall(path.read_text(errors="ignore")))
            assert named <= numbers, f"{path.relative_to(ROOT)} names decision {sorted(named - numbers)}"
