import pytest
from pgnode.handover import LIMIT, Handover, leader, successors


def member(name, role="replica", state="streaming"):
    return {"name": name, "role": role, "state": state}


LEADING = [member("a", "leader", "running"), member("b", "quorum_standby"), member("c", "quorum_standby")]
MOVED = [member("a", "replica", "stopped"), member("b", "leader", "running"), member("c")]
BETWEEN = [member("a", "replica", "stopped"), member("b"), member("c")]
ALONE = [member("a", "leader", "running"), member("b", state="stopped"), member("c", state="crashed")]


class Api:
    """Answers GET /cluster from a list of states, the last one for ever; the switchover with one status."""

    def __init__(self, *states, status=200):
        self.states, self.status, self.posts = list(states), status, []

    def call(self, method, path, body=None, timeout=None):
        if method == "POST":
            self.posts.append((path, body))
            return self.status, "said Patroni"
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return 200, {"members": state}


class Time:
    now = 0.0

    def clock(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def hand_over(api, time=None):
    time = time or Time()
    attempt = Handover(api, "a", time.clock, time.sleep)
    return attempt.run()


def test_leader_and_successors():
    assert leader(LEADING) == "a"
    assert leader(BETWEEN) is None
    assert successors(LEADING, "a") == ["b", "c"]
    assert successors(ALONE, "a") == []


def test_a_leader_with_standbys_switches_and_waits_for_the_new_leader():
    api = Api(LEADING, LEADING, BETWEEN, MOVED)
    assert hand_over(api) == "handed over to b"
    assert api.posts == [("/switchover", {"leader": "a"})]


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ([MOVED], "not the leader"),
        ([BETWEEN], "not the leader"),
        ([ALONE], "no standby is alive"),
        ([ConnectionRefusedError()], "Patroni does not answer"),
    ],
)
def test_nothing_is_asked_when_there_is_nothing_to_hand_over(states, sentence):
    api = Api(*states)
    assert sentence in hand_over(api)
    assert api.posts == []


def test_all_stopped_at_once_ends_when_the_last_standby_has_gone():
    assert "last standby has gone" in hand_over(Api(LEADING, LEADING, ALONE))


def test_a_refusal_ends_it_at_once():
    time = Time()
    attempt = Handover(Api(LEADING, status=412), "a", time.clock, time.sleep)
    attempt.ask()
    assert attempt.outcome() == "hand-over refused: said Patroni"


def test_a_hand_over_that_never_ends_is_bounded():
    time = Time()
    assert "no new leader" in hand_over(Api(LEADING, LEADING, BETWEEN), time)
    assert LIMIT <= time.now < LIMIT + 1


def test_a_patroni_that_falls_silent_on_the_way_is_bounded_too():
    time = Time()
    assert "no new leader" in hand_over(Api(LEADING, ConnectionResetError()), time)
    assert time.now < LIMIT + 1
