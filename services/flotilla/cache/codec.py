"""Values to bytes and back: JSON, never pickle, so that who can write to the cache cannot run code here. Django-free.

The first byte says how to read the rest: `j` JSON, `z` deflated JSON. A value that is not JSON raises TypeError.
"""

import json
import zlib

COMPRESS_FROM = 1024  # below it, deflate costs more time than the network saves


def encode(value: object) -> bytes | int:
    """Integers stay bare, so that Redis can count with them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return b"z" + zlib.compress(text, 1) if len(text) >= COMPRESS_FROM else b"j" + text


def decode(data: bytes) -> object:
    """The value; ValueError for bytes that `encode` did not make."""
    if data[:1] == b"j":
        return json.loads(data[1:])
    if data[:1] == b"z":
        try:
            return json.loads(zlib.decompress(data[1:]))
        except zlib.error as error:
            raise ValueError("damaged cache value") from error
    return int(data)
