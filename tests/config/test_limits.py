"""What two services must agree on, of which neither imports the other: how much fits into a cart and into an order."""

import re

import pytest
import yaml

from tests.config.files import ROOT


def limit(name: str, module: str) -> int:
    """The number that a module of services/ gives this name."""
    found = re.search(rf"^{name} = (\d+)\b", (ROOT / "services" / module).read_text(), re.MULTILINE)
    assert found, f"{module} has no {name}"
    return int(found[1])


@pytest.mark.parametrize(("name", "shop"), [("LINES_MAX", "web/ordering.py"), ("QUANTITY_MAX", "web/models.py")])
def test_the_shop_offers_what_the_orders_service_takes(name, shop):
    assert limit(name, shop) == limit(name, "orders/models.py")


@pytest.mark.parametrize("service", ["orders", "gateway"])
def test_the_api_says_the_same(service):
    schemas = yaml.safe_load((ROOT / "services" / service / "openapi.yaml").read_text())["components"]["schemas"]
    [items] = [fields["items"] for name, fields in properties(schemas) if name.endswith("OrderInput")]
    [quantity] = [fields["quantity"] for name, fields in properties(schemas) if name.endswith("ItemInput")]
    assert items["maxItems"] == limit("LINES_MAX", "orders/models.py")
    assert quantity["maximum"] == limit("QUANTITY_MAX", "orders/models.py")


def properties(schemas: dict) -> list[tuple[str, dict]]:
    return [(name, schema.get("properties", {})) for name, schema in schemas.items()]
