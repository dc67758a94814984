"""In which bucket something lies: the rule, which never changes, however many shards there are. Django-free.

1024 buckets. Of a text (what somebody claims for themselves, such as an address) it is the first two bytes of its
SHA-256; of an id its own last ten bits, so that nobody has to be asked where a row is. A row that is made together with
a claim gets an id of the claim's bucket: so both lie in one shard, now and after the bucket has been moved.
"""

import hashlib
from uuid import UUID

from flotilla.uuid7 import uuid7

BUCKETS = 1024


def of_text(text: str) -> int:
    """The text must be normalised: what is the same to people is the same here."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:2]) % BUCKETS


def of_id(id: UUID) -> int:
    return id.int % BUCKETS


def new_id(bucket: int) -> UUID:
    """A new UUID version 7 of that bucket; 64 of its bits are random still."""
    made = uuid7().int
    return UUID(int=made - made % BUCKETS + bucket)
