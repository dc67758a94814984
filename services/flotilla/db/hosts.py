"""In which order to try equal hosts. Invariant: a host that just failed comes after all that did not. Django-free."""

import random
import time
from collections.abc import Callable

FORGET_SECONDS = 10.0  # after it a failed host is tried like the others, unless it goes on failing


class HostBook:
    """Remembers failures, for all threads of a process. Every operation is one dictionary access: no lock needed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, shuffle: Callable[[list], None] = random.shuffle):
        self._failed: dict[str, float] = {}
        self._clock = clock
        self._shuffle = shuffle

    def order(self, hosts: list[str]) -> list[str]:
        """The hosts in random order, recently failed ones last, the longest ago first among them."""
        shuffled, since = list(hosts), self._clock() - FORGET_SECONDS
        self._shuffle(shuffled)
        return sorted(shuffled, key=lambda host: max(self._failed.get(host, 0.0) - since, 0.0))

    def is_worse(self, host: str, hosts: list[str]) -> bool:
        """Whether `host` failed lately and another one did not."""
        if host not in self._failed:
            return False
        since = self._clock() - FORGET_SECONDS
        return self._failed[host] > since and any(self._failed.get(other, since) <= since for other in hosts)

    def failed(self, host: str) -> None:
        self._failed[host] = self._clock()

    def worked(self, host: str) -> None:
        self._failed.pop(host, None)


book = HostBook()
