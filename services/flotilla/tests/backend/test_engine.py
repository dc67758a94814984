"""The engine: what waits, what is sent again, what is in doubt."""

import time
from types import SimpleNamespace

import psycopg
import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.db.utils import InterfaceError, ProgrammingError

from flotilla import context
from flotilla import settings as parts
from flotilla.db import replicas
from flotilla.db.backend import base
from flotilla.db.backend.base import CommitInDoubt, PrimaryUnavailable
from flotilla.db.backend.connection import PoolerSilent, ServerSilent
from flotilla.db.hosts import HostBook
from flotilla.limiter import Limiter
from flotilla.tests.backend.driver import ENV, LOST, REFUSED, holding, kept, reading, run, wrapper

# -- Connecting


def test_connecting_waits_for_a_primary(db, server, primary):
    server.refusals = [REFUSED, REFUSED]
    with holding():
        run(db, "INSERT 1")
    assert primary.waits == 2
    assert server.log == [(0, "INSERT 1")]


def test_connecting_gives_up_in_time(db, server, primary):
    server.refusals, primary.found = [REFUSED], False
    with holding(), pytest.raises(PrimaryUnavailable):
        run(db, "INSERT 1")


def test_who_waits_for_a_primary_steps_aside(db, server, primary):
    turns, taken = Limiter(1), []
    server.refusals = [REFUSED]
    primary.meanwhile = lambda: taken.append(turns._taken)
    with holding() as state, turns.turn(state):
        run(db, "INSERT 1")
        taken.append(turns._taken)
    assert taken == [0, 1]


@pytest.mark.parametrize("state", [reading, lambda: context.use(None)])
def test_pages_and_commands_do_not_wait(db, server, primary, state):
    server.refusals = [REFUSED]
    with state(), pytest.raises(OperationalError, match="refused"):
        run(db, "SELECT 1")
    assert (primary.waits, primary.downs) == (0, 1)


def test_a_wrong_password_is_not_waited_for(db, server, primary):
    server.refusals = [psycopg.errors.InvalidPassword("wrong")]
    with holding(), pytest.raises(OperationalError):
        run(db, "SELECT 1")
    assert primary.waits == 0


# -- Statements


def test_the_first_statement_of_a_transaction_is_sent_again(db, server, primary):
    server.faults = [LOST, LOST]
    with holding(), transaction.atomic():
        run(db, "INSERT 1", "INSERT 2")
        assert db.in_atomic_block
        assert not db.connection.autocommit
    assert server.log == [(0, "INSERT 1"), (1, "INSERT 1"), (2, "INSERT 1"), (2, "INSERT 2"), (2, "COMMIT")]
    assert primary.waits == 2


def test_a_demoted_primary_is_waited_out(db, server, primary):
    server.faults = [psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")]
    with holding(), transaction.atomic():
        run(db, "INSERT 1")
    assert server.log[-1] == (1, "COMMIT")


def test_the_second_statement_is_not(db, server):
    server.faults = [None, LOST]
    with holding(), pytest.raises(OperationalError), transaction.atomic():
        run(db, "INSERT 1", "INSERT 2")
    assert server.log == [(0, "INSERT 1"), (0, "INSERT 2")]


def test_a_statement_of_its_own_only_when_it_was_not_executed(db, server, primary):
    with holding():
        server.faults = [psycopg.errors.ProtocolViolation("server login has been failing")]
        run(db, "UPDATE 1")
        assert server.log == [(0, "UPDATE 1"), (1, "UPDATE 1")]
        server.faults = [LOST]
        with pytest.raises(OperationalError):
            run(db, "UPDATE 2")
    assert server.log.count((1, "UPDATE 2")) == 1


def test_a_kept_connection_that_died_is_replaced_at_once(db, server, primary):
    kept(db)
    server.faults = [LOST]
    with reading():
        run(db, "SELECT 1")
    assert server.log[-2:] == [(0, "SELECT 1"), (1, "SELECT 1")]
    assert (primary.waits, primary.downs) == (0, 0)


def test_but_not_for_a_write_of_its_own_nor_outside_of_requests(db, server):
    kept(db)
    server.faults = [LOST]
    with reading(), pytest.raises(OperationalError):
        run(db, "UPDATE 1")
    db.close()
    kept(db)
    server.faults = [LOST]
    with pytest.raises(OperationalError):
        run(db, "SELECT 1")


def test_a_silent_server_is_not_asked_twice(db, server, primary):
    kept(db)
    server.faults = [ServerSilent("no answer")]
    with reading() as state:
        with pytest.raises(OperationalError):
            run(db, "SELECT 1")
        assert state.avoid == {"default"}
    assert (primary.downs, primary.doubts) == (0, 1)


def test_a_silent_pooler_is_left_at_once(db, server, primary):
    with holding(), transaction.atomic():
        server.faults = [PoolerSilent("no answer")]
        run(db, "INSERT 1")
    with reading():
        server.faults = [PoolerSilent("no answer")]
        run(db, "SELECT 1")
    assert server.log == [(0, "INSERT 1"), (1, "INSERT 1"), (1, "COMMIT"), (1, "SELECT 1"), (2, "SELECT 1")]
    assert (primary.waits, primary.downs, primary.doubts) == (0, 0, 0)


def test_in_the_middle_of_a_transaction_it_is_not_and_says_nothing_of_the_primary(db, server, primary):
    server.faults = [None, PoolerSilent("no answer")]
    with holding() as state, pytest.raises(OperationalError), transaction.atomic():
        run(db, "INSERT 1", "INSERT 2")
    assert (primary.downs, primary.doubts, state.avoid) == (0, 0, {"default"})


@pytest.mark.parametrize(("failed", "link"), [([], 0), (["a"], 1), (["a", "b"], 0)])
def test_a_pooler_that_others_found_silent_is_left_before_anything_is_sent(db, server, failed, link, monkeypatch):
    monkeypatch.setattr(base, "book", HostBook())
    kept(db)
    for host in failed:
        base.book.failed(host)
    with holding(), transaction.atomic():
        run(db, "INSERT 1")
        base.book.failed("a")
        base.book.worked("b")
        run(db, "INSERT 2")
    assert server.log[1:] == [(link, "INSERT 1"), (link, "INSERT 2"), (link, "COMMIT")]


def test_a_long_read_asks_whether_its_replica_is_lost(server, primary, monkeypatch):
    asked = []
    pool = SimpleNamespace(hurry=lambda: asked.append("hurry"), is_down=lambda alias: alias == "replica_1")
    monkeypatch.setattr(replicas, "pool", lambda: pool)
    db = wrapper("replica_1")
    with reading():
        run(db, "SELECT 1")
    assert server.links[0].is_lost()
    assert asked == ["hurry"]


def test_a_long_read_of_the_primary_leaves_it_when_it_is_lost_and_a_write_does_not(db, server, primary, monkeypatch):
    pool = SimpleNamespace(hurry=lambda: None, has_lost_primary=lambda: True)
    monkeypatch.setattr(replicas, "pool", lambda: pool)
    with reading():
        run(db, "SELECT 1")
        assert server.links[0].is_lost()
    with holding():
        assert not server.links[0].is_lost()


def test_errors_of_the_statement_are_its_own(db, server, primary):
    server.faults = [psycopg.errors.UniqueViolation("taken")]
    with holding(), pytest.raises(IntegrityError), transaction.atomic():
        run(db, "INSERT 1")
    assert (primary.waits, primary.downs) == (0, 0)


def test_many_and_logged_statements_are_sent_again_too(db, server, monkeypatch):
    monkeypatch.setattr(type(db.ops), "last_executed_query", lambda self, cursor, sql, params: sql)
    for debug in (False, True):
        db.force_debug_cursor = debug
        server.faults = [LOST]
        with holding(), transaction.atomic(), db.cursor() as cursor:
            cursor.executemany("INSERT 1", [])
        server.faults = [LOST]
        with holding(), transaction.atomic(), db.cursor() as cursor:
            cursor.execute("INSERT 2")
    assert [sql for _, sql in server.log] == ["INSERT 1", "INSERT 1", "COMMIT", "INSERT 2", "INSERT 2", "COMMIT"] * 2


def test_replicas_fail_fast_and_are_left_alone(server, primary, monkeypatch):
    downs = []
    monkeypatch.setattr(replicas, "pool", lambda: SimpleNamespace(mark_down=downs.append))
    db = wrapper("replica_1")
    server.faults = [LOST]
    with holding() as state:
        with pytest.raises(OperationalError):
            run(db, "SELECT 1")
        assert state.avoid == {"replica_1"}
    assert (downs, primary.waits) == (["replica_1"], 0)


def test_the_aliases_used_are_noted(db):
    with reading() as state:
        run(db, "SELECT 1")
    assert state.aliases == {"default"}


# -- COMMIT


@pytest.mark.parametrize("fault", [LOST, psycopg.errors.ProtocolViolation("server conn crashed?")])
def test_a_commit_whose_answer_is_lost_is_in_doubt(db, server, fault):
    server.faults = [None, fault]
    with holding() as state:
        with pytest.raises(CommitInDoubt), transaction.atomic():
            run(db, "INSERT 1")
        assert state.commit_sent
    assert [sql for _, sql in server.log].count("COMMIT") == 1


def test_a_commit_that_the_server_refuses_is_not(db, server):
    server.faults = [None, psycopg.errors.UniqueViolation("deferred")]
    with pytest.raises(IntegrityError), transaction.atomic():
        run(db, "INSERT 1")


def insert_and_lose_the_link(db):
    with transaction.atomic():
        run(db, "INSERT 1")
        db.connection.closed = True


def test_a_commit_over_a_link_known_to_be_dead_was_not_sent(db, server):
    server.faults = [None, LOST]
    with holding() as state:
        with pytest.raises((OperationalError, InterfaceError)) as caught:
            insert_and_lose_the_link(db)
        assert not isinstance(caught.value, CommitInDoubt)
        assert not state.commit_sent


@pytest.mark.parametrize(("left", "bound"), [(40, 8), (10, 5), (1, 1), (float("inf"), float("inf"))])
def test_commits_answer_is_waited_for_so_long_that_another_run_can_settle_it(db, server, left, bound):
    with holding() as state, transaction.atomic():
        run(db, "INSERT 1")
        state.deadline = time.monotonic() + left
    assert server.links[0].limits[-1] == pytest.approx(bound, abs=0.1)


def test_a_silent_commit_is_in_doubt(db, server, primary):
    server.faults = [None, ServerSilent("no answer")]
    with holding(), pytest.raises(CommitInDoubt), transaction.atomic():
        run(db, "INSERT 1")
    assert (primary.downs, primary.doubts) == (0, 1)


# -- Pings and parameters


def test_usable(db, server):
    assert not db.is_usable()
    run(db, "SELECT 1")
    assert db.is_usable()
    assert server.links[0].limits == [1.0]
    server.links[0].closed = True
    assert not db.is_usable()


def test_no_pings_and_no_server_side_cursors():
    settings = parts.databases(ENV)["default"]
    assert (settings["CONN_HEALTH_CHECKS"], settings["DISABLE_SERVER_SIDE_CURSORS"]) == (False, True)
    assert wrapper().get_connection_params()["prepare_threshold"] is None


def test_programming_errors_pass(db, server):
    server.faults = [psycopg.errors.UndefinedTable("no table")]
    with holding(), pytest.raises(ProgrammingError):
        run(db, "SELECT 1")


def test_a_shards_replica_is_known_by_its_node(server, monkeypatch):
    """What a shard's connection finds out of a node holds for every shard there."""
    downs, asked = [], []
    pool = SimpleNamespace(
        mark_down=downs.append, hurry=lambda: None, is_down=lambda alias: asked.append(alias) or True
    )
    monkeypatch.setattr(replicas, "pool", lambda: pool)
    db = wrapper("shard_1_replica_1")
    kept(db)
    assert db._is_lost()
    server.faults = [LOST, LOST]
    with reading() as state, pytest.raises(OperationalError):
        run(db, "SELECT 1")
    assert state.avoid == {"shard_1_replica_1", "replica_1"}
    assert set(downs) == set(asked) == {"replica_1"}
