"""`manage.py tell`: every product is told anew, for a consumer whose database was lost or set back."""

import time
from collections.abc import Iterator
from itertools import batched, cycle, islice
from math import ceil
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from products.selectors import product_ids
from products.services import product_tell

BATCH = 200  # events a transaction, at most
RATE_MAX, SECONDS_MAX = 5000, 3600
SLICE = 0.25  # seconds for which a transaction tells, when there is a rate


class Command(BaseCommand):
    help = "Tell every product as it is, under a new version. Safe at any time: consumers take what is newer."

    def add_arguments(self, parser):
        parser.add_argument("--rate", type=float, default=0, help="events a second; without it as fast as it goes")
        parser.add_argument("--seconds", type=float, default=0, help="go round and round for so long, at that rate")

    def handle(self, *, rate, seconds, **options):
        if not 0 <= rate <= RATE_MAX or not 0 <= seconds <= SECONDS_MAX:
            raise CommandError(f"--rate is at most {RATE_MAX} a second, --seconds at most {SECONDS_MAX}.")
        if seconds and not rate:
            raise CommandError("--seconds needs a --rate: as fast as it goes for so long would fill the outbox.")
        ids = product_ids()
        events = round(rate * seconds) or len(ids)
        started = time.monotonic()
        size = min(BATCH, ceil(rate * SLICE) or BATCH, len(ids) or 1)  # no product twice in a transaction
        batches = batched(islice(cycle(ids), events), size, strict=False)
        told = sum(product_tell(ids=batch) for batch in _paced(batches, size / rate if rate else 0, started))
        self.stdout.write(f"tell: {told} events in {time.monotonic() - started:.1f} s")


def _paced(batches: Iterator[tuple[UUID, ...]], seconds: float, started: float) -> Iterator[tuple[UUID, ...]]:
    """One each so many seconds; one that is late is not waited for, so that the rate is kept over all."""
    for number, batch in enumerate(batches):
        if seconds:
            time.sleep(max(0.0, started + number * seconds - time.monotonic()))
        yield batch
