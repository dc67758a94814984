"""The service's OpenAPI: `path("schema/", schema_view)`, as JSON, open to whoever reaches the service."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.views import SpectacularJSONAPIView

from flotilla.api.identity import HEADER

schema_view = SpectacularJSONAPIView.as_view()


class IdentityScheme(OpenApiAuthenticationExtension):
    """How the schema names the internal identity; the gateway turns it into what its own callers send."""

    target_class = "flotilla.api.identity.IdentityAuthentication"
    name = "identity"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": HEADER}
