"""Every container of the compose file: limits, health, logs, rights, secrets, networks, addresses, ports."""

import ipaddress
import re

import pytest

from tests.config.files import ROOT, compose, environment, services

JOBS = {
    "certs", "postgres-init", "web-migrate", "products-migrate", "orders-migrate", "users-migrate", "products-seed",
    "users-seed", "seed",
}  # fmt: skip
ON_DEMAND = {"loadtest"}
# Grafana is the one image not built here.
OFFICIAL = {"grafana"}
ALL = sorted(services())
LASTING = sorted(set(ALL) - JOBS - ON_DEMAND)


def test_the_lists_here_name_real_services():
    assert set(ALL) >= JOBS | ON_DEMAND | OFFICIAL


@pytest.mark.parametrize("name", ALL)
class TestEvery:
    def test_has_limits(self, name):
        limits = services()[name]["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0
        assert int(limits["memory"]) > 0
        assert int(limits["pids"]) > 0

    def test_rotates_its_log(self, name):
        logging = services()[name]["logging"]
        assert logging["driver"] == "json-file"
        assert {"max-size", "max-file"} <= set(logging["options"])

    def test_has_no_more_rights_than_it_needs(self, name):
        service = services()[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        # The load generator is no part of the stack, and lives for one run.
        assert service.get("cap_add", []) == (["SYS_NICE"] if name == "loadtest" else [])
        for key in ("privileged", "pid", "ipc", "userns_mode", "devices"):
            assert not service.get(key), key
        assert service.get("network_mode") in (None, "none")

    def test_can_be_scaled_and_does_not_hold_the_engine(self, name):
        service = services()[name]
        assert "container_name" not in service
        assert not [v for v in service.get("volumes", []) if "docker.sock" in v.get("source", "")]

    def test_runs_a_pinned_image(self, name):
        image = services()[name]["image"]
        assert ":" in image, "no tag"
        assert not image.endswith(":latest")
        assert image.startswith("flotilla/") != (name in OFFICIAL)

    def test_carries_no_password_in_its_environment(self, name):
        for key, value in environment(name).items():
            if re.search(r"PASS|SECRET|TOKEN|KEY", key.upper()):
                assert str(value).startswith("/run/secrets/"), f"{key} is not the path of a secret"
            assert not re.search(r"://[^/\s]+:[^/\s]+@", str(value or "")), f"{key} holds a login"
        command = " ".join(str(part) for key in ("command", "entrypoint") for part in services()[name].get(key) or [])
        assert "password" not in command.lower()

    def test_restarts_unless_it_is_a_job(self, name):
        assert services()[name]["restart"] == ("no" if name in JOBS | ON_DEMAND else "unless-stopped")


@pytest.mark.parametrize("name", LASTING)
def test_every_lasting_container_has_a_rare_health_check(name):
    check = services()[name]["healthcheck"]
    # A check is a process started: 30 containers at 10 s would cost 14 % of a core.
    assert check["interval"] == "30s"
    assert check["test"]


def dockerfiles() -> list:
    return sorted(ROOT.glob("*/Dockerfile"))


@pytest.mark.parametrize("path", dockerfiles(), ids=lambda path: path.parent.name)
def test_an_image_runs_as_its_own_user_on_the_one_base(path):
    text = path.read_text()
    stages = set(re.findall(r"\bAS (\S+)", text))
    bases = set(re.findall(r"^FROM (\S+)", text, re.MULTILINE))
    assert bases - stages == {"debian:trixie-slim"}
    users = re.findall(r"^USER (\S+)", text, re.MULTILINE)
    assert users, "no USER"
    assert not {"root", "0"} & set(users)
    assert re.search(r"user(?:add|mod) .*(-u|--uid)[ =]?\d{5}\b", text), "no fixed uid"
    assert "--no-install-recommends" in text
    assert not re.search(r"^(ARG|ENV) .*(PASS|SECRET|TOKEN)", text, re.MULTILINE)


def test_only_grafana_is_an_image_of_others():
    for name in OFFICIAL:
        assert services()[name].get("user"), "an image of others needs its user named here"


# -- Networks ----------------------------------------------------------------------------------------------------------


def networks_of(name) -> set[str]:
    return set(services()[name].get("networks") or {})


DJANGO = {name for name in ALL if environment(name).get("SERVICE")}
KEEPS_NOTHING = {"gateway"}  # no database, no Redis: it asks services
EXPECTED = {
    "nginx": {"edge"},
    "haproxy": {"edge", "app", "db"},
    "pgbouncer": {"data", "db"},
    "postgres": {"db"},
    "etcd": {"db"},
    "redis": {"data"},
    "sentinel": {"data"},
    "cache": {"data"},
    "prometheus": {"edge", "ops", "app", "db"},
    "grafana": {"ops"},
    "loadtest": {"edge"},
}


@pytest.mark.parametrize("name", [n for n in ALL if re.sub(r"-\d+$", "", n) in EXPECTED])
def test_is_on_the_networks_of_its_tier(name):
    assert networks_of(name) == EXPECTED[re.sub(r"-\d+$", "", name)]


def test_django_is_on_no_network_with_postgres_or_the_edge():
    assert DJANGO
    for name in DJANGO:
        assert networks_of(name) == ({"app"} if name in KEEPS_NOTHING else {"app", "data"}), name


@pytest.mark.parametrize("name", sorted(KEEPS_NOTHING))
def test_who_keeps_nothing_has_no_way_and_no_password_to_where_things_are_kept(name):
    given = environment(name)
    assert not [key for key in given if key.startswith(("DATABASE_HOSTS", "DATABASE_PASSWORD", "REDIS_", "CACHE_"))]
    kept = {secret["source"] for secret in services()[name]["secrets"]}
    assert kept == {"identity_key_gateway", "token_keys"}


def test_only_its_owner_holds_a_private_key():
    """Whoever has it can say who a caller is."""
    for key in ("identity_key_gateway", "identity_key_users", "token_key"):
        holders = {name for name in ALL if key in {one["source"] for one in services()[name].get("secrets") or []}}
        owner = "gateway" if key.endswith("gateway") else "users"
        assert {re.split("-", name)[0] for name in holders} <= {owner}, key


def test_inner_networks_lead_nowhere():
    internal = {name for name, network in compose()["networks"].items() if network.get("internal")}
    assert internal == {"app", "data", "db"}


def test_a_published_port_is_not_on_inner_networks_alone():
    for name in ALL:
        if services()[name].get("ports"):
            assert networks_of(name) & {"edge", "ops"}, f"{name}: the port would silently not be published"


def fixed(name) -> dict[str, str]:
    found = services()[name].get("networks") or {}
    return {
        network: options["ipv4_address"] for network, options in found.items() if (options or {}).get("ipv4_address")
    }


def test_fixed_addresses_are_unique_and_outside_the_engines_range():
    seen = {}
    for name in ALL:
        for network, address in fixed(name).items():
            pool = compose()["networks"][network]["ipam"]["config"][0]
            assert ipaddress.ip_address(address) in ipaddress.ip_network(pool["subnet"])
            assert ipaddress.ip_address(address) not in ipaddress.ip_network(pool["ip_range"]), f"{name}: {address}"
            assert address not in seen, f"{name} and {seen[address]} have {address}"
            seen[address] = name


def test_all_addresses_follow_the_prefix():
    other = compose(NET_PREFIX="10.99")
    assert "10.77." not in str(other["services"]) + str(other["networks"])


# -- Published ports ---------------------------------------------------------------------------------------------------


def published() -> list[tuple[str, dict]]:
    return [(name, port) for name in ALL for port in services()[name].get("ports", [])]


def test_only_the_designed_ports_are_published():
    ports = {(name, int(port["published"])) for name, port in published()}
    assert ports == {
        ("nginx", 8080),
        ("nginx", 8443),
        ("haproxy-1", 8404),
        ("haproxy-2", 8405),
        ("prometheus", 9090),
        ("grafana", 3000),
        ("loadtest", 8089),  # while `make loadtest UI=1` runs
    }


def test_published_ports_are_bound_to_this_machine_unless_asked():
    assert {port["host_ip"] for _, port in published()} == {"127.0.0.1"}
    other = compose(BIND="192.0.2.7")["services"]
    assert {port["host_ip"] for service in other.values() for port in service.get("ports", [])} == {"192.0.2.7"}


# -- Secrets -----------------------------------------------------------------------------------------------------------


def test_secrets_are_files_and_each_is_used():
    used = {secret["source"] for service in services().values() for secret in service.get("secrets") or []}
    built = {s["source"] for service in services().values() for s in (service.get("build") or {}).get("secrets") or []}
    assert set(compose()["secrets"]) == used | built
    assert all("file" in secret for secret in compose()["secrets"].values())


def test_django_holds_no_key_to_more_than_its_own():
    theirs = {
        "postgres_superuser",
        "postgres_replicator",
        "postgres_rewind",
        "patroni_api",
        "grafana_admin",
        "haproxy_stats",
    }
    for name in DJANGO:
        assert not theirs & {secret["source"] for secret in services()[name]["secrets"]}, name


# -- The documents -----------------------------------------------------------------------------------------------------


def test_the_architecture_names_who_is_on_each_network():
    """By kind: web's jobs and the exporters go by the name of what they serve."""
    text = (ROOT / "docs/architecture.md").read_text()
    for network in compose()["networks"]:
        row = re.search(rf"^\| `{network}` \| (.+?) \|", text, re.MULTILINE).group(1)
        for name in ALL:
            if network in networks_of(name):
                kind = "load generator" if name == "loadtest" else re.sub(r"-\d+$", "", name)
                if "-exporter" in name or name.endswith("-worker"):
                    kind = kind.rpartition("-")[2] if name.endswith("-worker") else "exporter"
                elif name in JOBS and name in DJANGO:
                    kind = "jobs"
                assert kind in row, f"{name} is on {network}: {row}"
