"""Passwords, hashed by Django, and only so many at once: a hash is work for a core, and attempts are free.

Who waits for a turn has a thread, and of a login nothing else: no transaction, no key. After a few seconds, or at once
when too many wait already, it is refused: a flood of logins occupies some threads of a replica, and never all.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.contrib.auth import hashers

from flotilla import context
from flotilla.limiter import Limiter, Overloaded

WAITING = 12  # for each hash at once: as many as can be done in the time that anybody waits
NOBODYS = hashers.UNUSABLE_PASSWORD_PREFIX  # of no account: Django hashes all the same, so that it takes as long


class Busy(Exception):
    """So many passwords are being checked that this one would have to wait too long. Nothing was checked."""


def password_hash(*, password: str) -> str:
    """Raises Busy."""
    with _turn():
        return hashers.make_password(password)


def password_check(*, password: str, known: str, renew: Callable[[str], None] = lambda hashed: None) -> bool:
    """Whether it is the one that was hashed; `known` is NOBODYS where there is no account.

    `renew` gets the hash anew when Django would make another one by now, as with more iterations. Raises Busy.
    """
    with _turn():
        return hashers.check_password(password, known, lambda raw: renew(hashers.make_password(raw)))


@contextmanager
def _turn() -> Iterator[None]:
    try:
        with _turns(settings.HASHES_AT_ONCE).turn(context.current() or context.RequestState()):
            yield
    except Overloaded as error:
        raise Busy from error


@cache
def _turns(limit: int) -> Limiter:
    """The one of this process."""
    return Limiter(limit, queue=WAITING * limit)
