"""Keys, tokens, and views behind the library's chain, for the tests of APIs."""

import json

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from flotilla.api.identity import HEADER, IdentityAuthentication, sign
from flotilla.api.inputs import JSONParser
from flotilla.tests.requests.asking import ask

KID = "gateway-aaaaaaaa"


def new_key(kid=KID):
    """A private key, and its public half as a JWK."""
    private = Ed25519PrivateKey.generate()
    return private, OKPAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": kid}


def jwks(*public):
    return json.dumps({"keys": public})


PRIVATE, PUBLIC = new_key()
KEYS = jwks(PUBLIC)


def token(role="customer", user_id="u-1", *, key=PRIVATE, issuer="gateway", kid=KID, audience="products", **options):
    return sign(key, issuer=issuer, kid=kid, audience=audience, role=role, user_id=user_id, **options)


def identified(*args, **options):
    """Headers for Django's test client."""
    return {HEADER: token(*args, **options)}


class Renderer(JSONRenderer):
    ensure_ascii = True  # UNICODE_JSON off


class View(APIView):
    """What REST_FRAMEWORK would make the default, which is read before these tests can set it."""

    renderer_classes, parser_classes = [Renderer], [JSONParser]
    authentication_classes, permission_classes = [IdentityAuthentication], [AllowAny]
    throttle_classes, metadata_class = [], None


def view(handle, *permissions, method="get"):
    """A view whose one method answers what `handle(request)` returns, or raises."""

    def run(self, request):
        return Response(handle(request))

    return type("Made", (View,), {method: run, "permission_classes": permissions or View.permission_classes})


def served(view, method="get", data=None, **extra):
    """The answer through the library's chain; JSON in."""

    def handle(request):
        return view.as_view()(request).render()

    if data is not None:
        text = data if isinstance(data, bytes) else json.dumps(data)
        extra = {"data": text, "content_type": "application/json"} | extra
    return ask(handle, method, "/x/", **extra)


def body(response):
    return json.loads(response.content)


def unverified(token):
    """Header and claims as they are told."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
