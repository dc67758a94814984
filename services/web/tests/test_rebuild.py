"""Reading the catalogue anew from the products service, while events flow; and what that service may answer wrongly."""

import re
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
import requests
from django.core.management import CommandError, call_command
from django.utils import timezone

from flotilla.bus import databases
from flotilla.bus.models import EntityVersion
from flotilla.events import contracts
from flotilla.events.data import encode
from flotilla.uuid7 import uuid7
from web.catalogue import origin, rebuild
from web.models import Category, Product


class Service:
    """The products service: pages of its list; `meanwhile` happens before the page of that number is answered."""

    def __init__(self, *pages):
        self.pages, self.meanwhile, self.asked = list(pages), {}, []

    def get(self, url, params=None):
        assert url == "http://products/products/"
        number = int(params["page"]) if params else 0
        self.asked.append(number)
        self.meanwhile.get(number, lambda: None)()
        answer = requests.Response()
        answer.status_code, answer.json = 200, lambda: self.page(number)
        return answer

    def page(self, number):
        last = number + 1 == len(self.pages)
        return {"items": [item(event) for event in self.pages[number]], "next": None if last else str(number + 1)}


def item(event):
    """As the REST API shows it, and more than the shop knows of."""
    shown = encode(event)
    return {"id": shown.pop("product_id"), "weight": 3, **shown, "category": {**shown["category"], "id": "x"}}


@pytest.fixture
def serve(settings, monkeypatch):
    settings.FLOTILLA = replace(settings.FLOTILLA, products_urls=("http://10.77.2.21:8100",))

    def answered_by(service):
        monkeypatch.setattr(origin, "_session", lambda: service)
        return service

    return answered_by


@pytest.fixture
def events(told):
    """Five products, in the order of their ids."""
    made = [told(product_id=uuid7(), slug=f"kettle-{n}", version=2) for n in range(5)]
    return sorted(made, key=lambda event: event.product_id)


def test_all_pages_are_read_and_what_is_gone_is_marked(db, serve, events, make_product, capsys):
    product = make_product(1, created=events[0].created)
    service = serve(Service(events[:2], events[2:4], events[4:]))
    call_command("rebuild_catalogue")
    assert service.asked == [0, 1, 2]
    assert re.search(r"rebuild: 5 products read, 5 written, 1 removed in \d+\.\d s", capsys.readouterr().out)
    assert {row.pk for row in Product.objects.sold()} == {event.product_id for event in events}
    product.refresh_from_db()
    assert product.removed_at
    assert rebuild.catalogue_rebuild() == (5, 0, 0)


def test_only_what_is_news_is_written(db, serve, events, receive):
    receive(*events)
    serve(Service([replace(events[0], version=3, stock=1), *events[1:]]))
    assert rebuild.catalogue_rebuild() == (5, 1, 0)
    Product.objects.filter(pk=events[1].product_id).update(name="Broken", version=0)
    assert rebuild.catalogue_rebuild() == (5, 1, 0)
    assert Product.objects.get(pk=events[1].product_id).name == "Skagen Kettle"


def test_events_that_arrive_meanwhile_stay_right(db, serve, events, receive, told):
    """Changed after its page was made, removed after it, new behind the page, and removed before it was ever known."""
    kept, changed, gone, unknown, last = events
    receive(kept, changed, gone)
    new = told(product_id=uuid7(), slug="new")
    service = serve(Service([kept, changed], [gone, unknown], [last]))
    service.meanwhile[1] = lambda: receive(
        replace(changed, version=3, stock=1),
        contracts.ProductRemoved(version=3, product_id=gone.product_id),
        contracts.ProductRemoved(version=3, product_id=unknown.product_id),
        new,
    )
    assert rebuild.catalogue_rebuild() == (5, 1, 0)
    assert {row.pk for row in Product.objects.sold()} == {event.product_id for event in (kept, changed, last, new)}
    assert Product.objects.get(pk=changed.product_id).stock == 1


def test_what_changes_while_it_is_missing_from_the_list_is_not_removed(db, serve, events, receive):
    missing, *others = events
    receive(missing)
    service = serve(Service(others[:2], others[2:]))
    service.meanwhile[1] = lambda: receive(replace(missing, version=3, stock=1))
    assert rebuild.catalogue_rebuild() == (4, 4, 0)


def test_an_event_that_is_older_than_the_page_comes_too_late(db, serve, events, receive):
    serve(Service(events))
    rebuild.catalogue_rebuild()
    receive(replace(events[0], version=1, name="Old Kettle"))
    assert Product.objects.get(pk=events[0].product_id).name == "Skagen Kettle"
    assert EntityVersion.objects.filter(version=2).count() == 5


def test_an_empty_list_is_a_mistake(db, serve, product):
    serve(Service([]))
    with pytest.raises(CommandError, match="no product at all"):
        call_command("rebuild_catalogue")
    assert Product.objects.sold().exists()


def test_without_an_address(db, product):
    with pytest.raises(CommandError, match="PRODUCTS_URLS is not set"):
        call_command("rebuild_catalogue")


def test_a_service_that_is_down_half_way_removes_nothing(db, serve, events, product):
    def down():
        raise requests.ConnectionError("refused")

    service = serve(Service(events[:2], events[2:]))
    service.meanwhile[1] = down
    with pytest.raises(CommandError, match=r"refused. Nothing was removed; run it again"):
        call_command("rebuild_catalogue")
    assert Product.objects.sold().count() == 3


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_is_said(db, serve, events, product, status):
    service = serve(Service(events))
    get = service.get

    def refuse(url, params=None):
        answer = get(url, params)
        answer.status_code = status
        return answer

    service.get = refuse
    with pytest.raises(CommandError, match=str(status)):
        call_command("rebuild_catalogue")
    assert Product.objects.get() == product


@pytest.mark.parametrize(
    "broken",
    [
        [],
        {},
        {"items": []},
        {"items": [{}], "next": None},
        {"items": ["x"], "next": None},
        {"items": None, "next": None},
        {"next": None},
    ],
)
def test_a_list_that_cannot_be_read_is_said(db, serve, product, broken):
    serve(Service([])).page = lambda number: broken
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("rebuild_catalogue")
    assert Product.objects.sold().exists()


@pytest.mark.parametrize("change", [{"price_cents": "9"}, {"id": "x"}, {"category": None}, {"created": "2026-01-02"}])
def test_a_product_that_cannot_be_read_is_said(db, serve, events, change):
    serve(Service([])).page = lambda number: {"items": [item(events[0]) | change], "next": None}
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("rebuild_catalogue")
    assert not Product.objects.exists()


def test_no_json(db, serve, events):
    def broken(number):
        raise requests.JSONDecodeError("no JSON", "", 0)

    serve(Service([])).page = broken
    with pytest.raises(CommandError, match="no JSON"):
        call_command("rebuild_catalogue")


def test_pages_that_go_round_in_circles_end(db, serve, events, product):
    serve(Service(events)).page = lambda number: {"items": [item(events[number])], "next": str(1 - number)}
    with pytest.raises(CommandError, match="lead back"):
        call_command("rebuild_catalogue")
    assert Product.objects.sold().filter(pk=product.pk).exists()


def test_without_a_database(db, serve, events, monkeypatch):
    def away(*arguments):
        raise databases.DatabaseAway("no primary")

    monkeypatch.setattr(databases, "run", away)
    serve(Service(events))
    with pytest.raises(CommandError, match="the database: no primary"):
        call_command("rebuild_catalogue")


def test_what_is_asked_for_is_what_would_be_told(serve, events):
    serve(Service(events))
    [page] = origin.products_pages()
    assert [asdict(product) for product in page] == [asdict(event) for event in events]


def test_a_product_that_cannot_be_kept_is_said(db, serve, events, product):
    serve(Service([replace(events[0], slug="no address"), *events[1:]]))
    with pytest.raises(CommandError, match=r"cannot be kept.*slug"):
        call_command("rebuild_catalogue")
    assert Product.objects.get() == product


def test_a_department_that_is_not_what_the_service_says_is_set_right(db, serve, events, receive):
    receive(*events)
    Category.objects.update(tagline="Broken.")
    serve(Service(events))
    assert rebuild.catalogue_rebuild() == (5, 0, 0)
    assert Category.objects.get().tagline == "Lamps."


def test_what_was_made_a_moment_ago_may_not_be_in_the_list_yet(db, serve, events, make_product):
    """The service reads from replicas too."""
    make_product(1, created=timezone.now() - timedelta(seconds=50))
    make_product(2, created=timezone.now() - timedelta(seconds=70))
    serve(Service(events))
    assert rebuild.catalogue_rebuild() == (5, 5, 1)
    assert Product.objects.sold().filter(slug="oban-lamp-1").exists()
