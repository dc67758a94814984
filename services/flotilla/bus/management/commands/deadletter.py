"""`manage.py deadletter list|show|replay`: what consumers gave up, and trying it anew."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from flotilla.bus import databases, retrying
from flotilla.bus.models import DeadLetter
from flotilla.events.envelope import Malformed


class Command(BaseCommand):
    """Replaying twice does nothing the second time, and an event that was applied meanwhile is not applied again."""

    help = "Events that a consumer gave up: list them, show one, replay one or all of a type"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["list", "show", "replay"])
        parser.add_argument("which", nargs="?", help="show, replay: a letter's number; replay: or an event type")
        parser.add_argument("--using", default="default", choices=databases.aliases())
        parser.add_argument("--all", action="store_true", help="list: replayed ones too")

    def handle(self, *args: Any, what: str, which: str | None, **options: Any) -> None:
        if what != "list" and not which:
            raise CommandError(f"deadletter {what} which one? See: manage.py deadletter list", returncode=2)
        self.using: str = options["using"]
        if what == "list":
            self._list(replayed=options["all"])
        elif what == "show":
            self._show(self._chosen(which or "").first())
        else:
            self._replay(self._chosen(which or ""))

    def _list(self, *, replayed: bool) -> None:
        letters = self._letters() if replayed else self._letters().filter(replayed_at=None)
        for letter in letters.iterator():
            said = letter.reason.strip().splitlines() or [""]
            mark = "replayed" if letter.replayed_at else f"{letter.attempts} tries"
            self.stdout.write(
                f"{letter.id:>6}  {letter.last_at:%Y-%m-%d %H:%M}  {mark:<9} {letter.type}  {said[-1][:80]}"
            )

    def _show(self, letter: DeadLetter) -> None:
        self.stdout.write(f"event {letter.event_id} for {letter.consumer}, {letter.attempts} tries")
        self.stdout.write(f"first {letter.first_at}, last {letter.last_at}, replayed {letter.replayed_at or 'never'}")
        self.stdout.write(json.dumps(letter.body, indent=2, ensure_ascii=False))
        self.stdout.write(letter.reason)

    def _replay(self, letters: QuerySet[DeadLetter]) -> None:
        refused = 0
        for letter in letters:
            try:
                self.stdout.write(f"{letter.id}: {retrying.replay(self.using, letter.id)}")
            except Malformed as reason:
                refused += 1
                self.stderr.write(f"{letter.id}: still malformed: {reason}")
        if refused:
            raise CommandError(f"{refused} of {len(letters)} could not be replayed.")

    def _chosen(self, which: str) -> QuerySet[DeadLetter]:
        """One by number, or all of a type that were not replayed."""
        letters = self._letters()
        found = letters.filter(id=int(which)) if which.isdecimal() else letters.filter(type=which, replayed_at=None)
        if not found.exists():
            raise CommandError(f"There is no dead letter {which!r}. See: manage.py deadletter list --all", returncode=2)
        return found

    def _letters(self) -> QuerySet[DeadLetter]:
        return DeadLetter.objects.using(self.using).order_by("id")
