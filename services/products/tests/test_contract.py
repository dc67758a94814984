"""Whatever is sent to the API, what it answers is in its schema."""

from pathlib import Path

import pytest

import products
from flotilla.tests.api import contract
from flotilla.tests.api.making import identified
from products.models import Product
from products.wsgi import application

schema = contract.schema(application, Path(products.__file__).with_name("openapi.yaml"))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["staff", "customer", None])
@schema.parametrize()
def test_every_answer_is_in_the_schema(case, role, make_product):
    contract.ask(case, identified(role) if role else {})


@pytest.mark.django_db
@schema.include(path="/products/{product_id}/").parametrize()
def test_also_about_a_product_that_is_there(case, product):
    if not Product.objects.filter(id=product.id, removed_at=None).exists():
        Product.objects.update(removed_at=None)
    case.path_parameters = {"product_id": str(product.id)}
    contract.ask(case, identified("staff"))
