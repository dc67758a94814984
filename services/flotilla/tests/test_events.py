"""Contracts and envelopes: what is built can be parsed, and nothing else."""

import dataclasses
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from flotilla.events import contracts as c
from flotilla.events import data, envelope, routes
from flotilla.uuid7 import uuid7

ORDER = c.OrderPlaced(
    version=3,
    order_id=uuid7(),
    user_id=uuid7(),
    lines=(c.Line(product_id=uuid7(), quantity=2),),
    total_cents=500,
    created=datetime(2026, 1, 2, tzinfo=UTC),
    reason="",
)
ARCHIVED = c.OrderArchived(
    version=4, order_id=uuid7(), user_id=uuid7(), lines=(), total_cents=1, created=ORDER.created, reason="", sold=False
)
PRODUCT = c.ProductChanged(
    version=1,
    product_id=uuid7(),
    slug="lamp",
    name="Lampe Grün",
    description="A lamp. \U0001f4a1",  # a whole pair of surrogates, where JSON escapes it
    motif="desk-lamp",
    price_cents=1000,
    category=c.Category(slug="lighting", name="Lighting", tagline="Lamps.", position=1),
    featured=True,
    stock=5,
    created=datetime(2026, 1, 2, tzinfo=UTC),
)


def body(**changes):
    return envelope.to_json(envelope.build(ORDER, request_id="r-1")) | changes


@pytest.mark.parametrize("event", [ORDER, PRODUCT, ARCHIVED], ids=lambda event: event.TYPE)
def test_what_is_built_is_parsed_to_the_same(event):
    made = envelope.build(event, request_id="r-1")
    assert envelope.parse(envelope.to_json(made)) == made
    assert made.id.version == 7


def test_the_attributes_are_those_of_cloudevents():
    made = body()
    assert made["specversion"] == "1.0"
    assert (made["source"], made["type"], made["subject"]) == ("orders", "orders.order.placed.v1", str(ORDER.order_id))
    assert made["requestid"] == "r-1"
    assert made["data"]["version"] == 3
    assert datetime.fromisoformat(made["time"]).tzinfo
    assert envelope.parse(made | {"traceparent": "00-1"}).entity == "orders.order"  # an attribute of others


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (None, "not an object"),
        ([], "not an object"),
        ({}, "specversion, id, source"),
        (body(specversion="0.3"), "specversion '0.3'"),
        (body(requestid=7), "requestid"),
        (body(requestid="r\0"), "requestid"),
        (body(requestid="\ud83d"), "requestid"),
        (body(type="orders.order.placed.v2"), "orders.order.placed.v2' is not known"),
        (body(id="x"), "no UUID"),
        (body(id=str(uuid4())), "version 7"),
        (body(time="yesterday"), "time is none"),
        (body(time="2026-01-02T00:00:00"), "no offset"),
        (body(subject=str(uuid7())), "source or subject"),
        (body(source="products"), "source or subject"),
        (body(data=None), "data is not an object"),
        (body(data={"version": 1}), "data lacks created, lines"),
        (body(data=body()["data"] | {"gift": True}), "data has unknown gift"),
        (body(data=body()["data"] | {"version": "3"}), "data.version is not of type int"),
        (body(data=body()["data"] | {"version": True}), "data.version is not of type int"),
        (body(data=body()["data"] | {"version": 0}), "below 1"),
        (body(data=body()["data"] | {"user_id": 7}), "data.user_id is no UUID"),
        (body(data=body()["data"] | {"reason": "a\0b"}), "data.reason has NUL or half"),
        (body(data=body()["data"] | {"reason": "\ud83d"}), "data.reason has NUL or half"),
        (body(data=body()["data"] | {"reason": "smile \ude00"}), "data.reason has NUL or half"),
        (body(data=body()["data"] | {"created": "2026-01-02T00:00:00"}), "data.created is no datetime"),
        (body(data=body()["data"] | {"lines": {}}), "data.lines is not a list"),
        (body(data=body()["data"] | {"lines": [{"quantity": 1}]}), r"data.lines\[0\] lacks product_id"),
    ],
)
def test_what_is_broken_is_refused_with_its_reason(broken, reason):
    with pytest.raises(envelope.Malformed, match=reason):
        envelope.parse(broken)


def test_the_id_of_what_is_broken_is_known_when_it_has_one():
    assert envelope.known_id({"id": str(ORDER.order_id)}) == ORDER.order_id
    for hopeless in (None, [], {}, {"id": 7}, {"id": "x"}, "text"):
        assert envelope.known_id(hopeless) is None


def test_contracts_are_frozen_and_of_known_kinds():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ORDER.version = 4
    for cls in routes.QUEUES:
        _, entity, past, version = cls.TYPE.split(".")
        assert entity
        assert past.endswith("d")
        assert version == "v1"
        assert cls.KEY in data._types(cls)


def test_the_routes_are_those_of_the_design():
    names = {queue: {cls.TYPE for cls in routes.consumed_by(queue)} for queue in ("web", "products", "orders", "users")}
    assert names["users"] == set()
    assert all(name.startswith("orders.") for name in names["products"])
    assert {name.partition(".")[0] for name in names["orders"]} == {"users", "products"}
    assert names["web"] == {"products.product.changed.v1", "products.product.removed.v1", "users.user.deleted.v1"}
    assert routes.TYPES["users.user.deleted.v1"] is c.UserDeleted
    assert routes.source_of("orders.order.painted.v9") == "orders"
    assert routes.source_of("nobody.order") == ""
