"""SCRAM-SHA-256 verifiers in PostgreSQL's own notation (RFC 5802, RFC 7677; src/common/scram-common.c).

    SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>

A verifier proves a password and cannot be used in its place. Passwords here are ASCII, so SASLprep changes nothing.
"""

import base64
import hashlib
import hmac
import os
import re

ITERATIONS = 4096  # PostgreSQL's default; the passwords are random, more rounds would only cost every login
FORM = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)")


def verifier(password, salt=None, iterations=ITERATIONS):
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${iterations}:{b64(salt)}${b64(stored_key)}:{b64(server_key)}"


def matches(text, password):
    """True when `text` is a verifier of `password`."""
    form = FORM.fullmatch(text)
    if not form:
        return False
    again = verifier(password, base64.b64decode(form[2]), int(form[1]))
    return hmac.compare_digest(again, text)


def b64(data):
    return base64.b64encode(data).decode()
