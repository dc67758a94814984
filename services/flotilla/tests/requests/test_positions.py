"""Positions: what a client that wrote carries, and who waits for it."""

from dataclasses import replace

import pytest
from django.core import signing
from django.http import HttpResponse

from flotilla import context
from flotilla.db import position, primaries
from flotilla.tests.positions import at
from flotilla.tests.requests.asking import View, ask, created, django_error, post

pytestmark = pytest.mark.django_db


class FakePrimary:
    def __init__(self, *found):
        self.found = list(found)

    def wait(self, until):
        return self.found.pop(0)


def test_a_position_is_signed_and_expires(settings):
    token = position.encode(at(0x30))
    assert position.decode(token) == at(0x30)
    assert position.decode(token + "x") is None
    for other in ("30", "1-2-3", "nonsense"):  # ours, of another release
        assert position.decode(signing.TimestampSigner(salt="flotilla.db.position").sign(other)) == position.BEYOND
    assert position.decode(position.encode(position.BEYOND)) == position.BEYOND
    settings.FLOTILLA = replace(settings.FLOTILLA, consistency_seconds=-1)
    assert position.decode(token) is None


def test_a_write_gives_its_position_to_the_client(settings, monkeypatch):
    settings.FLOTILLA = replace(settings.FLOTILLA, database_hosts=("h",), database_replicas=(1,))
    monkeypatch.setattr(position, "current", lambda state: at(0x30))
    response = post(View(created()))
    assert position.decode(response["X-Consistency-Token"]) == at(0x30)
    assert response.cookies["consistency"].value == response["X-Consistency-Token"]
    seen = []
    ask(
        lambda request: seen.append(context.current().position) or HttpResponse(),
        HTTP_COOKIE="consistency=" + response["X-Consistency-Token"],
    )
    assert seen == [at(0x30)]
    assert "consistency" not in post(View(HttpResponse(status=400)), key="another-key").cookies


def test_a_position_is_waited_for_like_a_write(monkeypatch):
    answers_ = [django_error(), None]

    class Cursor:
        def __enter__(self):
            return self

        def __exit__(self, *exc):
            pass

        def execute(self, sql):
            if error := answers_.pop(0):
                raise error

        def fetchone(self):
            return at(0x30)

    class Connection:
        cursor = Cursor
        closed = 0

        def close(self):
            self.closed += 1

    fake = Connection()
    monkeypatch.setattr(position, "connections", {"default": fake})
    monkeypatch.setattr(primaries, "of", lambda alias: FakePrimary(True))
    hold = context.RequestState(policy=context.Policy.HOLD)
    assert position.current(hold) == at(0x30)
    assert fake.closed == 1
    answers_[:] = [django_error()]
    monkeypatch.setattr(primaries, "of", lambda alias: FakePrimary(False))
    assert position.current(hold) == position.BEYOND
    answers_[:] = [django_error()]
    assert position.current(context.RequestState()) == position.BEYOND


@pytest.fixture
def replicated(settings, monkeypatch):
    settings.FLOTILLA = replace(settings.FLOTILLA, database_hosts=("h",), database_replicas=(1,))
    monkeypatch.setattr(position, "current", lambda state: at(0x30))


@pytest.mark.parametrize(("told", "wrote", "given"), [(0x20, False, 0x20), (0x20, True, 0x30), (0x40, True, 0x40)])
def test_what_another_service_has_written_is_given_to_the_client_too(replicated, told, wrote, given):
    def view(request):
        state = context.current()
        position.adopt(state, position.encode(at(told)))
        state.wrote = wrote
        return HttpResponse()

    response = ask(view)
    assert position.decode(response.cookies["consistency"].value) == at(given)


def test_after_a_failover_the_new_timelines_position_is_given(replicated, monkeypatch):
    monkeypatch.setattr(position, "current", lambda state: at(0x30, timeline=2))
    state, response = context.RequestState(wrote=True, told=at(0x40)), HttpResponse()
    position.remember(state, response)
    assert position.decode(response[position.HEADER]) == at(0x30, timeline=2)


def test_a_position_only_rises(replicated):
    state = context.RequestState(position=at(0x30))
    for token in (None, "", "nonsense", position.encode(at(0x20))):
        position.adopt(state, token)
        assert state.position == at(0x30)
    position.adopt(state, position.encode(at(0x40)))
    assert (state.position, state.told) == (at(0x40), at(0x40))
    position.adopt(state, position.encode(at(0x20, timeline=2)))  # after a failover the log may be shorter
    assert (state.position, state.told) == (at(0x20, timeline=2), at(0x20, timeline=2))
    position.adopt(state, position.encode(at(0x50)))
    assert state.position == at(0x20, timeline=2)


def test_nothing_is_given_without_replicas():
    def view(request):
        position.adopt(context.current(), position.encode(at(0x20)))
        return HttpResponse()

    assert not ask(view).cookies
