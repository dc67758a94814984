"""Consistent hashing. Invariant: removing a node moves only that node's keys. Django-free.

Karger et al. 1997; 128 points a node keep the shares of three nodes within a few per cent.
"""

import bisect
import hashlib

POINTS = 128


class Ring:
    """Maps a key to the index of its node."""

    def __init__(self, names: list[str]):
        points = [(_hash(f"{name}/{point}"), index) for index, name in enumerate(names) for point in range(POINTS)]
        points.sort()
        self._hashes = [hash_ for hash_, _ in points]
        self._nodes = [index for _, index in points]

    def node(self, key: str) -> int:
        """The index of the node for `key`: the first point at or after its hash, round the ring."""
        at = bisect.bisect_left(self._hashes, _hash(key))
        return self._nodes[at % len(self._nodes)]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
