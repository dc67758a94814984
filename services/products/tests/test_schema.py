"""What is committed is what the code says: the OpenAPI schema, and the migrations."""

from pathlib import Path

import pytest
from django.core.management import call_command

import products

COMMITTED = Path(products.__file__).parent / "openapi.yaml"


def test_the_committed_schema_is_the_one_of_the_code(tmp_path):
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    assert made.read_text() == COMMITTED.read_text(), "write it anew: see the line in products/settings.py"


def test_the_schema_is_served(client, db):
    schema = client.get("/schema/").json()
    assert schema["openapi"].startswith("3.")
    assert {"/products/", "/products/{product_id}/"} == set(schema["paths"])
    assert schema["paths"]["/products/"]["post"]["security"] == [{"identity": []}]


@pytest.mark.django_db
def test_the_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
