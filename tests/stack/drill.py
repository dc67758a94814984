"""One drill: steady load, something happens to the stack, and the client's figures and ledger are judged."""

import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.figures import summary
from loadtest.ledger import compare, markers
from loadtest.openloop import Outcome, Run, Schedule
from loadtest.traffic import UNSEEN, Traffic
from stack.engine import REPORTS
from stack.servers import make_whole, sql

RATE, WRITE_SHARE = 20, 0.3
FIGURES = REPORTS / "drills.json"
# Lateness counts as latency and cannot flatter a run; but above this the load was not the load.
LATE_LIMIT = 0.05
OFFERED = 0.9  # of the planned writes, started on time
SLOWEST_READ = 5.0  # seconds


@dataclass(frozen=True)
class Drill:
    """`before` seconds of quiet, then `action`, then load until `after` seconds have passed since it began."""

    name: str
    traffic: Traffic
    before: float = 3
    after: float = 9
    rate: float = RATE
    write_share: float = WRITE_SHARE

    @property
    def schedule(self) -> Schedule:
        return Schedule.constant(self.rate, self.before + self.after, self.write_share)

    def run(self, action: Callable, pick: Callable[[], object] = lambda: None) -> dict:
        """`action(pick())` under load -> its figures, see `once`.

        A run whose load came late tells nothing about gaps: it is repeated once, saying so. What failed or was lost in
        it is not excused.
        """
        figures = self.once(action, pick())
        if figures["late_share"] > LATE_LIMIT:
            warnings.warn(f"{self.name}: {figures['late_share']:.0%} of the load came late; once more", stacklevel=2)
            assert_nothing_lost(figures)
            make_whole()
            figures = self.once(action, pick()) | {"repeated": True}
        keep(self.name, figures)
        return figures

    def once(self, action: Callable, victim: object) -> dict:
        """-> figures of loadtest.figures.summary, with the ledger's verdict and how much of the plan was offered."""
        run = Run(self.traffic.send, self.schedule).start()
        time.sleep(self.before)
        since = run.now()
        action(victim)
        outcomes = run.join()
        figures = summary(outcomes, since) | verdict(self.traffic) | {"unseen": unseen(outcomes)}
        figures["write"]["planned"] = self.schedule.writes
        return figures


def unseen(outcomes: list[Outcome]) -> list[str]:
    """Looks right after an acknowledged write that did not show it."""
    return [outcome.detail for outcome in outcomes if outcome.detail.startswith(UNSEEN)]


def stored(traffic: Traffic) -> list[str]:
    """Markers as the tables have them; a cart line of two counts twice."""
    reviews = sql(f"SELECT title FROM web_review WHERE title LIKE 'review {traffic.name} %'")
    carts = sql(
        "SELECT 'cart ' || u.username || ' ' || p.slug, i.quantity FROM web_cartitem i"
        " JOIN web_cart c ON c.id = i.cart_id JOIN web_user u ON u.id = c.owner_id"
        " JOIN web_product p ON p.id = i.product_id"
        f" WHERE u.username LIKE 'author-{traffic.name}-%'"
    )
    return [row[0] for row in reviews] + [row[0] for row in carts for _ in range(int(row[1]))]


def verdict(traffic: Traffic) -> dict:
    """The whole ledger so far against the tables, so that a later failover cannot lose an earlier write unseen."""
    acknowledged = markers(traffic.ledger.path)
    found = compare(acknowledged, stored(traffic))
    return {"acknowledged": len(acknowledged), "lost": found["lost"], "twice": found["twice"]}


def keep(name: str, figures: dict) -> None:
    REPORTS.mkdir(exist_ok=True)
    known = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    FIGURES.write_text(json.dumps(known | {name: figures}, indent=1))


def assert_unharmed(figures: dict, *, read_gap: float = 2) -> None:
    """0 failed, 0 lost, 0 twice, 0 unseen; the application kept answering reads; the load was really offered."""
    assert_nothing_lost(figures)
    assert_offered(figures)
    assert figures["read"]["gap"] < read_gap, "the application answered no read"
    assert figures["read"]["max"] < SLOWEST_READ, "a read hung"


def assert_nothing_lost(figures: dict) -> None:
    assert not figures["unseen"], f"acknowledged and not seen by its author: {figures['unseen'][:5]}"
    assert figures["failed"] == 0, figures["reasons"]
    assert not figures["lost"], f"acknowledged and gone: {figures['lost'][:5]}"
    assert not figures["twice"], f"took effect twice: {figures['twice'][:5]}"


def assert_offered(figures: dict) -> None:
    late, write = figures["late_share"], figures["write"]
    assert late <= LATE_LIMIT, f"{late:.0%} of the load was offered late, twice: this machine is too busy to tell"
    assert write["on_time"] >= OFFERED * write["planned"], f"{write['on_time']} of {write['planned']} writes offered"
    assert figures["look"]["requests"] == write["requests"], "an acknowledged write that nobody looked for"
    assert figures["read"]["cached"] < figures["read"]["requests"] / 2, "mostly the cache was asked"
