"""One request as the client met it: what a try got (Answer), and what became of the planned request (Outcome)."""

from collections.abc import Callable
from dataclasses import dataclass

READ, WRITE, LOOK = "read", "write", "look"  # a look belongs to a write: whether its author sees it
LIMIT = 60.0  # seconds from the planned start: later answers count as failures
WRONG = 600  # beyond HTTP's own: an answer came, but not the one asked for (half a page, a form shown again)
REFUSED = "refused:"  # how the detail of a 429 or 503 with Retry-After begins: the stack is full, and says so
CONFIRMED = "confirmed"  # the step of a look that asks until an order has its stock: a wait, not an answer's time
UNSEEN = "unseen:"  # in the detail of a look whose page lacks its author's own write


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try got. `status` 0: no answer; `detail`: the error, or what the answer says about itself.

    `cached`: a cache in front of the application gave it. `look(timeout)` is done right after a good answer, as a
    request of its own. `step` names the page or form.
    """

    status: int
    detail: str = ""
    cached: bool = False
    retry_after: float | None = None
    replica: str = ""
    request_id: str = ""
    look: Callable[[float], "Answer"] | None = None
    step: str = ""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400


@dataclass(frozen=True, slots=True)
class Outcome:
    """One planned request. `first_…`: its first try (the raw figure); `status`, `end`: after the client's retries."""

    kind: str
    step: str
    due: float
    start: float
    first_status: int
    first_end: float
    status: int
    end: float
    tries: int = 1
    cached: bool = False
    replica: str = ""
    request_id: str = ""
    detail: str = ""

    @property
    def late(self) -> float:
        return self.start - self.due

    @property
    def latency(self) -> float:
        return self.end - self.due

    @property
    def raw_latency(self) -> float:
        return self.first_end - self.due

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400 and self.latency <= LIMIT

    @property
    def raw_good(self) -> bool:
        return 200 <= self.first_status < 400 and self.raw_latency <= LIMIT


def attempt(request: Callable[[], Answer], step: str = "") -> Answer:
    try:
        return request()
    except Exception as error:  # whatever went wrong, the person at the other end got no answer
        return Answer(0, f"{type(error).__name__}: {error}", step=step)
