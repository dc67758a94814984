"""Products told again: under a new version each, nothing else changed; at the rate that was asked for."""

from collections import defaultdict

import pytest
from django.core.management import CommandError, call_command

from flotilla.events import contracts as c
from flotilla.uuid7 import uuid7
from products import services
from products.management.commands import tell
from products.models import Product
from products.selectors import product_ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """Time that passes by sleeping alone."""

    class Clock:
        now, pauses = 100.0, []

        def monotonic(self):
            return self.now

        def sleep(self, seconds):
            self.pauses.append(seconds)
            self.now += seconds

    clock = Clock()
    clock.pauses = []
    monkeypatch.setattr(tell, "time", clock)
    monkeypatch.setattr(tell, "SLICE", 0.1)
    return clock


def test_each_is_told_as_it_is_under_a_new_version(make_product, told):
    sold, removed = make_product(1), make_product(2)
    services.product_remove(product_id=removed.id)
    told()
    before = Product.objects.values("stock", "price_cents", "removed_at").get(pk=sold.id)
    assert services.product_tell(ids=[removed.id, sold.id, uuid7()]) == 2
    first, second = sorted(told(), key=lambda event: event.TYPE)  # they come in the order of ids
    assert (type(first), first.product_id, first.version, first.stock) == (c.ProductChanged, sold.id, 2, 10)
    assert second == c.ProductRemoved(version=3, product_id=removed.id)
    assert Product.objects.values("stock", "price_cents", "removed_at").get(pk=sold.id) == before


def test_many_cost_as_much_as_one(make_product, django_assert_num_queries):
    ids = [make_product(number).id for number in range(5)]
    for some in (ids[:1], ids):
        with django_assert_num_queries(7):  # savepoint twice, lock, categories, UPDATE, events, deliveries
            services.product_tell(ids=some)


def test_the_command_tells_all_once(make_product, told, capsys, clock, monkeypatch):
    monkeypatch.setattr(tell, "BATCH", 2)
    ids = [make_product(number).id for number in range(5)]
    call_command("tell")
    assert [event.product_id for event in told()] == sorted(ids) == product_ids()
    assert capsys.readouterr().out == "tell: 5 events in 0.0 s\n"
    assert clock.pauses == []


def test_with_a_rate_it_goes_round_in_even_steps(make_product, told, capsys, clock):
    for number in range(5):
        make_product(number)
    call_command("tell", rate=40, seconds=0.5)
    assert len(told()) == 20
    assert clock.pauses == pytest.approx([0.0, 0.1, 0.1, 0.1, 0.1])
    assert capsys.readouterr().out.startswith("tell: 20 events in 0.4 s")


def test_no_product_is_told_twice_in_one_transaction(make_product, told, clock):
    first, second, third = sorted(make_product(number).id for number in range(3))  # told in the order of their ids
    call_command("tell", rate=40, seconds=0.5)
    versions = defaultdict(list)
    for event in told():
        versions[event.product_id].append(event.version)
    assert versions == {first: [2, 3, 4, 5, 6, 7, 8], second: [2, 3, 4, 5, 6, 7, 8], third: [2, 3, 4, 5, 6, 7]}


def test_what_came_late_is_made_up_for(make_product, clock, monkeypatch):
    make_product(1)

    def slow(ids):
        clock.now += 0.25 if not clock.pauses[1:] else 0
        return len(ids)

    monkeypatch.setattr(tell, "product_tell", slow)
    call_command("tell", rate=10, seconds=0.5)
    assert clock.pauses == pytest.approx([0.0, 0.0, 0.0, 0.05, 0.1])


@pytest.mark.parametrize("options", [{"rate": -1}, {"rate": 5001}, {"rate": 1, "seconds": -1}, {"seconds": 5}])
def test_what_cannot_be_asked(db, options):
    with pytest.raises(CommandError):
        call_command("tell", **options)


def test_an_empty_catalogue_is_told_at_once(db, capsys, clock):
    call_command("tell", rate=10, seconds=1)
    assert capsys.readouterr().out.startswith("tell: 0 events")
