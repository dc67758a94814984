"""A real browser at the edge: Debian's Chromium, which is made to accept exactly the edge's own key."""

import os
import subprocess

import pytest
from loadtest.edge import Edge
from playwright.sync_api import sync_playwright
from stack.engine import NET_PREFIX, REPORTS, SITE_HOST

from tests.starved import pytest_runtest_makereport, pytest_runtest_protocol  # noqa: F401 - hooks

ORIGIN = f"https://{SITE_HOST}:8443"
CA = "/certs/ca.crt"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


PIN = f"""
openssl s_client -connect {NET_PREFIX}.0.10:8443 -servername {SITE_HOST} -CAfile {CA} -verify_return_error </dev/null |
    openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl enc -base64
"""


def pin() -> str:
    """The edge's public key, checked against the CA, as Chromium's switch wants it: no other key is accepted."""
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", PIN], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="session")
def chromium():
    arguments = [
        "--no-sandbox",  # the container is the sandbox: no capabilities, no namespaces of its own
        f"--host-resolver-rules=MAP {SITE_HOST} {NET_PREFIX}.0.10",
        f"--ignore-certificate-errors-spki-list={pin()}",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=arguments
        )
        yield browser
        browser.close()


class Watched:
    """A page that remembers every complaint: script errors, console errors, policy violations, failed requests."""

    def __init__(self, page):
        self.page, self.complaints, self.served_by = page, [], []
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on(
            "console",
            lambda m: self.complaints.append(f"console: {m.text}") if m.type in ("error", "warning") else None,
        )
        page.on("response", self._answered)

    def _answered(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")
        if response.request.is_navigation_request():
            self.served_by.append(response.headers.get("x-served-by", ""))

    def go(self, path: str):
        return self.page.goto(ORIGIN + path)

    def keep(self, name: str):
        REPORTS.mkdir(exist_ok=True)
        self.page.screenshot(path=REPORTS / f"{name}.png", full_page=True)


@pytest.fixture(params=SIZES)
def shop(request, chromium):
    """Once on a desktop, once on a phone. At the end nothing may have complained."""
    phone = request.param == "phone"
    context = chromium.new_context(viewport=SIZES[request.param], is_mobile=phone, has_touch=phone)
    watched = Watched(context.new_page())
    watched.size = request.param
    watched.page.set_default_timeout(15_000)
    yield watched
    context.close()
    assert not watched.complaints, watched.complaints


@pytest.fixture(scope="session")
def edge() -> Edge:
    return Edge(f"{NET_PREFIX}.0.10", 8443, SITE_HOST, CA)
