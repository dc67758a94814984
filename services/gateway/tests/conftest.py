"""What the tests of the gateway share: a service on the loopback that does what it is told, keys, callers."""

import json
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.test import Client
from jwt.algorithms import OKPAlgorithm

from flotilla.api import identity, tokens
from gateway import callers, upstreams

USER = "0190b7a4-5b1e-7c3e-8000-000000000001"
PRODUCT = "0190b7a4-5b1e-7c3e-8000-0000000000aa"


def new_key(kid):
    """A private key, and its public half as a JWK."""
    private = Ed25519PrivateKey.generate()
    return private, OKPAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": kid}


def jwks(*public):
    return json.dumps({"keys": public})


PEOPLE, PEOPLE_PUBLIC = new_key("people")
OWN, OWN_PUBLIC = new_key("gateway-aaaaaaaa")
OWN_PUBLIC["kid"] = f"gateway-{OWN_PUBLIC['x'][:8]}"


@dataclass
class Say:
    """What the service answers, `after` seconds; `gone`: it hangs up, before the `head` or within the `body`."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0
    gone: str = ""
    served_by: str | None = "orders-1"
    chunked: bool = False


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(Seen(self.command, self.path, dict(self.headers), body))
        say = self.server.next.pop(0) if self.server.next else self.server.usual
        self.server.resumed.wait(say.after)
        if say.gone == "head":
            self.close_connection = True
        else:
            self.say(say)

    do_POST = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def say(self, say):
        self.send_response(say.status)
        for name, value in say.headers.items():
            self.send_header(name, value)
        if say.served_by:
            self.send_header("X-Served-By", say.served_by)
        if say.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif say.status not in (204, 304):
            self.send_header("Content-Length", str(len(say.body)))
        self.end_headers()
        self.send(say)

    def send(self, say):
        if self.command == "HEAD" or say.status in (204, 304):
            return
        body = say.body[: len(say.body) // 2] if say.gone else say.body
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if say.chunked else body)
        self.close_connection = bool(say.gone)

    def log_message(self, *arguments):
        """Quiet."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Whoever waited for the answer has hung up."""


@pytest.fixture
def service():
    """All three of them; `next` holds what it says, else `usual`, `seen` what it was asked."""
    server = Server(("127.0.0.1", 0), Handler)
    server.next, server.seen, server.usual, server.connections = [], [], Say(), 0
    server.resumed = threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.resumed.set()
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def plain(settings, service, monkeypatch, tmp_path):
    """The gateway before that service: no collected files, nothing left of the test before."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    settings.STATIC_ROOT, settings.ALLOWED_HOSTS = str(tmp_path), ["testserver"]
    own = OWN.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    urls = dict.fromkeys(("users_urls", "products_urls", "orders_urls"), (service.url,))
    settings.FLOTILLA = replace(
        settings.FLOTILLA,
        service="gateway",
        replica="gateway-1",
        identity_key=own,
        token_keys=jwks(PEOPLE_PUBLIC),
        **urls,
    )
    monkeypatch.setattr(upstreams, "JITTER_SECONDS", 0)
    upstreams._made.cache_clear()
    callers._signed.cache_clear()


def access(user_id=USER, role="customer", *, key=PEOPLE, kid="people", audience=tokens.ACCESS, seconds=60, **claims):
    """An access token as the users service makes it."""
    return tokens.sign(key, kid=kid, audience=audience, user_id=user_id, role=role, seconds=seconds, **claims)


def bearer(*args, **options):
    return {"Authorization": f"Bearer {access(*args, **options)}"}


def believed(seen, service="orders"):
    """Whom the service was told to serve."""
    return identity.verify(seen.headers["X-Identity"], audience=service, keys=jwks(OWN_PUBLIC))


class Caller(Client):
    """Somebody with an access token; unsafe requests carry JSON and a key."""

    def __init__(self, *args, **options):
        super().__init__()
        self.known = bearer(*args, **options)

    def generic(self, method, path, data="", content_type="application/json", headers=None, **extra):
        return super().generic(method, path, data, content_type, headers=self.known | (headers or {}), **extra)


@pytest.fixture
def customer():
    return Caller()


@pytest.fixture
def staff():
    return Caller(role="staff")


def problem(response) -> str:
    """The detail of an answer that is well-formed problem details."""
    assert response["Content-Type"] == "application/problem+json", response.content
    found = json.loads(response.content)
    assert {"type", "title", "status", "detail", "request_id"} <= found.keys()
    assert found["status"] == response.status_code
    return found["detail"]


def eventually(condition, seconds=2.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(0.005)
