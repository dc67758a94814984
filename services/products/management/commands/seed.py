"""`manage.py seed`: the demonstration catalogue, once for each version of the code; the events fill the shop."""

import time

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Max

from flotilla import context
from flotilla.bus.models import Delivery
from flotilla.jobs.once import run_once
from flotilla.jobs.quick import stamp_of
from products.catalogue.load import catalogue_load

WAIT_SECONDS = 60.0
PAUSE_SECONDS = 0.5


class Command(BaseCommand):
    help = "Write the demonstration catalogue and wait until its events have arrived; safe to run again."

    def add_arguments(self, parser):
        parser.add_argument("--no-wait", action="store_true", help="do not wait for those who are told of it")
        parser.add_argument("--wait-seconds", default=WAIT_SECONDS, type=float, help="how long to wait at most")

    def handle(self, *, no_wait, wait_seconds, **options):
        started, before = time.monotonic(), last_delivery()
        done = run_once("seed", stamp_of(settings.FLOTILLA, "seed"), self.load)
        self.stdout.write(f"seed: done in {time.monotonic() - started:.1f} s" if done else "seed: already done")
        if done and not no_wait:
            self.stdout.write(arrived(before, wait_seconds))

    def load(self) -> None:
        self.stdout.write("seed: " + ", ".join(f"{count} {name}" for name, count in catalogue_load().items()))


def last_delivery() -> int:
    return Delivery.objects.aggregate(last=Max("id"))["last"] or 0


def arrived(before: int, seconds: float) -> str:
    """Wait for what was published since `before`; nothing is lost when the time is over, only not there yet."""
    since = Delivery.objects.filter(id__gt=before, id__lte=last_delivery(), event__entity="products.product")
    with context.holding(seconds) as state:
        total = since.count()
        while (missing := since.filter(confirmed_at=None).count()) and time.monotonic() < state.hold_until:
            time.sleep(PAUSE_SECONDS)
    later = f" in {seconds:.0f} s; the others follow when their consumers are there" if missing else ""
    return f"seed: {total - missing} of {total} deliveries confirmed{later}"
