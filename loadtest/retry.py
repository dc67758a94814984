"""What a good client does after a failed try, as data. Whoever uses it sends the same key and the same body again."""

import random
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Retry:
    """Tried again are no answer (status 0) and answers that mean "not now"; never a refusal of the request itself.

    The pause doubles from `first` to `longest` seconds, and is never shorter than the server's Retry-After. Each is
    lengthened by a random part of up to `jitter` of it, so that those who failed together do not come back together.
    Few tries and long pauses: a client that asks every few seconds keeps an overload alive that would end by itself.
    """

    statuses: tuple[int, ...] = (0, 429, 502, 503, 504)
    tries: int = 5
    first: float = 1.0
    longest: float = 16.0
    jitter: float = 0.5

    def pause(self, answer, tries: int, left: float) -> float | None:
        """Seconds until the next try, or None: there is none. `left`: seconds until the request counts as failed; a
        pause that would take them all is not begun."""
        if answer.status not in self.statuses or tries >= self.tries:
            return None
        base = max(min(self.first * 2 ** (tries - 1), self.longest), answer.retry_after or 0)
        pause = base * (1 + random.uniform(0, self.jitter))
        return pause if pause < left else None

    def described(self) -> dict:
        """JSON-ready, for the report."""
        return asdict(self) | {"obeys": "Retry-After", "again": "same key, same body"}
