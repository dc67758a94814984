"""How the schema names the internal identity."""

from flotilla.api.identity import IdentityAuthentication
from flotilla.api.schema import IdentityScheme, schema_view


def test_the_identity_is_a_header_in_the_schema():
    scheme = IdentityScheme(IdentityAuthentication())
    assert scheme.get_security_definition(None) == {"type": "apiKey", "in": "header", "name": "X-Identity"}
    assert callable(schema_view)
