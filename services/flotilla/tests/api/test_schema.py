"""What the library adds to a service's schema: the internal identity, and that unknown fields are refused."""

from drf_spectacular.openapi import AutoSchema

from flotilla.api.identity import IdentityAuthentication
from flotilla.api.inputs import StrictSerializer, Text
from flotilla.api.schema import IdentityScheme, StrictScheme, schema_view
from flotilla.tests.api.making import View


class Wish(StrictSerializer):
    name = Text()


class Described(View):
    schema, request = AutoSchema(), None


def test_the_identity_is_a_header_in_the_schema():
    scheme = IdentityScheme(IdentityAuthentication())
    assert scheme.get_security_definition(None) == {"type": "apiKey", "in": "header", "name": "X-Identity"}
    assert callable(schema_view)


def test_unknown_fields_are_refused_in_the_schema_too():
    schema = StrictScheme(Wish()).map_serializer(Described().schema, "request")
    assert schema["additionalProperties"] is False
    assert schema["properties"] == {"name": {"type": "string"}}
