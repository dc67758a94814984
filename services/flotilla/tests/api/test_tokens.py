"""What people carry: believed when the users service has signed it for this, and while it lasts."""

import time

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flotilla.api import tokens
from flotilla.api.tokens import ACCESS, REFRESH, Claims, Untrusted, verify
from flotilla.tests.api.making import jwks, new_key, unverified
from flotilla.uuid7 import uuid7

USER = str(uuid7())
PRIVATE, PUBLIC = new_key("a")
KEYS = jwks(PUBLIC)


def token(*, key=PRIVATE, kid="a", audience=ACCESS, user_id=USER, role="customer", seconds=900, **claims):
    return tokens.sign(key, kid=kid, audience=audience, user_id=user_id, role=role, seconds=seconds, **claims)


def believed(text, audience=ACCESS, keys=KEYS):
    return verify(text, audience=audience, keys=keys)


def test_what_is_signed_is_believed():
    found = believed(token(role="staff"))
    assert found == Claims(user_id=USER, role="staff", id=found.id, expires=found.expires)
    assert found.id != believed(token(role="staff")).id
    assert believed(token(audience=REFRESH, epoch=3), REFRESH).epoch == 3
    assert believed(token(user_id=USER.upper())).user_id == USER


def test_it_is_over_when_it_has_ended_and_the_clocks_may_agree(monkeypatch):
    found = believed(token(seconds=60))
    for seconds, over in ((4, False), (5, True)):
        monkeypatch.setattr(tokens.time, "time", lambda seconds=seconds: found.expires + seconds)
        assert tokens.is_over(found) is over


def test_what_it_says(monkeypatch):
    header, claims = unverified(token(audience=REFRESH, epoch=3, seconds=60))
    assert (header["alg"], header["kid"]) == ("EdDSA", "a")
    assert claims["exp"] - claims.pop("iat") == 60
    assert {*claims} == {"iss", "aud", "sub", "role", "exp", "jti", "epoch"}
    assert (claims["iss"], claims["aud"], claims["sub"]) == ("users", "refresh", USER)


def test_nobody_signs_over_the_standard_claims():
    assert unverified(token(iss="x", jti="y", epoch=1))[1]["iss"] == "users"


def test_a_key_is_replaced_without_a_gap():
    private, public = new_key("b")
    both = jwks(PUBLIC, public)
    assert believed(token(), keys=both).user_id == believed(token(key=private, kid="b"), keys=both).user_id
    with pytest.raises(Untrusted, match="not known here"):
        believed(token(), keys=jwks(public))
    with pytest.raises(Untrusted, match="not known here"):
        believed(token(), keys="")


def signed(key=PRIVATE, algorithm="EdDSA", headers=None, **changes):
    now = int(time.time())
    claims = {"iss": "users", "aud": ACCESS, "sub": USER, "role": "customer", "iat": now, "exp": now + 900, "jti": "j"}
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "a"} if headers is None else headers)


NOW = int(time.time())
GOOD = signed()
BAD = {
    "no token": "x",
    "nothing": "",
    "no ASCII": "\u2603.\u2603.\u2603",
    "half a surrogate pair": "\ud800",
    "truncated": GOOD[:-5],
    "without a signature": GOOD.rpartition(".")[0] + ".",
    "another key": signed(new_key()[0]),
    "an unknown key": signed(headers={"kid": "z"}),
    "no key named": signed(headers={}),
    "HS256": signed("k" * 64, "HS256"),
    "none": signed("", "none"),
    "another issuer": signed(iss="gateway"),
    "another audience": signed(aud=REFRESH),
    "two audiences": signed(aud=[ACCESS, REFRESH]),
    "expired": signed(iat=NOW - 120, exp=NOW - 60),
    "from the future": signed(iat=NOW + 7_200, exp=NOW + 7_260),
    "too long": signed(exp=NOW + 3 * 3600),
    "backwards": signed(iat=NOW + 3, exp=NOW + 1),
    "a broken second": signed(iat=NOW + 0.5),
    "not now, but yes": signed(iat=True),
    "an unknown role": signed(role="service"),
    "no user": signed(sub="u-1"),
    "a number": signed(sub=5),
    "an epoch in words": signed(epoch="one"),
    **{f"no {name}": signed(**{name: None}) for name in tokens.CLAIMS},
}  # fmt: skip


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_not_believed(text):
    with pytest.raises(Untrusted, match=r"^.+\.$"):
        believed(text)


@pytest.mark.parametrize("epoch", [None, "1", True, 1.0])
def test_a_refresh_token_has_an_epoch(epoch):
    with pytest.raises(Untrusted, match="epoch"):
        believed(signed(aud=REFRESH, epoch=epoch), REFRESH)


def test_each_audience_has_its_limit():
    assert believed(token(audience=REFRESH, epoch=1, seconds=tokens.LONGEST[REFRESH]), REFRESH)
    for audience in (ACCESS, REFRESH):
        with pytest.raises(Untrusted, match="at most"):
            believed(token(audience=audience, epoch=1, seconds=tokens.LONGEST[audience] + 1), audience)


def test_a_key_in_pem_and_its_name():
    pem = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    key, kid = tokens.signer(pem)
    assert kid == PUBLIC["x"][:8]
    assert believed(token(key=key, kid=kid), keys=jwks(PUBLIC | {"kid": kid})).user_id == USER
