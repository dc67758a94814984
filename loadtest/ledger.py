"""The client's own record of what the shop has acknowledged, to be held against the table afterwards."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path


class Ledger:
    """Append-only file of JSON lines. Invariant: a write counts as acknowledged only once its line is on the disk.

    `sync(descriptor)` waits for the disk; under gevent it must let others go on meanwhile. Those who wait together
    are served by one sync: a sync covers every line that was written before it began.
    """

    def __init__(self, path: Path, sync: Callable[[int], None] | None = None):
        self.path, self.sync = Path(path), sync or os.fsync
        self._file = self.path.open("a", encoding="utf-8")
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0

    def acknowledge(self, marker: str, **facts) -> None:
        with self._writing:
            self._file.write(json.dumps({"marker": marker, **facts}) + "\n")
            self._file.flush()
            self._written += 1
            mine = self._written
        with self._syncing:
            if self._synced < mine:
                upto = self._written
                self.sync(self._file.fileno())
                self._synced = upto

    def close(self) -> None:
        self._file.close()


def lines(path: Path) -> list[dict]:
    """Each with its marker, and what else is known of that write."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def markers(path: Path) -> list[str]:
    return [line["marker"] for line in lines(path)]


def compare(acknowledged: Iterable[str], stored: Iterable[str]) -> dict[str, list[str]]:
    """-> {"lost": acknowledged but not stored, "twice": stored more than once}.

    Stored without having been acknowledged is neither: the answer may have been lost on its way.
    """
    counts = Counter(stored)
    return {
        "lost": sorted(set(acknowledged) - set(counts)),
        "twice": sorted(marker for marker, count in counts.items() if count > 1),
    }
