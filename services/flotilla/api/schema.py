"""The service's OpenAPI: `path("schema/", schema_view)`, as JSON, open to whoever reaches the service."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.views import SpectacularJSONAPIView

from flotilla.api.identity import HEADER

schema_view = SpectacularJSONAPIView.as_view()


class IdentityScheme(OpenApiAuthenticationExtension):
    """How the schema names the internal identity; the gateway turns it into what its own callers send."""

    target_class = "flotilla.api.identity.IdentityAuthentication"
    name = "identity"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": HEADER}


class StrictScheme(OpenApiSerializerExtension):
    """That fields which are not known are refused is part of the schema."""

    target_class = "flotilla.api.inputs.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}
