"""The internal identity: believed when it is signed for this service with a known key and still lasts, else 401."""

import base64
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.http import HttpResponse
from django.test import RequestFactory

from flotilla.api import identity
from flotilla.api.identity import Identity, IsService, IsStaff, IsStaffOrReadOnly, IsUser, Untrusted, sign, verify
from flotilla.tests.api.making import KEYS, KID, PRIVATE, PUBLIC, body, identified, jwks, new_key, served, token, view
from flotilla.tests.requests.asking import View as Scripted
from flotilla.tests.requests.asking import post

pytestmark = pytest.mark.django_db


def believed(text, keys=KEYS):
    return verify(text, audience="products", keys=keys)


def claims(**changes):
    now = int(time.time())
    made = {"iss": "gateway", "aud": "products", "sub": "u-1", "role": "staff", "iat": now, "exp": now + 60} | changes
    return {name: value for name, value in made.items() if value is not None}


def signed(key=PRIVATE, algorithm="EdDSA", headers=None, **changes):
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": KID} if headers is None else headers)


def test_what_is_signed_is_believed():
    assert believed(token("staff", "u-9")) == Identity(id="u-9", role="staff")
    assert believed(token("service", "")) == Identity(id="", role="service")
    assert believed(signed(exp=int(time.time()) - 3, iat=int(time.time()) - 63))  # two clocks differ a little


def test_a_key_is_replaced_without_a_gap():
    private, public = new_key("gateway-bbbbbbbb")
    both = jwks(PUBLIC, public)
    assert believed(token(), both) == believed(token(key=private, kid="gateway-bbbbbbbb"), both)
    with pytest.raises(Untrusted, match="not known here"):
        believed(token(), jwks(public))


def test_a_key_is_named_after_its_owner_and_its_public_half():
    pem = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    named = f"gateway-{PUBLIC['x'][:8]}"
    for key in (pem, PRIVATE):
        text = sign(key, issuer="gateway", audience="products", role="staff", user_id="u-9")
        assert jwt.get_unverified_header(text)["kid"] == named
        assert believed(text, jwks(PUBLIC | {"kid": named})) == Identity(id="u-9", role="staff")


def test_each_signs_for_itself_and_only_the_gateway_for_users():
    private, public = new_key("user-data-cc-c_ccc")
    both = jwks(PUBLIC, public)

    def said(*who, issuer="user-data", kid="user-data-cc-c_ccc", key=private):
        return believed(token(*who, issuer=issuer, kid=kid, key=key), both)

    assert said("service", "") == Identity(id="", role="service")
    for who in (("customer", "u-1"), ("staff", ""), ("service", "u-1")):
        with pytest.raises(Untrusted, match="Only the gateway"):
            said(*who)
    for wrong in ({"issuer": "gateway"}, {"kid": KID}, {"issuer": "gateway", "kid": KID}, {"key": PRIVATE}):
        with pytest.raises(Untrusted):
            said("service", "", **wrong)


def encoded(text):
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def altered(text, **changes):
    """Other claims under the same signature."""
    header, _, signature = text.split(".")
    return f"{header}.{encoded(json.dumps(claims(**changes)).encode())}.{signature}"


def later(seconds):
    return int(time.time()) + seconds


# Made when they are looked at: a minute after the start of the run each would be refused for its age.
BROKEN = {
    "empty": lambda: "",
    "a word": lambda: "nonsense",
    "three words": lambda: "a.b.c",
    "truncated": lambda: token()[:-4],
    "not ascii": lambda: "é.é.é",
    "half a header": lambda: encoded(b"[" * 5000) + ".e30.e30",
    "a list for a header": lambda: encoded(b"[]") + ".e30.e30",
    "other claims": lambda: altered(signed(), sub="u-9"),
    "no algorithm": lambda: signed(None, "none"),
    "a shared secret": lambda: signed(PUBLIC["x"], "HS256"),
    "another key of that name": lambda: signed(new_key()[0]),
    "a key that is not known": lambda: signed(headers={"kid": "z"}),
    "no key's name": lambda: signed(headers={}),
    "another audience": lambda: signed(aud="orders"),
    "several audiences": lambda: signed(aud=["products", "orders"]),
    "another issuer": lambda: signed(iss="web"),
    "a service that is none": lambda: signed(iss=""),
    "expired": lambda: signed(iat=later(-60), exp=later(-10)),
    "not yet": lambda: signed(iat=later(600), exp=later(650)),
    "long": lambda: signed(exp=later(61)),
    "ends before it begins": lambda: signed(iat=later(2), exp=later(1)),
    "a time that is a text": lambda: signed(exp=str(later(30))),
    "another role": lambda: signed(role="root"),
    "a subject that is no text": lambda: signed(sub=7),
    **{f"no {name}": lambda name=name: signed(**{name: None}) for name in identity.CLAIMS},
}


@pytest.mark.parametrize("made", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_right_in_every_part_is_401(made):
    text = made()
    with pytest.raises(Untrusted, match=r"\w+"):
        believed(text)
    response = served(view(lambda request: {}), HTTP_X_IDENTITY=text)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "X-Identity"
    assert "not to be believed" in body(response)["detail"]


def test_a_service_without_keys_believes_nobody():
    with pytest.raises(Untrusted):
        believed(token(), "")


# -- In views


def whoami(request):
    return {"user": request.user and request.user.id}


def test_nobody_is_nobody_and_somebody_somebody():
    assert body(served(view(whoami))) == {"user": None}
    assert body(served(view(whoami), HTTP_X_IDENTITY=token(user_id="u-2"))) == {"user": "u-2"}


@pytest.mark.parametrize(
    ("permission", "nobody", "visitor", "customer", "staff", "service"),
    [
        (IsUser, 401, 403, 200, 200, 403),
        (IsStaff, 401, 403, 403, 200, 403),
        (IsStaffOrReadOnly, 200, 200, 200, 200, 200),
        (IsService, 401, 403, 403, 403, 200),
    ],
)
def test_permissions(permission, nobody, visitor, customer, staff, service):
    made = view(whoami, permission)
    assert served(made).status_code == nobody
    known = {("customer", ""): visitor, ("customer",): customer, ("staff",): staff, ("service", ""): service}
    for who, status in known.items():
        assert served(made, HTTP_X_IDENTITY=token(*who)).status_code == status


def test_only_staff_write():
    made = view(whoami, IsStaffOrReadOnly, method="post")
    assert [
        served(made, "post", {}, **extra).status_code
        for extra in ({}, {"HTTP_X_IDENTITY": token()}, {"HTTP_X_IDENTITY": token("staff")})
    ] == [401, 403, 200]


# -- Whose request key it is


def test_a_key_belongs_to_the_caller_whichever_token_and_way_it_came_by():
    made = Scripted(lambda request: HttpResponse("made", status=201))
    post(made, HTTP_X_IDENTITY=token(seconds=50), REMOTE_ADDR="10.0.0.1")
    post(made, HTTP_X_IDENTITY=token(), REMOTE_ADDR="10.0.0.2")
    assert len(made.seen) == 1
    post(made, HTTP_X_IDENTITY=token(user_id="u-2"))
    post(made, HTTP_X_IDENTITY=token("staff"))
    post(made, HTTP_X_IDENTITY="nonsense")  # falls back to its address; a view would refuse it
    assert len(made.seen) == 4


def test_scope_without_an_identity_is_empty():
    assert identity.scope(RequestFactory().post("/")) == ""
    assert identity.scope(RequestFactory().post("/", headers=identified("staff"))) == "identity\0staff\0u-1"
