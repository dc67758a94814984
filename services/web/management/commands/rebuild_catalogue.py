"""`manage.py rebuild_catalogue`: read the catalogue anew from the products service, beside the events."""

import time

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from flotilla.bus.databases import DatabaseAway
from web.catalogue.origin import Away
from web.catalogue.rebuild import catalogue_rebuild


class Command(BaseCommand):
    help = (
        "Make the catalogue what the products service has. Safe at any time, and to run again. To have a row written"
        " whose version is not news, set its version to 0 before."
    )

    def handle(self, **options):
        started = time.monotonic()
        try:
            done = catalogue_rebuild()
        except Away as error:
            raise CommandError(f"the products service: {error}. Nothing was removed; run it again.") from None
        except ValidationError as error:
            raise CommandError(f"a product of the list cannot be kept: {error}. Nothing was removed.") from None
        except DatabaseAway as error:
            raise CommandError(f"the database: {error}. Nothing was removed; run it again.") from None
        self.stdout.write(
            f"rebuild: {done.read} products read, {done.written} written, {done.removed} removed"
            f" in {time.monotonic() - started:.1f} s"
        )
