"""The client's own record of what the shop has acknowledged, to be held against the table afterwards."""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path


class Ledger:
    """Append-only file of JSON lines. Invariant: a write counts as acknowledged only once its line is on the disk."""

    def __init__(self, path: Path):
        self.path = Path(path)
        self._file = self.path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def acknowledge(self, marker: str, **facts) -> None:
        with self._lock:
            self._file.write(json.dumps({"marker": marker, **facts}) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def markers(path: Path) -> list[str]:
    return [json.loads(line)["marker"] for line in Path(path).read_text(encoding="utf-8").splitlines()]


def compare(acknowledged: Iterable[str], stored: Iterable[str]) -> dict[str, list[str]]:
    """-> {"lost": acknowledged but not stored, "twice": stored more than once}.

    Stored without having been acknowledged is neither: the answer may have been lost on its way.
    """
    counts = Counter(stored)
    return {
        "lost": sorted(set(acknowledged) - set(counts)),
        "twice": sorted(marker for marker, count in counts.items() if count > 1),
    }
