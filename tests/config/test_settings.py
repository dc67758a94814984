"""What docs/settings.md calls a setting can be set in .env and reaches the program that reads it."""

import re

import pytest

from tests.config.files import ROOT, compose, environment

# Where a file lies in a container; compose mounts it there.
PATHS = {"NGINX_CERTS", "HAPROXY_STATS_PASSWORD_FILE"}


def names_in(path: str) -> list[str]:
    return sorted(set(re.findall(r'^: "\$\{(\w+):=', (ROOT / path).read_text(), re.MULTILINE)) - PATHS)


def section(title: str) -> str:
    return re.split(r"^## ", (ROOT / "docs/settings.md").read_text().split(f"## {title}\n")[1], flags=re.MULTILINE)[0]


def documented(mark: str) -> set[str]:
    """Names of the Django table whose row carries this mark: none, ¹ given by compose, ² given by the image."""
    rows = [re.match(r"\| ((?:`\w+`(?: · )?)+) ?([¹²]?) \|", line) for line in section("Django").splitlines()]
    return {name for row in rows if row and row[2] == mark for name in re.findall(r"`(\w+)`", row[1])}


NGINX, HAPROXY, DJANGO = names_in("nginx/settings.sh"), names_in("haproxy/settings.sh"), sorted(documented(""))


def reaches(service: str, name: str) -> bool:
    """Whether a value given outside arrives inside; all are given at once, since each rendering takes a while."""
    given = compose(**dict.fromkeys([*NGINX, *HAPROXY, *DJANGO], "77"))
    return given["services"][service]["environment"].get(name) == "77"


@pytest.mark.parametrize("name", NGINX)
def test_a_setting_of_nginx_is_handed_on(name):
    assert reaches("nginx", name)


@pytest.mark.parametrize("name", HAPROXY)
def test_a_setting_of_haproxy_is_handed_on_to_both(name):
    assert reaches("haproxy-1", name)
    assert reaches("haproxy-2", name)


@pytest.mark.parametrize("name", DJANGO)
def test_a_setting_of_django_is_handed_on_to_server_and_jobs(name):
    assert all(reaches(service, name) for service in ("web", "web-migrate", "seed"))


def test_what_compose_gives_is_given():
    given = documented("¹")
    services = ("web", "gateway", "products", "orders", "users")
    everywhere = {name for service in services for name in environment(service)}
    assert {"DATABASE_HOSTS", "CACHE_NODES"} <= given <= everywhere


def test_the_documented_names_are_those_that_django_reads():
    read = set(re.findall(r'reader\.\w+\(\s*"(\w+)"', (ROOT / "services/flotilla/env.py").read_text()))
    known = {name.removesuffix("_FILE") for name in documented("") | documented("¹") | documented("²")}
    stack = {"SITE_HOST", "HTTPS_PORT"}
    assert read - stack == known


def test_nothing_is_handed_on_as_an_empty_text_when_unset():
    for service in ("nginx", "haproxy-1", "web", "gateway"):
        assert not [name for name, value in environment(service).items() if value == ""]
