"""A disk is filled only where it is small, by a container beside the node, and has room again whatever became of it."""

import pytest
import yaml
from stack.engine import ROOT, Absent, Container

from drills import disk, undo
from drills.undo import Journal

NODES = tuple(Container(f"postgres-{n}", 1, f"id{n}", "running", f"stack-postgres-{n}-1") for n in (1, 2, 3))
LIMITED = {"type": "tmpfs", "o": "size=768m,mode=0700"}


@pytest.fixture
def options(monkeypatch) -> dict[str, dict | None]:
    """Node -> the options of its volume; change them."""
    found: dict[str, dict | None] = {f"id{n}": LIMITED for n in (1, 2, 3)}

    def api(path: str) -> dict:
        _, kind, name, *_ = path.split("/")
        if kind == "volumes":
            return {"Options": found[name.removeprefix("data-of-")]}
        if name not in found:
            raise Absent("No such container")
        mounts = [{"Name": "other", "Destination": "/other"}, {"Name": f"data-of-{name}", "Destination": "/data"}]
        return {"Config": {"Image": "stack/postgres:local", "User": "postgres"}, "Mounts": mounts}

    monkeypatch.setattr(disk, "api", api)
    monkeypatch.setattr(disk, "containers", lambda **_: [*NODES, Container("web", 1, "w", "running", "web-1")])
    return found


@pytest.fixture
def done(monkeypatch) -> list[tuple]:
    found: list[tuple] = []
    monkeypatch.setattr(disk.aside, "run", lambda *call, **how: found.append((*call, how)))
    monkeypatch.setattr(disk.aside, "start", lambda *call, **how: found.append((*call, how)))
    monkeypatch.setattr(disk.aside, "remove", lambda name: found.append((name, "removed")))
    return found


BESIDE = {
    "image": "stack/postgres:local", "user": "postgres",
    "Mounts": [{"Type": "volume", "Source": "data-of-id2", "Target": "/data"}],
}  # fmt: skip


def test_it_is_filled_and_kept_full_beside_the_node_and_outside_of_its_data(options, done):
    disk.fill([NODES[1]])
    assert [(name, how) for name, _, how in done] == [("disk", BESIDE)] * 2
    scripts = [command[-1] for _, command, _ in done]
    assert all("of=/data/drill-fill " in script for script in scripts)
    assert "exit 1" in scripts[0]
    assert scripts[1].startswith("while :")


def test_the_journal_makes_room_whether_or_not_the_node_runs(options, done, monkeypatch, tmp_path):
    facts = {"Id": "id2", "Name": "/stack-postgres-2-1", "NetworkSettings": {"Networks": {}}}
    state = {"State": {"Paused": False, "Running": False}}
    started = []
    monkeypatch.setattr(undo, "api", lambda _: facts | state)
    monkeypatch.setattr(undo, "post", started.append)
    Journal(tmp_path).write([NODES[1]], "disk")
    assert Journal(tmp_path).undo() == ["stack-postgres-2-1 started", "stack-postgres-2-1 has room again"]
    assert started == ["/containers/id2/start"]
    assert done == [("disk", "removed"), ("disk", ["rm", "-f", "/data/drill-fill"], BESIDE)]


def test_of_a_node_that_has_gone_nothing_is_emptied(options, done):
    assert disk.mend([{"id": "gone", "name": "gone"}]) == []


@pytest.mark.parametrize("large", [None, {}, {"type": "nfs", "o": "addr=10.0.0.1"}])
def test_a_disk_that_is_not_small_is_not_filled_and_the_way_to_one_is_said(options, large):
    assert disk.lacks(NODES) == ""
    options["id3"] = large
    assert disk.lacks(NODES) == (
        "it would fill this machine's disk. On volumes of limited size it can: make reset, then SMALL_DISKS=1 make up."
    )


def test_where_data_ends_with_its_container_not_all_may_go_at_once(options):
    assert "all of it would be gone" in disk.forgets(())
    options.update(dict.fromkeys(options))
    assert disk.forgets(()) == ""
    assert not disk.are_small()


def test_the_override_s_volumes_are_those_of_the_nodes_and_fit_their_user():
    override = yaml.safe_load((ROOT / "drills/small-disks.yml").read_text())
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    user = "uid=10011,gid=10011"
    assert user.partition(",")[0].replace("=", " ") in (ROOT / "postgres/Dockerfile").read_text()
    for name in ("postgres-1", "postgres-2", "postgres-3"):
        assert compose["services"][name]["volumes"] == [f"{name}:{disk.PLACE}"]
        options = override["volumes"][name]["driver_opts"]
        assert options["type"] == "tmpfs"
        assert "size=" in options["o"]
        assert user in options["o"]
