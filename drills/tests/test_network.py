"""Rules in the victim's network: whom they cut off, that they are always lifted, and what `slow` sends where."""

import pytest
from stack import direct
from stack.engine import Absent, Container

from drills import matrix, network, undo
from drills.tests.engine import Engine
from drills.undo import Journal

PRIMARY = Container("postgres-2", 1, "id2", "running", "stack-postgres-2-1")
OTHERS = [direct.POSTGRES[name] for name in ("postgres-1", "postgres-3")]


@pytest.fixture
def done(monkeypatch) -> list[tuple]:
    """What was run in which network, in its order; asides are named."""
    found: list[tuple] = []
    monkeypatch.setattr(network, "iptables", lambda place, script, *words: found.append((place, script, *words)))
    monkeypatch.setattr(network.aside, "start", lambda name, command, **how: found.append((name, command, how)))
    monkeypatch.setattr(network.aside, "remove", lambda name: found.append((name, "removed")))
    monkeypatch.setattr(network, "accepts", lambda *_: True)
    return found


def rules(done) -> list[str]:
    (text,) = [words[0] for place, script, *words in done if script == network.INSTALL]
    return text.splitlines()


@pytest.mark.parametrize(
    ("fault", "addresses"),
    [
        ("cut-voters", OTHERS),
        ("cut-voter", OTHERS[:1]),
        ("cut-etcd", list(direct.ETCD.values())),
        ("cut-peers", [*OTHERS, *direct.ETCD.values()]),
    ],
)
def test_a_cut_drops_both_ways_and_only_whom_it_names(done, fault, addresses):
    matrix.named("fault", fault).act([PRIMARY])
    assert {place for place, *_ in done} == {"container:id2"}
    dropped = [line for line in rules(done) if "DROP" in line]
    assert dropped == [f"-A drill -{end} {address} -j DROP" for address in addresses for end in "sd"]
    assert not any(direct.POSTGRES["postgres-2"] in line for line in rules(done))


def test_the_chain_comes_before_all_other_rules_and_an_old_one_goes_first(done):
    network.cut_voters([PRIMARY])
    assert [script for _, script, *_ in done] == [network.LIFT, network.INSTALL]
    assert [line for line in rules(done) if line.startswith("-I")] == ["-I INPUT -j drill", "-I OUTPUT -j drill"]


def test_slow_sends_what_comes_from_others_to_a_proxy_that_listens_and_resets_who_was_there_before(done):
    network.slow([PRIMARY])
    (name, command, how), *_ = done
    address = direct.POSTGRES["postgres-2"]
    assert (name, how) == ("slow", {"NetworkMode": "container:id2"})
    assert command[:2] == ["python", "-c"]
    assert command[3:] == ["0.01", f"25432:{address}:5432", f"28008:{address}:8008"]
    lines = rules(done)
    for port, proxy in ((5432, 25432), (8008, 28008)):
        assert f"-A drill -d {address} -p tcp --dport {port} -j REDIRECT --to-ports {proxy}" in lines
        reset = f"-d {address} -p tcp --dport {port} ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset"
        assert f"-A drill {reset}" in lines
    assert lines.index("-A drill -o lo -j RETURN") < lines.index(
        "-A drill -m statistic --mode random --probability 0.01 -j DROP"
    )


def test_a_proxy_that_does_not_listen_gets_no_connections(done, monkeypatch):
    monkeypatch.setattr(network, "READY", 0)
    monkeypatch.setattr(network, "accepts", lambda *_: False)
    with pytest.raises(AssertionError, match="the slow proxy listens"):
        network.slow([PRIMARY])
    assert not [script for _, script, *_ in done if script == network.INSTALL]


# -- Undoing -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(monkeypatch) -> Engine:
    engine = Engine("postgres-2.1")
    for module, name in ((undo, "api"), (undo, "post"), (network, "api")):
        monkeypatch.setattr(module, name, getattr(engine, name))
    return engine


@pytest.mark.parametrize("fault", ["cut-voters", "cut-voter", "cut-etcd", "cut-peers", "slow"])
def test_the_journal_lifts_the_rules_and_then_ends_the_proxy(engine, done, monkeypatch, tmp_path, fault):
    Journal(tmp_path).write(engine.containers(), matrix.named("fault", fault).mend)
    monkeypatch.setattr(network, "iptables", lambda *call: done.append(call) or "lifted")
    assert Journal(tmp_path).undo() == ["postgres-2.1 hears all others again, and at once"]
    assert done == [("container:postgres-2.1", network.LIFT), ("slow", "removed")]
    assert not Journal(tmp_path).is_left()


def test_other_faults_need_no_rules_lifted(engine, done, tmp_path):
    Journal(tmp_path).write(engine.containers(), matrix.named("fault", "kill").mend)
    Journal(tmp_path).undo()
    assert done == []


def test_rules_that_cannot_be_lifted_leave_the_journal(engine, monkeypatch, done, tmp_path):
    def refused(*_):
        raise AssertionError("Permission denied")

    monkeypatch.setattr(network, "iptables", refused)
    Journal(tmp_path).write(engine.containers(), "network")
    with pytest.raises(AssertionError, match="Permission denied"):
        Journal(tmp_path).undo()
    assert Journal(tmp_path).is_left(), "the next one tries again"


def test_of_a_container_that_has_gone_nothing_is_lifted(done, monkeypatch):
    def absent(_):
        raise Absent("No such container")

    monkeypatch.setattr(network, "api", absent)
    assert network.mend([{"id": "gone", "name": "gone"}]) == []
    assert done == [("slow", "removed")]


def test_a_kernel_without_packet_rules_is_said(monkeypatch):
    def refused(*_):
        raise AssertionError("iptables: Protocol not supported")

    monkeypatch.setattr(network, "iptables", refused)
    network.lacks.cache_clear()
    assert "takes no packet rules (iptables: Protocol not supported)" in network.lacks(())
    network.lacks.cache_clear()
    monkeypatch.setattr(network, "iptables", lambda *_: "")
    assert network.lacks(()) == ""
    network.lacks.cache_clear()
