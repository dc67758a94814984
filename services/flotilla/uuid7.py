"""UUID version 7 (RFC 9562, 5.7): time-ordered ids, so that new rows land at the end of an index."""

import os
import random
import time
import uuid
from datetime import datetime


def uuid7() -> uuid.UUID:
    """A new id: 48 bits of milliseconds, then 74 random bits around the version and variant marks."""
    milliseconds = time.time_ns() // 1_000_000
    bits = int.from_bytes(os.urandom(10), "big")
    return _uuid7(milliseconds, bits >> 6)


def fixed_uuid7(moment: datetime, name: str) -> uuid.UUID:
    """One that is the same on every run and machine: of this time, its random bits from `name`."""
    return _uuid7(int(moment.timestamp() * 1000), random.Random(name).getrandbits(74))


def _uuid7(milliseconds: int, bits: int) -> uuid.UUID:
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x7 << 76 | (bits >> 62) << 64
    value |= 0b10 << 62 | bits & (1 << 62) - 1
    return uuid.UUID(int=value)
