"""Database parts without a database: error table, host order, choosing a replica."""

from dataclasses import replace

import psycopg
import pytest
from django.db import utils
from hypothesis import given
from hypothesis import strategies as st

from flotilla.db import choice, errors
from flotilla.db.backend.connection import ServerSilent
from flotilla.db.choice import Node
from flotilla.db.errors import Kind
from flotilla.db.hosts import FORGET_SECONDS, HostBook
from flotilla.db.wal import NOWHERE, Position

TABLE = [
    (psycopg.OperationalError("connection refused"), Kind.NOT_EXECUTED),
    (psycopg.errors.ConnectionTimeout("connection timeout expired"), Kind.NOT_EXECUTED),
    (psycopg.OperationalError("FATAL:  server login has been failing, try again later"), Kind.NOT_EXECUTED),
    (psycopg.errors.ProtocolViolation("query_wait_timeout"), Kind.NOT_EXECUTED),
    (psycopg.errors.ProtocolViolation("pgbouncer is shutting down"), Kind.NOT_EXECUTED),
    (psycopg.errors.ProtocolViolation("server conn crashed?"), Kind.LOST),
    (psycopg.errors.CannotConnectNow("the database system is starting up"), Kind.NOT_EXECUTED),
    (psycopg.errors.TooManyConnections("sorry"), Kind.NOT_EXECUTED),
    (psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT"), Kind.NOT_EXECUTED),
    (psycopg.errors.AdminShutdown("terminating connection"), Kind.LOST),
    (psycopg.errors.CrashShutdown("crash"), Kind.LOST),
    (psycopg.errors.IdleInTransactionSessionTimeout("terminating connection"), Kind.LOST),
    (psycopg.errors.ConnectionFailure("link"), Kind.LOST),
    (psycopg.OperationalError("server closed the connection unexpectedly"), Kind.LOST),
    (psycopg.InterfaceError("the connection is closed"), Kind.LOST),
    (psycopg.InternalError("received 2 results from command 'BEGIN'"), Kind.LOST),
    (psycopg.errors.InternalError_("cache lookup failed"), Kind.OTHER),
    (ServerSilent("no answer"), Kind.LOST),
    (psycopg.errors.SerializationFailure("conflict with recovery"), Kind.CONFLICT),
    (psycopg.errors.DeadlockDetected("deadlock"), Kind.CONFLICT),
    (psycopg.errors.LockNotAvailable("lock timeout"), Kind.CONFLICT),
    (psycopg.errors.DiskFull("could not extend file"), Kind.FULL),
    (psycopg.errors.UniqueViolation("connection refused, says the row"), Kind.OTHER),
    (psycopg.errors.InvalidPassword("wrong"), Kind.OTHER),
    (psycopg.DataError("nul"), Kind.OTHER),
    (ValueError("connection refused"), Kind.OTHER),
]


@pytest.mark.parametrize(("error", "kind"), TABLE, ids=lambda value: str(value)[:40])
def test_error_table(error, kind):
    assert errors.kind(error) is kind
    wrapped = utils.OperationalError("wrapped")
    wrapped.__cause__ = error
    assert errors.kind(wrapped) is kind
    assert errors.is_connection_problem(error) is (kind in {Kind.NOT_EXECUTED, Kind.LOST})


def test_what_may_be_overload():
    slow = [ServerSilent("no answer"), psycopg.errors.TooManyConnections("sorry"), psycopg.Error("query_wait_timeout")]
    assert all(errors.is_only_slow(error) for error in slow)
    assert not errors.is_only_slow(psycopg.OperationalError("connection refused"))


def test_an_error_of_ours_keeps_its_own_kind():
    outer = ValueError("about something else")
    outer.__cause__ = psycopg.OperationalError("connection refused")
    assert errors.driver_error(outer) is outer


def test_a_log_line_quotes_no_values():
    assert errors.in_short(psycopg.Error("conflict\nDETAIL: Key (email)=(a@b.c)")) == "conflict"


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@given(st.lists(st.sampled_from("abc"), max_size=5))
def test_hosts_that_failed_come_last(failures):
    clock = Clock()
    book = HostBook(clock=clock)
    for host in failures:
        clock.now += 0.5
        book.failed(host)
    order = book.order(["a", "b", "c"])
    assert sorted(order) == ["a", "b", "c"]
    healthy = [host for host in order if host not in failures]
    assert order[: len(healthy)] == healthy


def test_a_failure_is_forgotten_in_time_or_by_success():
    clock = Clock()
    book = HostBook(clock=clock, shuffle=lambda hosts: None)
    book.failed("a")
    assert book.order(["a", "b"]) == ["b", "a"]
    book.worked("a")
    assert book.order(["a", "b"]) == ["a", "b"]
    book.failed("a")
    clock.now += FORGET_SECONDS
    assert book.order(["a", "b"]) == ["a", "b"]


@pytest.mark.parametrize(("failures", "worse"), [("", False), ("b", False), ("a", True), ("ab", False), ("abc", False)])
def test_a_host_is_left_only_for_one_that_has_not_failed(failures, worse):
    book = HostBook(clock=Clock())
    for host in failures:
        book.failed(host)
    assert book.is_worse("a", ["a", "b"]) is worse


def test_and_only_for_a_while():
    clock = Clock()
    book = HostBook(clock=clock)
    book.failed("a")
    clock.now += FORGET_SECONDS
    assert not book.is_worse("a", ["a", "b"])


# replica_3 was the primary of timeline 1, and has log of it that nobody confirmed.
NODES = [
    Node("replica_1", healthy=True, is_replica=False, position=Position(2, 1000)),
    Node("replica_2", healthy=True, is_replica=True, position=Position(2, 900)),
    Node("replica_3", healthy=True, is_replica=True, position=Position(1, 950)),
    Node("replica_4", healthy=False, is_replica=True, position=Position(2, 1000)),
]
BRANCH = 850  # where timeline 2 begins


@given(st.integers(1, 2), st.integers(0, 1100), st.sets(st.sampled_from(["replica_2", "replica_3"])))
def test_never_a_node_that_misses_the_position(timeline, lsn, avoid):
    holds = {"replica_2": lsn <= 900, "replica_3": lsn <= 950 if timeline == 1 else lsn <= BRANCH}
    for choose in (choice.pick, choice.freshest):
        alias = choose(NODES, position=Position(timeline, lsn), avoid=avoid)
        assert alias is None or (holds[alias] and alias not in avoid)
        assert alias is not None or not holds["replica_2"] or "replica_2" in avoid


POSITIONS = st.builds(Position, st.integers(0, 3), st.integers(0, 3))


@given(POSITIONS, POSITIONS, POSITIONS)
def test_who_has_passed_a_position_is_no_earlier_and_has_passed_what_that_has(one, two, three):
    assert one.has_passed(one)
    assert one.has_passed(NOWHERE)
    assert one >= two or not one.has_passed(two)
    assert one.has_passed(three) or not (one.has_passed(two) and two.has_passed(three))
    assert not Position(one.timeline, 9).has_passed(Position(one.timeline + 1, 0))
    assert not Position(9, one.lsn).has_passed(Position(0, one.lsn + 1))


def test_without_a_primary_a_longer_log_of_an_older_timeline_leaves_it_open_who_is_furthest():
    """Its node may be on the new timeline and have told nobody: then what was acknowledged is there only."""
    away, short = Node("replica_1"), Node("replica_2", healthy=True, is_replica=True, position=Position(2, 100))
    long = Node("replica_3", healthy=True, is_replica=True, position=Position(1, 120))
    assert choice.furthest_left([away, short, long]) is None
    assert choice.furthest_left([away, short, replace(long, position=Position(2, 120))]).alias == "replica_3"
    assert choice.furthest_left([away, short, replace(long, position=Position(1, 100))]) == short


def test_without_a_primary_log_that_is_received_and_not_replayed_leaves_it_open_what_was_acknowledged():
    """A standby confirms a commit when it is on its disk; a reader's query may hold its replay back."""
    away, ahead = Node("replica_1"), Node("replica_2", True, True, Position(1, 100), received=100)
    held = Node("replica_3", True, True, Position(1, 90), received=105)
    assert choice.furthest_left([away, ahead, held]) is None
    assert choice.furthest_left([away, ahead, replace(held, received=101)]) is None
    assert choice.furthest_left([away, ahead, replace(held, received=100)]) == ahead
    assert choice.furthest_left([away, replace(ahead, received=105), replace(held, received=90)]) is None
    caught_up = replace(held, position=Position(1, 105))
    assert choice.furthest_left([away, ahead, caught_up]) == caught_up


def test_an_old_primary_that_still_says_it_leads_is_not_read_by_name():
    alone = Node("replica_1", healthy=True, position=Position(1, 900))
    assert choice.primary([alone], position=Position(1, 900)) == "replica_1"
    assert choice.primary([alone], position=Position(2, 380)) is None


def test_the_freshest_and_the_lag_gate():
    assert choice.freshest(NODES, position=None) == "replica_2"
    assert choice.pick([], position=None) is None
    behind = Node("replica_5", healthy=True, is_replica=True, position=Position(1, choice.LAG_LIMIT_BYTES))
    ahead = Node("replica_6", healthy=True, is_replica=True, position=Position(1, 2 * choice.LAG_LIMIT_BYTES + 1))
    assert choice.usable([behind, ahead], position=None) == [ahead]


def test_a_standby_serves_while_it_finds_the_new_primary():
    """Who has not written on the new timeline reads there: else one failover would send all reads to one node."""
    finding = Node("replica_3", healthy=True, is_replica=True, position=Position(1, BRANCH))
    assert choice.usable([NODES[0], finding], position=None) == [finding]
    assert choice.usable([NODES[0], finding], position=Position(1, BRANCH)) == [finding]
    assert choice.usable([NODES[0], finding], position=Position(2, BRANCH - 1)) == []
