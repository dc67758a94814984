"""The staff's pages: what another service owns is looked at, and changed there."""

import pytest

from web.models import Category, Product


@pytest.fixture
def staff(client, db, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("admin", "admin@example.com", "a-long-password"))
    return client


@pytest.mark.parametrize("kind", ["product", "category"])
def test_what_another_service_owns_is_only_looked_at(staff, product, kind):
    row = product if kind == "product" else product.category
    assert staff.get(f"/admin/web/{kind}/").status_code == 200
    page = staff.get(f"/admin/web/{kind}/{row.pk}/change/")
    assert page.status_code == 200
    assert row.name in page.content.decode()
    assert b'name="_save"' not in page.content
    assert staff.get(f"/admin/web/{kind}/add/").status_code == 403
    for url in (
        f"/admin/web/{kind}/add/",
        f"/admin/web/{kind}/{row.pk}/change/",
        f"/admin/web/{kind}/{row.pk}/delete/",
    ):
        assert staff.post(url, {"name": "Other", "post": "yes"}).status_code == 403
    assert [Product.objects.get().name, Category.objects.get().name] == [product.name, product.category.name]


def test_the_list_can_be_asked_for_what_is_no_longer_sold(staff, make_product):
    make_product(1)
    make_product(2, removed_at="2026-01-02T00:00:00Z")
    for empty, shown, hidden in ((1, "Oban Lamp 1", "Oban Lamp 2"), (0, "Oban Lamp 2", "Oban Lamp 1")):
        page = staff.get(f"/admin/web/product/?removed_at__isempty={empty}").content.decode()
        assert shown in page
        assert hidden not in page


def test_a_cart_can_still_be_filled_by_hand(staff, product):
    answer = staff.get("/admin/autocomplete/?app_label=web&model_name=cartitem&field_name=product&term=oban")
    assert [found["text"] for found in answer.json()["results"]] == ["Oban Lamp 1"]
