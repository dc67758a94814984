"""Keys as settings carry them, told apart without a library for cryptography: a one-shot job reads them too."""

import base64
import json

PRIVATE = "-----BEGIN PRIVATE " + "KEY-----"  # PKCS #8; in two parts, so that nobody takes this file for a key


def are_public(text: str) -> bool:
    """Whether it is a JWK set (RFC 7517, 8037) of Ed25519 keys, each with a name and without its private part."""
    try:
        keys = json.loads(text)["keys"]
        return bool(keys) and all(map(_is_public, keys))
    except (ValueError, KeyError, TypeError):
        return False


def is_private(text: str) -> bool:
    """Whether it looks like a private key in PEM."""
    return text.startswith(PRIVATE)


def _is_public(key: dict[str, str]) -> bool:
    named = (key["kty"], key["crv"]) == ("OKP", "Ed25519") and bool(key["kid"]) and "d" not in key
    return named and len(base64.urlsafe_b64decode(key["x"] + "=")) == 32
