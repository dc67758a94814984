"""One drill: steady load, something happens to the stack, and the client's figures and ledger are judged."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.figures import summary
from loadtest.ledger import compare, markers
from loadtest.openloop import Run, Schedule
from loadtest.traffic import Traffic

from tests.stack.engine import REPORTS
from tests.stack.servers import sql

RATE, WRITE_SHARE = 20, 0.3
FIGURES = REPORTS / "drills.json"


@dataclass(frozen=True)
class Drill:
    """`before` seconds of quiet, then `action`, then load until `after` seconds have passed since it began."""

    name: str
    traffic: Traffic
    before: float = 3
    after: float = 9
    rate: float = RATE
    write_share: float = WRITE_SHARE

    def run(self, action: Callable[[], object]) -> dict:
        """-> figures of loadtest.figures.summary, with the ledger's verdict; also kept in reports/drills.json."""
        run = Run(self.traffic.send, Schedule(self.rate, self.before + self.after, self.write_share)).start()
        time.sleep(self.before)
        since = run.now()
        action()
        figures = summary(run.join(), since) | verdict(self.traffic)
        keep(self.name, figures)
        return figures


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


def assert_unharmed(figures: dict) -> None:
    """0 failed, 0 lost, 0 twice; and the load was really offered on time."""
    assert figures["failed"] == 0, figures["reasons"]
    assert not figures["lost"], f"acknowledged and gone: {figures['lost'][:5]}"
    assert not figures["twice"], f"took effect twice: {figures['twice'][:5]}"
    # Lateness counts as latency and cannot flatter a run; but then the load was not the load.
    late = figures["late_share"]
    assert late < 0.25, f"{late:.0%} of the load was offered late: this machine is too busy to tell"
