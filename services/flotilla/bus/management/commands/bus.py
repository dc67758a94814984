"""`manage.py bus worker|status|prune`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from flotilla.bus import databases, pruning, status


class Command(BaseCommand):
    """The event bus of one service."""

    help = "worker: consume this service's queue; status: how far the bus is; prune: forget old rows now"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["worker", "status", "prune"])

    def handle(self, *args: Any, what: str, **options: Any) -> None:
        getattr(self, f"_{what}")()

    def _worker(self) -> None:
        from flotilla.bus import worker  # Celery and its threads: of this command only

        try:
            code = worker.run()
        except worker.NoHandler as problem:
            raise CommandError(str(problem), returncode=2) from None
        if code:
            raise SystemExit(code)

    def _status(self) -> None:
        self.stdout.write("database    unpublished   oldest  unconfirmed   oldest  to try again  overdue  dead letters")
        for alias in databases.aliases():
            now = status.of(alias)
            self.stdout.write(
                f"{alias:<11} {now.unpublished:>11} {now.unpublished_seconds:>6.0f} s {now.unconfirmed:>12}"
                f" {now.unconfirmed_seconds:>6.0f} s {now.waiting:>13} {now.overdue_seconds:>6.0f} s {now.dead:>13}"
            )

    def _prune(self) -> None:
        total, full = 0, True
        while full:
            count, full = pruning.prune()
            total += count
        self.stdout.write(f"{total} rows forgotten")
