"""When a leader without room steps down: each condition alone keeps it where it is."""

import json
import subprocess

import pytest
from lease_world import HOSTS, STRICT, A, B, P, Store
from room import watch
from room.volume import MB, Volume


class Disk(Volume):
    """A volume that is full, or not."""

    full, free, size = True, 0, 700 * MB

    def __init__(self):
        super().__init__("/data", 64 * MB)

    def is_full(self):
        if isinstance(self.full, OSError):
            raise self.full
        return self.full


class Place:
    """One node, its etcd and what the others say of their room."""

    def __init__(self):
        self.store, self.disk, self.left, self.asked = Store(), Disk(), {HOSTS[A]: 64 * MB, HOSTS[B]: 90 * MB}, []
        self.watch = watch.Watch(P, self.disk, self.store, self.free, pause=lambda seconds: None)

    def free(self, host):
        self.asked.append(host)
        return self.left.get(host, 0)

    def rounds(self, count=watch.ROUNDS):
        return [self.watch.is_time() for _ in range(count)]


@pytest.fixture
def place():
    return Place()


def test_a_leader_without_room_steps_down_after_three_rounds(place, capsys):
    assert place.rounds() == [False, False, True]
    assert "no room on /data (0 MB left): stepping down, both other nodes have room" in capsys.readouterr().out


def test_a_round_with_room_begins_the_count_anew(place):
    assert place.rounds(2) == [False, False]
    place.disk.full = False
    place.rounds(1)
    place.disk.full = True
    assert place.rounds() == [False, False, True]


def test_with_room_nobody_is_asked_anything(place):
    place.disk.full, place.store.away = False, True
    place.rounds(5)
    assert place.asked == []


def put(place, name, value):
    place.store.put(name, json.dumps(value) if isinstance(value, dict) else value)


def member(place, name, **changes):
    put(place, f"members/{name}", {"conn_url": f"postgres://{HOSTS[name]}:5432/postgres"} | changes)


CONDITIONS = {
    "another leads": (lambda place: put(place, "leader", A), "this node is not the leader"),
    "nobody leads": (lambda place: place.store.delete("leader"), "this node is not the leader"),
    "maintenance": (lambda place: put(place, "config", STRICT | {"pause": True}), "the cluster is paused"),
    "a switchover": (lambda place: put(place, "failover", {"leader": P}), "a switchover is under way"),
    "not strict": (lambda place: put(place, "config", STRICT | {"synchronous_mode_strict": False}), "not strictly"),
    "one voter": (lambda place: put(place, "sync", {"leader": P, "sync_standby": A}), "not both other nodes confirm"),
    "the voters of another": (lambda place: put(place, "sync", {"leader": B, "sync_standby": f"{A},{B}"}), "not both"),
    "one that does not stream": (lambda place: member(place, B, replication_state="in archive recovery"), "not both"),
    "one whose Patroni is gone": (lambda place: place.store.delete(f"members/{B}"), "not both"),
    "little room on one": (lambda place: place.left.update({HOSTS[B]: 64 * MB - 1}), f"enough room from {B}"),
    "no answer of both": (lambda place: place.left.clear(), f"enough room from {A} and {B}"),
    "an answer that is no number": (lambda place: place.left.update({HOSTS[A]: float("nan")}), f"room from {A}"),
    "etcd is away": (lambda place: setattr(place.store, "away", True), "in doubt: no etcd answers"),
    "nonsense in etcd": (lambda place: put(place, "sync", "[]"), "in doubt"),
}  # fmt: skip


@pytest.mark.parametrize("condition", CONDITIONS)
def test_without_any_one_condition_it_stays_and_says_why_once(place, capsys, condition):
    change, reason = CONDITIONS[condition]
    change(place)
    assert not any(place.rounds(10))
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("node: no room on /data: nothing is done, ")
    assert reason in line


def test_room_that_comes_back_is_news_and_so_is_another_want_of_it(place, capsys):
    put(place, "leader", A)
    for full in (True, False, True):
        place.disk.full = full
        place.rounds()
    stays = "node: no room on /data: nothing is done, this node is not the leader"
    assert capsys.readouterr().out.splitlines() == [stays, "node: room again on /data", stays]


def test_a_volume_that_cannot_be_looked_at_is_a_doubt(place, capsys):
    place.disk.full = OSError(5, "Input/output error")
    assert not any(place.rounds(5))
    assert capsys.readouterr().out.count("in doubt: [Errno 5]") == 1


# -- Over a Patroni ----------------------------------------------------------------------------------------------------


@pytest.fixture
def patroni():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_patroni_is_killed_after_what_comes_before(place, patroni):
    seen = []
    place.watch.before = lambda: seen.append(patroni.poll())
    place.watch.over(patroni)
    assert patroni.wait() == -9
    assert seen == [None], "it still ran"
    assert place.watch.stepped_down


def test_patroni_is_killed_whatever_becomes_of_it(place, patroni):
    def fails():
        raise ConnectionResetError

    place.watch.before = fails
    with pytest.raises(ConnectionResetError):
        place.watch.over(patroni)
    assert patroni.wait() == -9
    assert place.watch.stepped_down


def test_a_patroni_that_ends_by_itself_is_no_step(place, patroni):
    place.watch.stepped_down = True  # of the one before
    patroni.kill()
    patroni.wait()
    place.watch.over(patroni)
    assert not place.watch.stepped_down
