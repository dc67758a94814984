"""Whatever is sent to the API, what it answers is in its schema."""

from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

import orders
from flotilla.api.identity import HEADER
from flotilla.tests.api import contract
from orders.tests.conftest import token
from orders.wsgi import application

schema = contract.schema(application, Path(orders.__file__).with_name("openapi.yaml"))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["customer", "service", None])
@schema.parametrize()
def test_every_answer_is_in_the_schema(case, role, user_id, product):
    aim(case.body, str(product.id))
    contract.ask(case, {HEADER: token(user_id if role == "customer" else "", role)} if role else {})


def aim(body, product_id: str) -> None:
    """At a product that is there: made-up ones end every order at the same refusal."""
    with suppress(KeyError, TypeError, ValueError, AttributeError, IndexError):  # that is no order anyway
        first = body["items"][0]
        UUID(first["product_id"])
        first["product_id"] = product_id


@pytest.mark.django_db
@schema.include(path_regex="order_id").parametrize()
def test_also_about_an_order_that_is_there(case, order):
    case.path_parameters = {"order_id": str(order.id)}
    contract.ask(case, {HEADER: token(order.user_id)})
