"""How much may be sent again. Invariant: of n calls no more than `reserve + share * n` are. Django-free.

Retries mend what a dead replica has cut, and make an overload worse. Each call earns a share of a retry; what is not
used is kept up to the reserve, which is there from the start: enough for what one replica had in hand.
"""

import threading


class Budget:
    def __init__(self, share: float, reserve: float):
        self._share, self._reserve = share, reserve
        self._left = reserve
        self._lock = threading.Lock()

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._left = min(self._left + self._share, self._reserve)

    def spend(self) -> bool:
        """Whether one may be sent again."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True
