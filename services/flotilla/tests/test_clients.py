"""Calls to another service through two balancers: which one is asked, what is sent again, until when."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from prometheus_client import REGISTRY

from flotilla import clients, context
from flotilla.db import position
from flotilla.db.wal import Position
from flotilla.limiter import Limiter

URL = "http://products/list/"


class Handler(BaseHTTPRequestHandler):
    """Does what `server.next` says, or answers with what it was sent."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_GET(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(f"{self.command} {self.path}")
        self.server.keys.append(self.headers.get("Idempotency-Key"))
        self.server.during()
        self.close_connection = False
        how = self.server.next.pop(0) if self.server.next else 200
        if how == "gone":
            self.close_connection = True
        elif how == "half":
            self.answer(200, b"half", length=100)
            self.close_connection = True
        else:
            self.answer(how, json.dumps(dict(self.headers)).encode())

    do_POST = do_GET  # noqa: N815

    def answer(self, status, body, length=None):
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        if status == 302:
            self.send_header("Location", "http://elsewhere/")
        for name, value in self.server.more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def balancers():
    """Two of them; `next` holds what they do, `seen` what they were asked, `more` headers of all their answers."""
    made = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    for server in made:
        server.next, server.seen, server.keys, server.connections = [], [], [], 0
        server.more, server.during = {}, lambda: None
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield made
    for server in made:
        server.shutdown()
        server.server_close()


@pytest.fixture
def session(balancers):
    with clients.session("products", [server.url for server in balancers], read_seconds=2) as made:
        yield made


@pytest.fixture
def silent():
    """Accepts, as a paused container does, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody():
    """Refuses: nothing listens there any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def seen(balancers):
    return [len(server.seen) for server in balancers]


def test_each_in_turn_over_kept_connections(session, balancers):
    for _ in range(6):
        assert session.get(URL, params={"page": "2"}).status_code == 200
    assert [server.seen for server in balancers] == [["GET /list/?page=2"] * 3] * 2
    assert [server.connections for server in balancers] == [1, 1]


def test_calls_are_timed_and_failures_counted_by_service(session, nobody):
    def counted(name: str) -> float:
        return REGISTRY.get_sample_value(name, {"service": "products"}) or 0.0

    made, failed = counted("flotilla_call_seconds_count"), counted("flotilla_calls_failed_total")
    session.get(URL)
    with clients.session("products", [nobody]) as alone, pytest.raises(requests.ConnectionError):
        alone.get(URL)
    assert counted("flotilla_call_seconds_count") - made == 2
    assert counted("flotilla_calls_failed_total") - failed == 1


def test_the_headers_say_who_asks_whom_and_until_when(session):
    now = time.time()
    plain = session.get(URL).json()
    assert plain["Host"] == "products"
    assert 1.9 < float(plain["X-Deadline"]) - now < 3
    assert "X-Request-ID" not in plain
    with context.use(context.RequestState(request_id="edge-id", deadline=time.monotonic() + 1)):
        told = session.get(URL).json()
    assert told["X-Request-ID"] == "edge-id"
    assert 0.9 < float(told["X-Deadline"]) - now < 2


def test_a_caller_may_say_itself_until_when_it_waits(session):
    told = session.get(URL, timeout=0.5, headers={"X-Deadline": "123.000"}).json()
    assert told["X-Deadline"] == "123.000"


def test_the_clients_address_and_position_go_along(session):
    state = context.RequestState(address="192.0.2.7", position=Position(1, 0x30))
    with context.use(state):
        told = session.get(URL).json()
    assert told["X-Real-IP"] == "192.0.2.7"
    assert position.decode(told[position.HEADER]) == Position(1, 0x30)
    assert position.HEADER not in session.get(URL).json()


def test_the_position_of_an_answer_is_taken_over(session, balancers):
    for server in balancers:
        server.more = {position.HEADER: position.encode(Position(1, 0x40))}
    state = context.RequestState(position=Position(1, 0x30))
    with context.use(state):
        session.get(URL)
    assert (state.position, state.told) == (Position(1, 0x40), Position(1, 0x40))


def test_others_may_work_meanwhile(session, balancers):
    turns, state, taken = Limiter(1), context.RequestState(idempotent=True), []
    for server in balancers:
        server.during = lambda: taken.append(turns._taken)
    with context.use(state), turns.turn(state):
        session.get(URL)
        taken.append(turns._taken)
    assert taken == [0, 1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_is_not_there_is_passed_over_and_then_asked_last(balancers, nobody, method):
    with clients.session("products", [nobody, balancers[0].url]) as session:
        for _ in range(4):
            assert session.request(method, URL, data=b"x").status_code == 200
        adapter = session.get_adapter(URL)
        assert [peer.breaker.is_open for peer in adapter._peers] == [True, False]
        assert [peer.url for peer in adapter._order()] == [balancers[0].url, nobody]


def test_a_connection_that_was_not_made_in_time_was_not_used():
    assert clients._was_not_sent(requests.ConnectTimeout())
    assert not clients._was_not_sent(requests.ReadTimeout())


@pytest.mark.parametrize("how", ["gone", "half", 502, 504])
@pytest.mark.parametrize(("method", "headers"), [("GET", {}), ("POST", {}), ("POST", {"Idempotency-Key": "k"})])
def test_what_can_be_lost_is_sent_once_more(session, balancers, how, method, headers):
    balancers[0].next = [how]
    assert session.request(method, URL, data=b"x", headers=headers).status_code == 200
    assert seen(balancers) == [1, 1]


def test_what_may_have_had_an_effect_gets_a_key_of_its_own_and_keeps_it(session, balancers):
    balancers[0].next = ["gone"]
    told = session.post(URL, data="x").json()
    assert seen(balancers) == [1, 1]
    assert [server.keys for server in balancers] == [[told["Idempotency-Key"]]] * 2
    assert len(told["Idempotency-Key"]) == 32
    assert session.post(URL, data="x").json()["Idempotency-Key"] != told["Idempotency-Key"]
    assert session.post(URL, headers={"idempotency-key": "mine"}).json()["idempotency-key"] == "mine"
    assert "Idempotency-Key" not in session.get(URL).json()


def test_what_is_sent_again_is_asked_for_and_counted(balancers):
    asked = []
    for server in balancers:
        server.next = [502, 502]
    with clients.session(
        "products", [server.url for server in balancers], attempts=4, again=lambda: asked.append(1) or len(asked) < 3
    ) as session:
        assert session.get(URL).status_code == 502
        assert (seen(balancers), len(asked)) == ([2, 1], 3)
        asked.clear()
        assert session.get(URL).status_code == 200
        assert (seen(balancers), len(asked)) == ([3, 2], 1)
        assert session.get_adapter(URL).connections_made == 2


def test_nobody_is_asked_whether_to_pass_over_who_is_not_there(balancers, nobody):
    with clients.session("products", [nobody, balancers[0].url], again=lambda: False) as session:
        assert session.post(URL, data=iter([b"x"])).status_code == 200


def test_a_body_that_is_used_up_is_not_sent_again(session, balancers):
    balancers[0].next = ["gone"]
    with pytest.raises(requests.ConnectionError):
        session.post(URL, data=iter([b"x"]), headers={"Idempotency-Key": "k"})
    assert seen(balancers)[1] == 0


@pytest.mark.parametrize(("method", "status"), [("POST", 503), ("GET", 503), ("GET", 500), ("GET", 404)])
def test_these_answers_are_final(session, balancers, method, status):
    balancers[0].next = [status]
    assert session.request(method, URL, data=b"x").status_code == status
    assert seen(balancers) == [1, 0]


def test_two_failures_are_the_answer(session, balancers):
    for server in balancers:
        server.next = [502]
    answer = session.get(URL)
    assert answer.status_code == 502
    assert answer.json()["Host"] == "products"
    for server in balancers:
        server.next = ["gone"]
    with pytest.raises(requests.ConnectionError):
        session.get(URL)


@pytest.mark.parametrize("timeout", [0.5, (3, 0.5)])
def test_silence_ends_and_the_other_is_asked(balancers, silent, timeout):
    with clients.session("products", [silent, balancers[0].url]) as session:
        began = time.monotonic()
        assert session.get(URL, timeout=timeout).status_code == 200
        assert 0.5 <= time.monotonic() - began < 2.5


def test_nothing_is_begun_after_the_deadline(session, balancers, silent):
    with context.use(context.RequestState(deadline=time.monotonic())), pytest.raises(requests.Timeout, match="no time"):
        session.get(URL)
    assert seen(balancers) == [0, 0]
    late = context.RequestState(deadline=time.monotonic() + 0.5)
    with clients.session("products", [silent, balancers[0].url]) as half, context.use(late):
        with pytest.raises(requests.ReadTimeout):
            half.get(URL)
    assert seen(balancers) == [0, 0]


def test_an_answer_can_be_streamed(session):
    with session.get(URL, stream=True) as answer:
        assert not answer._content_consumed
        assert json.loads(answer.raw.read())["Host"] == "products"


@pytest.mark.parametrize(("short", "read"), [(10, False), (10_000, True)])
def test_a_short_one_is_read_at_once_and_so_may_break_off(balancers, short, read):
    balancers[0].next = ["half"]
    with clients.session("products", [server.url for server in balancers], short=short) as session:
        with session.get(URL, stream=True) as answer:
            assert answer._content_consumed is read
        assert seen(balancers) == [1, int(read)]


def test_nobody_else_is_called(session, balancers):
    balancers[0].next = [302]
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get(URL)
    with pytest.raises(ValueError, match="no address"):
        clients.session("products", [])
