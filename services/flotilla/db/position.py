"""Read your writes: the write-ahead log position that a client's later reads must have seen.

After a commit the primary's flushed position is taken (an acknowledged commit is on disk, so never too low; the insert
position may lie beyond what any standby will ever have) and given to the client, signed, in the cookie `consistency`
and the header X-Consistency-Token.
"""

from django.conf import settings
from django.core import signing
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse

from flotilla.context import Policy, RequestState
from flotilla.db import primaries, wal
from flotilla.db.wal import NOWHERE, Position

COOKIE = "consistency"
HEADER = "X-Consistency-Token"
SQL = f"SELECT {wal.TIMELINE_SQL}, {wal.LSN_SQL}"
# Past every position: only the primary will do. For a write whose position could not be learnt in time.
BEYOND = Position(2**31, 2**63)

_signer = signing.TimestampSigner(salt="flotilla.db.position")


def of(request: HttpRequest) -> Position | None:
    """The position that this client must see; None when it has none, or shows one that is old or not ours."""
    token = request.META.get("HTTP_X_CONSISTENCY_TOKEN") or request.COOKIES.get(COOKIE)
    return None if not token else decode(token)


def decode(token: str) -> Position | None:
    """The position; BEYOND when it is ours, but written by another release: somebody has written something."""
    try:
        told = _signer.unsign(token, max_age=settings.FLOTILLA.consistency_seconds)
    except signing.BadSignature:
        return None
    try:
        timeline, lsn = told.split("-")
        return Position(int(timeline, 16), int(lsn, 16))
    except ValueError:
        return BEYOND


def encode(position: Position) -> str:
    return _signer.sign(f"{position.timeline:x}-{position.lsn:x}")


def remember(state: RequestState, response: HttpResponse) -> None:
    """After a request that wrote, here or in another service: give its position to the client."""
    options = settings.FLOTILLA
    if not options.database_replicas or not (state.wrote or state.told):
        return
    token = encode(max(current(state) if state.wrote else NOWHERE, state.told or NOWHERE))
    response[HEADER] = token
    response.set_cookie(
        COOKIE,
        token,
        max_age=options.consistency_seconds,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def adopt(state: RequestState, token: str | None) -> None:
    """Take what another service's answer tells: what this client reads from now on has seen that too.

    Positions of all services can be compared: their databases are of one cluster.
    """
    told = decode(token) if token else None
    if told is not None:
        state.told = max(told, state.told or NOWHERE)
        state.position = max(told, state.position or NOWHERE)


def current(state: RequestState) -> Position:
    """The primary's flushed position, waited for like a write: a commit must not look lost to who made it."""
    alias = state.home
    while True:
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(SQL)
                return Position(*cursor.fetchone())
        except Error:
            connections[alias].close()
            if state.policy is not Policy.HOLD or not primaries.of(alias).wait(state.hold_until):
                return BEYOND
