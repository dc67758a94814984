"""`manage.py seed`: the staff account, people and their reviews, once for each version of the code."""

import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from flotilla.env import EnvironmentProblem, secret_file
from flotilla.jobs.once import is_done, run_once
from flotilla.jobs.quick import stamp_of
from web.catalogue.arrival import ARRIVE_SECONDS, NotArrived, products_await
from web.catalogue.load import admin_ensure, people_load, reviews_load


class Command(BaseCommand):
    help = "Write the staff account, people and their reviews, when the products have arrived; safe to run again."

    def add_arguments(self, parser):
        parser.add_argument("--admin-password-file", default="/run/secrets/django_admin", type=Path)
        parser.add_argument("--no-admin", action="store_true", help="leave the staff account alone")
        parser.add_argument("--wait", default=ARRIVE_SECONDS, type=float, help="seconds for the products to arrive")

    def handle(self, *, admin_password_file, no_admin, wait=ARRIVE_SECONDS, **options):
        password = None if no_admin else read_password(admin_password_file)
        started, stamp = time.monotonic(), stamp_of(settings.FLOTILLA, "seed")
        if is_done("seed", stamp):
            self.say("already done")
            return
        run_once("seed-people", stamp, lambda: self.people(password))
        try:
            products_await(seconds=wait, say=self.say)
        except NotArrived as error:
            raise CommandError(f"{error} Accounts are written, reviews are not; run it again.") from None
        done = run_once("seed", stamp, self.reviews)
        self.say(f"done in {time.monotonic() - started:.1f} s" if done else "already done")

    def say(self, words: str) -> None:
        self.stdout.write(f"seed: {words}")
        self.stdout.flush()

    def people(self, password: str | None) -> None:
        if password:
            admin_ensure(password=password)
        self.say(f"{people_load()} people")

    def reviews(self) -> None:
        self.say(", ".join(f"{count} {name}" for name, count in reviews_load().items()))


def read_password(path: Path) -> str:
    try:
        return secret_file("the staff password", path)
    except EnvironmentProblem as error:
        raise CommandError(str(error)) from None
