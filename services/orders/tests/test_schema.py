"""What is committed is what the code says: the OpenAPI schema, and the migrations."""

from pathlib import Path

import pytest
from django.core.management import call_command

import orders

COMMITTED = Path(orders.__file__).parent / "openapi.yaml"


def test_the_committed_schema_is_the_one_of_the_code(tmp_path):
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    assert made.read_text() == COMMITTED.read_text(), "write it anew: see the line in orders/settings.py"


def test_the_schema_is_served(client, db):
    schema = client.get("/schema/").json()
    assert {"/orders/", "/orders/{order_id}/", "/orders/{order_id}/cancel/"} < set(schema["paths"])
    [key] = schema["paths"]["/orders/"]["post"]["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)


@pytest.mark.django_db
def test_the_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
