import pytest

from drills.matrix import every
from drills.targets import HARM, ROWS, Limit, of, under, within


@pytest.mark.parametrize(
    ("early", "gaps"),
    [(False, ["≤ 24 s", "≤ 5 s", "≤ 24 s", "≤ 24 s", "≤ 3 s"]), (True, ["≤ 6 s", "≤ 3 s", "≤ 8 s", "≤ 8 s", "≤ 3 s"])],
)
def test_the_primary_may_let_writes_wait_but_nothing_fail(early, gaps):
    rows = [of("postgres-primary", fault, early=early) for fault in ("kill", "stop", "pause", "cut", "switchover")]
    assert [str(row.write_gap) for row in rows] == gaps
    assert all(str(row.read_gap) == "< 2 s" and str(row.failed) == "0" for row in rows)


def test_two_at_once_may_take_two_seconds_longer_than_the_primary_alone():
    for early in (False, True):
        alone = of("postgres-primary", "kill", early=early)
        for victim in ("etcd", "haproxy", "redis-master"):
            both = of(f"postgres-primary+{victim}", "kill", early=early)
            assert both.write_gap.most == alone.write_gap.most + 2
            assert str(both.failed) == "0"


@pytest.mark.parametrize("fault", ["cut-voter", "cut-etcd", "slow"])
def test_a_primary_that_reaches_a_voter_stays(fault):
    row = of("postgres-primary", fault)
    assert (row.failovers, str(row.failed)) == (Limit(0), "0")
    assert row.write_gap.most <= 3


def test_one_that_reaches_none_is_replaced_where_leases_are_released_early():
    assert str(of("postgres-primary", "cut-voters", early=True).write_gap) == "≤ 8 s"
    assert of("postgres-primary", "cut-voters").write_gap is None


def test_the_median_of_kills_is_judged_where_leases_are_released_early():
    assert str(of("postgres-primary", "kill", early=True).write_gap_median) == "≤ 4.5 s"
    assert of("postgres-primary", "kill").write_gap_median is None
    assert of("web", "kill", early=True) == of("web", "kill")


@pytest.mark.parametrize("victim", ["web", "haproxy", "pgbouncer", "etcd", "sentinel", "cache", "redis-master"])
@pytest.mark.parametrize("fault", HARM)
def test_a_single_container_may_fail_nothing(victim, fault):
    row = of(victim, fault)
    assert (str(row.failed), str(row.write_gap), str(row.read_gap)) == ("0", "< 2 s", "< 2 s")


def test_of_nginx_only_the_return_is_judged_and_the_writes():
    row = of("nginx", "kill")
    assert (row.failed, row.write_gap, row.read_gap) == (None, None, None)
    assert str(row.back_after) == "≤ 2 s"
    assert not row.lost.holds(1)


def test_every_row_promises_that_no_write_is_lost_doubled_or_unseen_and_needs_no_operator():
    for row in ROWS:
        for limits in filter(None, (row.targets, row.early)):
            assert (limits.lost, limits.twice, limits.unseen, limits.operator) == (Limit(0),) * 4
            assert limits.whole_after.most <= (180 if row.victims == ("stack",) else 120)


def test_of_the_whole_stack_the_first_write_is_judged_and_that_nobody_takes_over_from_who_lives():
    for fault in ("stop", "kill"):
        assert str(of("stack", fault).write_back_after) == "≤ 60 s"
    assert of("stack", "starve").failovers == Limit(0)
    assert {of("stack", fault).failed for fault in ("stop", "kill", "starve")} == {None}


def test_no_pair_has_two_rows():
    pairs = [(victim, fault) for row in ROWS for victim in row.victims for fault in row.faults]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize(("victim", "fault"), [("teapot", "kill"), ("cache", "switchover")])
def test_a_pair_without_targets_is_an_error(victim, fault):
    with pytest.raises(LookupError, match=f"no target for {victim} {fault}"):
        of(victim, fault)


def test_a_limit_holds_to_its_edge_and_never_for_what_was_not_measured():
    assert within(5).holds(5)
    assert not under(5).holds(5)
    assert not Limit(0).holds(None)


@pytest.mark.parametrize("cell", every(), ids=str)
def test_every_cell_of_the_matrix_has_targets(cell):
    assert of(cell.victim.name, cell.fault.name)


def test_every_target_is_of_a_cell_of_the_matrix():
    cells = {(cell.victim.name, cell.fault.name) for cell in every()}
    assert {(victim, fault) for row in ROWS for victim in row.victims for fault in row.faults} == cells
