"""Whatever is sent to the API, what it answers is in its schema."""

import re
from pathlib import Path

import pytest

import products
from flotilla.tests.api import contract
from flotilla.tests.api.making import identified
from products.models import Product
from products.wsgi import application

pytestmark = pytest.mark.django_db

schema = contract.schema(application, Path(products.__file__).with_name("openapi.yaml"))


@pytest.mark.parametrize("role", ["staff", "customer", None])
@schema.parametrize()
def test_every_answer_is_in_the_schema(case, role, category):
    aim(case.body, category.slug)
    contract.ask(case, identified(role) if role else {})


@pytest.mark.parametrize("more", [{"If-Match": "*"}, {}], ids=["any version", "as it comes"])
@schema.include(path="/products/{product_id}/").parametrize()
def test_also_about_a_product_that_is_there(case, more, product):
    Product.objects.update(removed_at=None)
    aim(case.body, product.category.slug)
    case.path_parameters = {"product_id": str(product.id)}
    contract.ask(case, identified("staff") | more)


def aim(body, category: str) -> None:
    """At a category that is there: made-up ones end every wish at the same refusal."""
    given = body.get("category") if isinstance(body, dict) else None
    if isinstance(given, str) and re.fullmatch("[-a-zA-Z0-9_]{1,60}", given):
        body["category"] = category
