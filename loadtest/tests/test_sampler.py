"""What the sampler reads: cgroup v1 and v2, HAProxy's pools, containers that come and go. And its own process."""

import os
import time

import pytest

from loadtest import cgroups
from loadtest.sampler import Aside, Broken, Sampler, between, host_times, listed, pools, process_seconds, short, stolen

ID = "a" * 64
CSV = """# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight
web,web-1,1,5,32,32,32,4,0,0,0,0,0,0,0,0,0,UP,"a, b"
web,web-2,0,0,3,9,32,4,0,0,0,0,0,0,0,0,0,UP 1/2,1
web,web-3,0,0,0,0,32,4,0,0,0,0,0,0,0,0,0,MAINT (resolution),1
web,BACKEND,3,9,35,40,200,8,0,0,0,0,0,0,0,0,0,UP,1
pg,pg-1,0,0,2,2,,8,0,0,0,0,0,0,0,0,0,UP,1
pg,BACKEND,0,0,2,2,200,8,0,0,0,0,0,0,0,0,0,UP,1

"""


def lay(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.fixture(params=["v1", "v2"])
def container(request, tmp_path, monkeypatch):
    """The same facts as each version writes them."""
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    cgroups.folder.cache_clear()
    if request.param == "v1":
        lay(tmp_path, {
            f"cpuacct/docker/{ID}/cpuacct.usage": "2500000000\n",
            f"cpu/docker/{ID}/cpu.stat": "nr_periods 40\nnr_throttled 10\nthrottled_time 5\n",
            f"cpu/docker/{ID}/cpu.cfs_quota_us": "50000\n",
            f"cpu/docker/{ID}/cpu.cfs_period_us": "100000\n",
            f"memory/docker/{ID}/memory.usage_in_bytes": "3000\n",
            f"memory/docker/{ID}/memory.stat": "cache 5\ntotal_inactive_file 1000\n",
            f"memory/docker/{ID}/memory.limit_in_bytes": "4096\n",
            f"memory/docker/{ID}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        })  # fmt: skip
        return tmp_path / "memory/docker" / ID / "memory.limit_in_bytes", "9223372036854771712"
    scope = f"system.slice/docker-{ID}.scope"
    lay(tmp_path, {
        f"{scope}/cpu.stat": "usage_usec 2500000\nnr_periods 40\nnr_throttled 10\nthrottled_usec 5\n",
        f"{scope}/cpu.max": "50000 100000\n",
        f"{scope}/memory.current": "3000\n",
        f"{scope}/memory.stat": "anon 5\ninactive_file 1000\n",
        f"{scope}/memory.max": "4096\n",
        f"{scope}/memory.events": "low 0\noom 3\noom_kill 2\n",
    })  # fmt: skip
    return tmp_path / scope / "memory.max", "max"


def test_both_versions_tell_the_same(container):
    assert cgroups.cpu_seconds(ID) == 2.5
    assert cgroups.memory_bytes(ID) == 2000
    assert cgroups.throttling(ID) == (40, 10)
    assert cgroups.cpu_limit(ID) == 0.5
    assert cgroups.memory_limit(ID) == 4096
    assert cgroups.out_of_memory_kills(ID) == 2


def test_no_memory_limit_is_none(container):
    path, unlimited = container
    path.write_text(unlimited)
    assert cgroups.memory_limit(ID) is None


@pytest.mark.parametrize(("file", "unlimited"), [("cpu.max", "max 100000\n"), ("cpu.cfs_quota_us", "-1\n")])
def test_no_cpu_limit_is_none(container, file, unlimited):
    found = next(cgroups.ROOT.rglob(file), None)
    if found is None:
        assert cgroups.cpu_limit(ID) == 0.5  # the other version's file
        return
    found.write_text(unlimited)
    assert cgroups.cpu_limit(ID) is None


def sampled(sampler: Sampler, more: int) -> None:
    """Waits until it has taken so many samples more."""
    wanted, end = len(sampler.samples) + more, time.monotonic() + 20
    while len(sampler.samples) < wanted:
        assert time.monotonic() < end, "the sampler stands still"
        time.sleep(0.005)


def test_a_container_that_vanishes_is_marked_gone_and_found_again(container, tmp_path):
    sampler = Sampler({"web": ID, "never": "b" * 64}, every=0.05).start()
    sampled(sampler, 2)
    moved = [path.rename(path.with_name("away")) for path in list(tmp_path.rglob(f"*{ID}*"))]
    sampled(sampler, 2)
    for path in moved:
        path.rename(path.with_name(ID if "docker" in path.parent.name else f"docker-{ID}.scope"))
    sampled(sampler, 2)
    record = sampler.stop().record()
    seen = [sample["containers"]["web"] is not None for sample in record["samples"]]
    assert [seen[0], False in seen, seen[-1]] == [True, True, True]
    assert all(sample["containers"]["never"] is None for sample in record["samples"])
    assert record["limits"] == {"web": {"cpu": 0.5, "memory": 4096}}


def test_a_kill_for_memory_during_the_run_is_counted(container, tmp_path):
    sampler = Sampler({"web": ID}).start()
    for path in [*tmp_path.rglob("memory.oom_control"), *tmp_path.rglob("memory.events")]:
        path.write_text("oom_kill 5\n")
    assert sampler.stop().record()["oom_kills"] == {"web": 3}


def test_between_two_readings():
    assert between((10.0, 1, 100, 20), (10.5, 7, 120, 25), 2.0) == [0.25, 7, 0.25]


def test_a_restarted_container_counts_from_zero_again():
    assert between((10.0, 1, 100, 20), (0.5, 7, 4, 1), 1.0) == [0.5, 7, 0.0]


def test_slots_are_those_of_servers_that_are_up():
    assert pools("haproxy-1", CSV) == {"haproxy-1 web": [3, 35, 64], "haproxy-1 pg": [0, 2, None]}


def test_a_balancer_that_does_not_answer_is_counted_and_the_other_still_read():
    def dead():
        raise ConnectionRefusedError

    sampler = Sampler({}, {"haproxy-1": dead, "haproxy-2": lambda: CSV}, every=0.02).start()
    sampled(sampler, 2)
    record = sampler.stop().record()
    assert record["missed"]["haproxy-1"] == len(record["samples"]) > 0
    assert "haproxy-2 web" in record["samples"][0]["pools"]


def test_times_count_from_the_zero_that_is_given():
    sampler = Sampler({}, every=0.02).start(time.monotonic() - 100)
    sampled(sampler, 1)
    assert 100 < sampler.stop().samples[0]["t"] < 101


def test_the_hosts_busy_ticks_leave_out_waiting_for_disks(tmp_path):
    (tmp_path / "stat").write_text("cpu  100 1 50 800 30 2 3 14 0 0\ncpu0 1 1 1\n")
    assert host_times(tmp_path / "stat") == (1000, 170, 14)


def test_names_are_as_short_as_they_can_be(tmp_path):
    names = ["shop-web-1", "shop-web-2", "shop-nginx-1", "shop-haproxy-1-1", "shop-haproxy-2-1"]
    assert short(names) == ["web-1", "web-2", "nginx", "haproxy-1", "haproxy-2"]
    (tmp_path / "list").write_text(f"{ID} web-1\n\n{'b' * 64} web-2\n")
    assert listed(tmp_path / "list") == {"web-1": ID, "web-2": "b" * 64}


def test_the_time_of_a_process_is_that_of_its_work():
    before, own = process_seconds(os.getpid()), time.process_time()
    while time.process_time() - own < 0.1:
        pass
    assert 0.08 <= process_seconds(os.getpid()) - before < 0.3


@pytest.fixture
def stack(tmp_path):
    """A list of containers that are gone, and a password; nobody answers at 127.0.0.21."""
    (tmp_path / "containers").write_text(f"{ID} web\n{'b' * 64} etcd\n")
    (tmp_path / "password").write_text("secret\n")
    return tmp_path / "containers", "127.0", tmp_path / "password"


def test_in_a_process_of_its_own_it_samples_from_the_zero_that_is_given(stack):
    sampler = Aside(*stack).start(time.monotonic() - 100)
    own = time.process_time()
    while time.process_time() - own < 1.3:  # what it calls the generator is this process
        pass
    record = sampler.record()
    assert record["samples"][0]["t"] > 100
    assert record["samples"][0]["generator"] > 0.05
    assert record["samples"][0]["containers"] == {"web": None, "etcd": None}
    assert record["missed"] == {"haproxy-1": len(record["samples"]), "haproxy-2": len(record["samples"])}


def test_without_a_password_it_does_not_begin(stack, capfd):
    stack[2].unlink()
    with pytest.raises(Broken, match="does not begin: it ended with 1"):
        Aside(*stack)
    assert "No such file" in capfd.readouterr().err


def test_a_sampler_that_breaks_off_is_said(stack):
    sampler = Aside(*stack)
    sampler._process.stdin.write("no number\n")
    with pytest.raises(Broken, match="broke off: it ended with 1"):
        sampler.record()


def test_what_the_host_takes_is_said_when_it_is_worth_it():
    assert stolen({"samples": [{"steal": 0.02}, {"steal": 0.29}]}).endswith("took up to 29% of this machine's cores")
    assert stolen({"samples": [{"steal": 0.02}]}) == stolen({"samples": []}) == ""
