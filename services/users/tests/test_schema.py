"""What is committed is what the code says: the OpenAPI schema, and the migrations."""

from pathlib import Path

import pytest
from django.core.management import call_command

import users

pytestmark = pytest.mark.django_db(databases="__all__")

COMMITTED = Path(users.__file__).parent / "openapi.yaml"


def test_the_committed_schema_is_the_one_of_the_code(tmp_path):
    made = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(made), validate=True, fail_on_warn=True)
    assert made.read_text() == COMMITTED.read_text(), "write it anew: see the line in users/settings.py"


def test_the_schema_is_served(client):
    schema = client.get("/schema/").json()
    assert {"/users/", "/users/me/", "/auth/token/", "/users/{user_id}/orders/"} < set(schema["paths"])
    assert "429" in schema["paths"]["/auth/token/"]["post"]["responses"]


def test_the_migrations_are_complete():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
