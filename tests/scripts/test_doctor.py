"""The doctor: what it refuses, what it only warns of, and what it advises."""

import re

import pytest

from tests.scripts.conftest import ROOT

# Kernel tables of a machine with address 192.0.2.5, a listener on 127.0.0.1:9090, and one on every address, port 8443.
FIB = """Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 192.0.2.5
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
"""
TCP = """  sl  local_address rem_address   st
   0: 0100007F:2382 00000000:0000 0A
   1: 00000000:20FB 00000000:0000 0A
   2: 050200C0:1F90 070200C0:D431 01
"""
ROUTE = """Iface	Destination	Gateway	Flags	RefCnt	Use	Metric	Mask	MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
tun0	0001580A	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""


@pytest.fixture
def doctor(scripts, tmp_path):
    (tmp_path / "proc/net").mkdir(parents=True)
    for name, text in {"fib_trie": FIB, "tcp": "", "tcp6": "", "route": ROUTE}.items():
        (tmp_path / "proc/net" / name).write_text(text)

    def run(*arguments, **env):
        return scripts("doctor", *arguments, PROC=str(tmp_path / "proc"), **env)

    run.proc = tmp_path / "proc/net"
    run.scripts = scripts
    return run


def failures(done):
    return [line for line in done.stdout.splitlines() if line.split()[:1] == ["FAIL"]]


def test_a_machine_that_fits_passes(doctor):
    done = doctor()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    assert "ok    engine      26.1.0" in done.stdout


def test_quiet_says_nothing_when_all_is_well(doctor):
    assert doctor("--quiet").stdout == ""


@pytest.mark.parametrize(
    ("setting", "value", "part"),
    [
        ("BIND", "192.0.2.6", "is not an address of this machine. It has: 192.0.2.5."),
        ("BIND", "localhost", "is not an IPv4 address"),
        ("BIND", "256.1.1.1", "is not an IPv4 address"),
        ("BIND", "010.0.0.1", "is not an IPv4 address"),
        ("SITE_HOST", "https://shop", "without https:// or a port"),
        ("SITE_HOST", "shop_.test", "is not a host name"),
        ("SITE_HOST", "-a", "is not a host name"),
        ("NET_PREFIX", "10", "give two numbers"),
        ("NET_PREFIX", "10.77.0", "give two numbers"),
        ("NET_PREFIX", "10.256", "not a private range"),
        ("NET_PREFIX", "172.15", "not a private range"),
        ("NET_PREFIX", "8.8", "not a private range"),
        ("HTTP_PORT", "http", "HTTP_PORT=http is not a port"),
        ("HTTP_PORT", "0", "from 1 to 65535"),
        ("HTTP_PORT", "65536", "from 1 to 65535"),
        ("HTTPS_PORT", "8080", "the same as HTTP_PORT"),
    ],
)
def test_a_wrong_setting_is_one_clear_finding(doctor, setting, value, part):
    done = doctor("settings", **{setting: value})
    assert done.returncode == 1
    assert len(failures(done)) == 1, done.stdout
    assert f"{setting}={value}" in failures(done)[0]
    assert part in failures(done)[0]


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.53", "192.0.2.5", "0.0.0.0"])
def test_addresses_of_the_machine_are_fine(doctor, bind):
    assert doctor("settings", BIND=bind).returncode == 0


def test_every_address_is_a_warning(doctor):
    assert "warn  bind" in doctor("settings", BIND="0.0.0.0").stdout


def test_settings_alone_need_no_engine(doctor):
    doctor.scripts.forget("engine")
    assert doctor("settings").returncode == 0
    assert "docker" not in doctor.scripts.calls


class TestPorts:
    @pytest.mark.parametrize(
        ("setting", "port", "bind", "taken"),
        [
            ("PROMETHEUS_PORT", "9090", "127.0.0.1", True),
            ("PROMETHEUS_PORT", "9090", "192.0.2.5", False),
            ("PROMETHEUS_PORT", "9090", "0.0.0.0", True),
            ("HTTPS_PORT", "8443", "192.0.2.5", True),
            ("HTTP_PORT", "8080", "192.0.2.5", False),  # a connection that uses it is no listener
        ],
    )
    def test_taken_depends_on_the_address(self, doctor, setting, port, bind, taken):
        (doctor.proc / "tcp").write_text(TCP)
        done = doctor(BIND=bind)
        assert any(f"{setting}={port} is in use" in line for line in failures(done)) is taken, done.stdout

    def test_a_container_that_has_it_is_named(self, doctor):
        (doctor.proc / "tcp").write_text(TCP)
        doctor.scripts.answer(publishes="other other-web-1 127.0.0.1:9090->9090/tcp\n")
        assert any("PROMETHEUS_PORT=9090 is in use by container other-web-1" in line for line in failures(doctor()))

    def test_our_own_running_stack_is_no_clash(self, doctor):
        (doctor.proc / "tcp").write_text(TCP)
        ours = [
            "flotilla flotilla-nginx-1 127.0.0.1:8443->8443/tcp",
            "flotilla flotilla-prometheus-1 127.0.0.1:9090->9090/tcp",
        ]
        doctor.scripts.answer(publishes="\n".join(ours))
        assert doctor().returncode == 0


class TestNetworks:
    @pytest.mark.parametrize("subnet", ["10.77.3.0/24", "10.0.0.0/8", "10.77.4.128/25", "10.76.0.0/15"])
    def test_an_overlapping_network_is_named(self, doctor, subnet):
        doctor.scripts.answer(networks=f"other other_net {subnet}\n")
        assert any(f"other_net ({subnet})" in line for line in failures(doctor()))

    @pytest.mark.parametrize("subnet", ["10.77.5.0/24", "10.78.0.0/16", "172.17.0.0/16", "fd00::/8"])
    def test_a_network_beside_it_is_fine(self, doctor, subnet):
        doctor.scripts.answer(networks=f"- bridge {subnet}\n")
        assert doctor().returncode == 0

    def test_our_own_networks_are_fine(self, doctor):
        doctor.scripts.answer(networks="flotilla flotilla_db 10.77.4.0/24\n")
        assert doctor().returncode == 0

    def test_a_prefix_changed_under_a_running_stack_is_refused(self, doctor):
        doctor.scripts.answer(networks="flotilla flotilla_db 10.66.4.0/24\n")
        assert any("'make down' first" in line for line in failures(doctor()))

    def test_a_route_of_the_machine_is_refused(self, doctor):
        assert any("route 10.88.1.0/24 on tun0" in line for line in failures(doctor(NET_PREFIX="10.88")))


def test_the_same_name_in_another_folder_is_refused(doctor):
    doctor.scripts.answer(folders="/elsewhere/flotilla\n")
    assert any("belongs to /elsewhere/flotilla" in line for line in failures(doctor()))


@pytest.mark.parametrize(("name", "version"), [("engine", "19.03.15"), ("compose", "2.19.1"), ("compose", "1.29.2")])
def test_an_old_version_is_refused(doctor, name, version):
    doctor.scripts.answer(**{name: f"{version}\n"})
    assert any(name in line and version in line for line in failures(doctor()))


def test_no_engine_is_refused_with_what_to_do(doctor):
    doctor.scripts.forget("engine")
    assert any("no container engine answers: 'make up'" in line for line in failures(doctor()))


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full", "yes"])
def test_a_database_mode_that_the_pooler_cannot_serve_is_refused(doctor, mode):
    done = doctor("settings", DATABASE_SSLMODE=mode)
    assert done.returncode == 1
    assert [f"DATABASE_SSLMODE={mode}" in line and "prefer or disable" in line for line in failures(done)] == [True]


@pytest.mark.parametrize("mode", ["", "disable", "allow", "prefer"])
def test_other_database_modes_are_fine(doctor, mode):
    assert doctor("settings", DATABASE_SSLMODE=mode).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("EARLY_RELEASE", "yes"), ("ROOM_STEP_DOWN", "2"), ("ROOM_MB", "31"), ("ROOM_MB", "64M"), ("ROOM_MB", "0x40")],
)
def test_a_value_with_which_no_postgres_node_would_start_is_refused(doctor, name, value):
    done = doctor("settings", **{name: value})
    assert done.returncode == 1
    assert [f"{name}={value}: use" in line for line in failures(done)] == [True]


@pytest.mark.parametrize(("name", "value"), [("EARLY_RELEASE", "0"), ("ROOM_STEP_DOWN", "0"), ("ROOM_MB", "32")])
def test_other_values_of_postgres_are_fine(doctor, name, value):
    assert doctor("settings", **{name: value}).returncode == 0


class TestNames:
    @pytest.fixture
    def names(self, doctor, tmp_path):
        def run(text):
            (tmp_path / "env").write_text(text)
            done = doctor("settings", ENV_FILE=str(tmp_path / "env"))
            assert done.returncode == 0, done.stdout
            return done.stdout

        return run

    def test_every_documented_setting_of_the_stack_is_known(self, names):
        page = (ROOT / "docs/settings.md").read_text().split("## For one call")[0]
        rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
        # Checked by value, or given by the image.
        inside = {"DATABASE_SSLMODE", "REPLICA", "STATIC_ROOT", "BUS_HEARTBEAT"}
        documented = {name for row in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", row)} - inside
        assert {"NGINX_HSTS", "REQUEST_SECONDS", "WAIT_SECONDS", "CA_BUNDLE"} <= documented
        text = "".join(f"{name}=\n" for name in sorted(documented))
        assert "not a setting" not in names(text)

    def test_every_setting_of_the_servers_is_known(self, names):
        listed = [(ROOT / server / "settings.sh").read_text() for server in ("nginx", "haproxy")]
        text = "".join(f"{name}=\n" for text in listed for name in re.findall(r'^: "\$\{(\w+)', text, re.MULTILINE))
        assert "NGINX_KEEPALIVE" in text
        assert "not a setting" not in names(text)

    def test_a_typing_error_is_named(self, names):
        found = names("HTTP_PROT=9080\nexport SITE_HOTS=a\nHTTP_PORT=8080\n")
        assert "warn  .env        not a setting of this stack: HTTP_PROT SITE_HOTS (docs/settings.md" in found

    @pytest.mark.parametrize("name", ["CMD", "ALL", "SIGUSR"])
    def test_a_word_of_the_compose_file_is_no_setting(self, names, name):
        assert f"not a setting of this stack: {name}" in names(f"{name}=1\n")


def test_an_unknown_argument_is_a_wrong_call(doctor):
    assert doctor("everything").returncode == 2
