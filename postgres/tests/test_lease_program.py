"""The program around the rounds: its metrics, its environment, its restarts."""

import functools
import importlib
import json
import socket
import urllib.request

import pytest
from pgnode import supervise

ENVIRON = {"NET_PREFIX": "10.77", "NODE": "2", "EARLY_RELEASE": "0", "ROOM_MB": "64"}


@pytest.fixture
def metrics():
    pytest.importorskip("prometheus_client", reason="the metrics need prometheus_client")
    return importlib.import_module("lease.metrics")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_each_step_is_counted_from_the_start_and_each_reason_for_none(metrics, capsys):
    port = free_port()
    metrics.serve(port, False)
    metrics.tell("released", leader="postgres-1", revision=3)
    metrics.tell("round", reason="the log arrives")
    metrics.tell("round", reason="in doubt: nobody answers")
    metrics.tell("round", reason="in doubt: nor does anybody now")
    metrics.tell("not alone")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    assert {"flotilla_lease_enabled 0.0", "flotilla_lease_fenced 0.0"} <= set(lines)
    steps = dict(line.split() for line in lines if line.startswith("flotilla_lease_steps_total{"))
    assert steps == {f'flotilla_lease_steps_total{{step="{s}"}}': str(float(s == "released")) for s in metrics.STEPS}
    reasons = {line for line in lines if line.startswith("flotilla_lease_reasons_total{")}
    assert reasons == {
        'flotilla_lease_reasons_total{reason="the log arrives"} 1.0',
        'flotilla_lease_reasons_total{reason="in doubt"} 2.0',
    }
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["logger"]) for line in said] == [
        (event, "lease") for event in ("released", "round", "round", "round", "not alone")
    ]


@pytest.fixture
def program(metrics, postgres, monkeypatch, tmp_path):
    main = importlib.import_module("lease.__main__")
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(main.render, "secret", lambda name: f"secret of {name}")
    monkeypatch.setattr(main.volume, "of_node", functools.partial(main.volume.of_node, path=tmp_path))
    return main


def test_the_program_serves_its_metrics_and_goes_round_after_round(program, monkeypatch, tmp_path):
    made, served, slept = [], [], []

    class Warden:
        fenced_at = None

        def __init__(self, name, own, store, *_, enabled, is_full):
            made.append((name, store.hosts, enabled, is_full.__self__.path))

        def round(self):
            return 0.25

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(program, "Warden", Warden)
    monkeypatch.setattr(program.metrics, "serve", lambda port, enabled: served.append((port, enabled)))
    monkeypatch.setattr(program.alone, "watch", lambda alone: served.append(alone.me))
    monkeypatch.setattr(program.agent, "serve", lambda is_alone: served.append(is_alone()))
    monkeypatch.setattr(program.time, "sleep", sleep)
    with pytest.raises(KeyboardInterrupt):
        program.main()
    assert made == [("postgres-2", ["10.77.4.71", "10.77.4.72", "10.77.4.73"], False, tmp_path)]
    assert (served, slept) == ([(8009, False), "postgres-2", False], [0.25] * 3)


WRONG = [{"EARLY_RELEASE": "yes"}, {"EARLY_RELEASE": ""}, {"NODE": "x"}, {"NET_PREFIX": ""}, {"ROOM_MB": "much"}]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_environment_is_refused_in_one_sentence(program, monkeypatch, wrong):
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=rf"^lease: {next(iter(wrong))}="):
        program.main()


def test_it_is_started_again_when_it_ends_or_cannot_start(monkeypatch, capsys):
    ends = iter([1, OSError("Resource temporarily unavailable"), -9])

    def call(command):
        end = next(ends, None)
        if isinstance(end, OSError):
            raise end
        if end is None:
            raise KeyboardInterrupt
        return end

    monkeypatch.setattr(supervise.subprocess, "call", call)
    with pytest.raises(KeyboardInterrupt):
        supervise.keep_running(["python3", "-m", "lease"], pause=lambda seconds: None)
    said = capsys.readouterr().out
    assert said.count("starting it again") == 3
    assert "lease does not start (Resource temporarily unavailable)" in said
