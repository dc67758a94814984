"""The relay: order, batches, what is marked and when, what counts as lost."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from flotilla.bus import confirming, databases, lost, metrics, relay
from flotilla.bus.models import BrokerSeen, Delivery, Outbox
from flotilla.bus.relay import Turn
from flotilla.bus.remote import BrokerAway
from flotilla.tests.bus.making import order, told

pytestmark = pytest.mark.django_db


def turn(broker):
    return relay.turn("default", broker)


def confirm(queue="products"):
    confirming.confirm(Outbox.objects.values_list("id", flat=True), queue)


def age(seconds, **which):
    """As if they had been sent so much earlier."""
    past = timedelta(seconds=seconds)
    rows = Delivery.objects.filter(**which)
    rows.update(published_at=F("published_at") - past, due_at=F("due_at") - past)


def test_events_go_out_in_order_a_message_for_each_queue(broker):
    events = [order() for _ in range(3)]
    told(*events)
    assert turn(broker) is Turn.DONE
    assert [(queue, len(bodies)) for queue, bodies, _ in broker.messages] == [("products", 3), ("web", 3)]
    assert broker.subjects("web") == [event.subject for event in events]
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}
    turn(broker)
    assert len(broker.messages) == 2


def test_a_full_batch_is_followed_by_another(broker, monkeypatch):
    monkeypatch.setattr(relay, "BATCH", 4)
    monkeypatch.setattr(relay, "MESSAGE", 3)
    events = [order() for _ in range(5)]
    told(*events)
    assert turn(broker) is Turn.MORE
    assert turn(broker) is Turn.DONE
    assert [len(bodies) for queue, bodies, _ in broker.messages if queue == "web"] == [3, 1, 1]
    assert broker.subjects("web") == [event.subject for event in events]


def test_a_queue_that_is_full_is_left_alone(broker):
    told(order())
    broker.lengths["web"] = relay.WINDOW
    turn(broker)
    assert [queue for queue, *_ in broker.messages] == ["products"]
    assert Delivery.objects.get(published_at=None).queue == "web"


def test_somebody_else_relays(broker, monkeypatch):
    told(order())
    monkeypatch.setattr(databases, "take", lambda alias: None)
    assert turn(broker) is Turn.BUSY
    assert broker.messages == []


def test_a_broker_that_goes_away_in_the_middle_leaves_all_unmarked(broker):
    told(order())
    broker.error_after = 1
    with pytest.raises(BrokerAway):
        turn(broker)
    assert Delivery.objects.filter(published_at=None).count() == 2
    broker.error_after = None
    turn(broker)
    assert len(broker.subjects("products")) == 2  # twice: the inbox knows


def test_confirmed_is_confirmed_even_before_it_is_marked(broker):
    told(order())
    confirm()
    confirm()
    turn(broker)
    assert [queue for queue, *_ in broker.messages] == ["web"]
    confirming.confirm([], "web")
    assert Delivery.objects.filter(confirmed_at=None).count() == 1


def test_what_is_not_confirmed_in_time_is_sent_again_later_each_time(broker):
    told(order())
    turn(broker)
    confirm("web")
    for sending, patience in enumerate((30, 60, 120), 1):
        turn(broker)
        assert len(broker.subjects("products")) == sending
        row = Delivery.objects.get(confirmed_at=None)
        assert row.due_at - row.published_at == timedelta(seconds=patience)
        age(patience)
        turn(broker)
    assert lost.patience(50) == timedelta(seconds=lost.LONGEST_SECONDS)


def test_what_still_waits_in_the_queue_is_not_lost(broker):
    told(order())
    turn(broker)
    age(20, queue="products")
    told(order())
    turn(broker)
    age(31, queue="products")
    first, second = Delivery.objects.filter(queue="products").order_by("id")
    broker.oldest_by["products"] = second.published_at  # the first one is gone from the queue, the second is there
    turn(broker)
    second.refresh_from_db()
    assert second.due_at > timezone.now() + timedelta(seconds=29)
    sent = broker.subjects("products")
    assert [sent.count(row.event.subject) for row in (first, second)] == [2, 1]


def test_another_broker_gets_all_that_is_not_confirmed_at_once(broker):
    told(order(), order())
    turn(broker)
    first = Outbox.objects.order_by("id").first()
    confirming.confirm([first.id], "products")
    before = metrics.BROKER_CHANGES._value.get()
    broker.name = "broker 2"
    turn(broker)
    assert BrokerSeen.objects.get().identity == "broker 2"
    assert metrics.BROKER_CHANGES._value.get() == before + 1
    counts = [broker.subjects(queue).count(first.subject) for queue in ("products", "web")]
    assert counts == [1, 2]


def test_sendings_are_marked_with_the_number_of_each(broker):
    told(order())
    turn(broker)
    age(31)
    told(order())
    turn(broker)
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [1, 1, 2, 2]
    assert Delivery.objects.filter(due_at__gt=timezone.now()).count() == 4
