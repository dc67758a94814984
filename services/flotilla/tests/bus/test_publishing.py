"""Publishing: with its cause or not at all, to whom it concerns, and the doorbell after the commit."""

import pytest
from django.db import IntegrityError, connection, transaction

from flotilla import context
from flotilla.bus import bell, publishing
from flotilla.bus.models import Delivery, Outbox
from flotilla.bus.publishing import publish
from flotilla.cache import master
from flotilla.events import contracts as c
from flotilla.events.envelope import Malformed
from flotilla.tests import fake_redis
from flotilla.tests.bus.making import handled, order, told


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_it_is_refused():
    with pytest.raises(publishing.NoTransaction, match="atomic"):
        publish(order())
    assert not Outbox.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_it_is_rolled_back_with_its_cause():
    def fail():
        with transaction.atomic():
            publish(order())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Outbox.objects.exists()


def test_one_row_for_the_event_and_one_for_each_queue(db):
    with context.use(context.RequestState(request_id="r-9")):
        told(order())
    event = Outbox.objects.get()
    assert event.body["requestid"] == "r-9"
    assert (event.entity, event.version, event.body["id"]) == ("orders.order", 1, str(event.id))
    assert set(Delivery.objects.values_list("queue", flat=True)) == {"web", "products"}
    told(c.UserDeleted(version=1, user_id=event.id))
    other = Outbox.objects.exclude(id=event.id).get()  # ids of one millisecond have no order
    assert other.body["requestid"] == "-"
    assert set(other.deliveries.values_list("queue", flat=True)) == {"web", "orders"}


def test_nothing_to_say_wakes_nobody(db):
    with transaction.atomic():
        publish()
        assert connection.run_on_commit == []


def test_what_is_said_for_one_of_many_names_its_request(db):
    mine, other = order(), order()
    with context.use(context.RequestState(request_id="bus", causes={mine.subject: "r-1"})):
        told(mine, other)
    requests = {row.subject: row.body["requestid"] for row in Outbox.objects.all()}
    assert requests == {mine.subject: "r-1", other.subject: "bus"}


def test_a_version_is_told_once(db):
    first = order()
    told(first)
    with pytest.raises(IntegrityError):
        told(order(c.OrderCancelled, id=first.order_id))


def test_an_event_that_nobody_could_parse_does_not_leave(db):
    with pytest.raises(Malformed, match="below 1"):
        told(order(version=0))
    assert not Outbox.objects.exists()


@pytest.fixture
def servers(monkeypatch):
    servers = fake_redis.caches_over(monkeypatch)
    cache = servers.cache("sessions")
    monkeypatch.setattr(master, "get_redis_connection", lambda alias: cache.client.get_client())
    return servers


def test_the_bell_rings_once_after_the_commit(db, servers, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True) as callbacks, transaction.atomic():
        publish(order(), order())
        publish(order())
    assert len(callbacks) == 1
    assert servers.master.data == {bell.key("products"): ["1"]}


def test_a_bell_that_is_broken_stops_nobody(db, servers, django_capture_on_commit_callbacks):
    fake_redis.cut(servers.master)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        publish(order())
    assert servers.master.calls == 1
    assert Outbox.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_events_go_to_this_process_handlers_at_once():
    seen = handled("products")
    told(order())
    assert len(seen) == 1
    rows = dict(Delivery.objects.values_list("queue", "confirmed_at"))
    assert rows["products"]
    assert rows["web"] is None  # nobody here: it waits
