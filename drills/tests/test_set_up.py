"""What decides a run's figures is asked of the stack that runs, not of the settings that somebody has here."""

import pytest
from stack.engine import Container

from drills import set_up


@pytest.mark.parametrize(
    ("settings", "early"),
    [("111", True), ("000", False), ("110", False), ("11 ", False), ("", False)],
)
def test_early_release_is_on_where_every_node_has_it_on(monkeypatch, settings, early):
    nodes = [Container(f"postgres-{n}", 1, str(n), "running", f"postgres-{n}") for n in range(1, len(settings) + 1)]
    others = [Container("web", 1, "9", "running", "web-1")]
    monkeypatch.setattr(set_up, "containers", lambda **_: [*nodes, *others])

    def api(path: str) -> dict:
        value = settings[int(path.split("/")[2]) - 1].strip()
        return {"Config": {"Env": ["NODE=1", *([f"EARLY_RELEASE={value}"] if value else [])]}}

    monkeypatch.setattr(set_up, "api", api)
    assert set_up.early_release() is early


def test_results_from_before_it_was_asked_are_of_a_stack_without():
    assert not set_up.is_early({"victim": "postgres-primary", "set_up": {"rate": 20}})
    assert set_up.is_early({"victim": "postgres-primary", "set_up": {"early_release": True}})


@pytest.mark.parametrize(
    ("victim", "decides"),
    [("postgres-primary", True), ("postgres-primary+etcd", True), ("stack", True), ("web", False),
     ("postgres-standby", False), ("etcd", False)],
)  # fmt: skip
def test_early_release_is_another_question_only_where_a_leader_is_hit(victim, decides):
    on, off = ({"victim": victim, "set_up": {"early_release": early}} for early in (True, False))
    assert (set_up.of_stack(on) != set_up.of_stack(off)) is decides
