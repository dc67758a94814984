"""Faults inside a container's own network: packets that vanish or are late between it and others, while all run on.

The rules stand in a chain of their own, hooked in first, in the victim's network namespace; who puts them there is a
throw-away container that shares it. Undoing is unhooking and deleting the chain: harmless when done twice. A container
that was started anew has a new namespace, in which there is nothing to undo.
"""

import functools
import socket
from collections.abc import Iterable
from pathlib import Path

from stack import direct
from stack.engine import Absent, Container, api
from stack.servers import until

from drills import aside, slowly
from drills.signals import held

# What `slow` is, in numbers.
DELAY = 0.01  # seconds, in each direction: as if the primary stood a few hundred kilometres away
LOSS = 0.01  # of all packets from and to other machines
SLOWED = {5432: 25432, 8008: 28008}  # port of the node -> of the proxy
READY = 10  # seconds for the proxy to listen
OWN = ("-A drill -i lo -j RETURN", "-A drill -o lo -j RETURN")

INSTALL = 'printf "%s\\n" "$1" | iptables-restore --noflush'

LIFT = """
for hook in "filter INPUT" "filter OUTPUT" "nat PREROUTING"; do
    set -- $hook
    while iptables -t "$1" -D "$2" -j drill 2>/dev/null; do echo lifted; done
done
for table in filter nat; do
    if iptables -t "$table" -S drill >/dev/null 2>&1; then
        iptables -t "$table" -F drill
        iptables -t "$table" -X drill
    fi
done
left=$(iptables-save)
case "$left" in *:drill*) echo "rules are left"; exit 1 ;; esac
"""


def cut_voters(victims: list[Container]) -> None:
    """From both other Postgres nodes, and from nothing else."""
    partition(victims, voters(victims))


def cut_voter(victims: list[Container]) -> None:
    partition(victims, voters(victims)[:1])


def cut_etcd(victims: list[Container]) -> None:
    partition(victims, direct.ETCD.values())


def cut_peers(victims: list[Container]) -> None:
    """From whoever could tell it that another leads; whoever sends it requests still reaches it."""
    partition(victims, [*voters(victims), *direct.ETCD.values()])


def voters(victims: list[Container]) -> list[str]:
    return [address for name, address in direct.POSTGRES.items() if name != victims[0].service]


def partition(victims: list[Container], addresses: Iterable[str]) -> None:
    """Packets from and to these addresses are dropped without a word."""
    rules = [f"-A drill -{end} {address} -j DROP" for address in addresses for end in "sd"]
    install(victims, filter_table(rules))


def slow(victims: list[Container]) -> None:
    """Every connection to the primary goes through a proxy that hands it on late; one packet in a hundred is lost.

    The proxy connects from the node's own address to itself: to pg_hba and Patroni's allowlist one of the three nodes.
    """
    (victim,) = victims
    address = direct.POSTGRES[victim.service]
    ways = [f"{proxy}:{address}:{port}" for port, proxy in SLOWED.items()]
    code = Path(slowly.__file__).read_text(encoding="utf-8")
    with held():
        aside.start("slow", ["python", "-c", code, str(DELAY), *ways], NetworkMode=f"container:{victim.id}")
        until(lambda: all(accepts(address, proxy) for proxy in SLOWED.values()), READY, "the slow proxy listens")
        install(victims, slow_rules(address))


def slow_rules(address: str) -> list[str]:
    """Only what comes from other machines. Whoever is connected already does not meet the redirection: it is reset, and
    connects again; a packet of a redirected connection carries the proxy's port by then."""
    arriving = [f"-d {address} -p tcp --dport {port}" for port in SLOWED]
    reset = "! --tcp-flags RST RST -j REJECT --reject-with tcp-reset"
    filters = [*OWN, f"-A drill -m statistic --mode random --probability {LOSS} -j DROP"]
    filters += [f"-A drill {to} {reset}" for to in arriving]
    redirect = [
        f"-A drill {to} -j REDIRECT --to-ports {SLOWED[port]}" for to, port in zip(arriving, SLOWED, strict=True)
    ]
    nat = ["*nat", ":drill - [0:0]", "-A drill -i lo -j RETURN", *redirect, "-I PREROUTING -j drill", "COMMIT"]
    return [*nat, *filter_table(filters)]


def accepts(address: str, port: int) -> bool:
    direct.join("db")
    with socket.create_connection((address, port), timeout=direct.LIMIT):
        return True


def filter_table(rules: Iterable[str]) -> list[str]:
    return ["*filter", ":drill - [0:0]", *rules, "-I INPUT -j drill", "-I OUTPUT -j drill", "COMMIT"]


def install(victims: list[Container], rules: list[str]) -> None:
    """Each table at once; what a drill before has left goes first."""
    with held():
        for victim in victims:
            inside(victim.id, LIFT)
            inside(victim.id, INSTALL, "\n".join(rules))


def mend(saved: list[dict]) -> list[str]:
    """-> in words, whose packets pass again."""
    lifted = [one["name"] for one in saved if runs(one["id"]) and inside(one["id"], LIFT)]
    aside.remove("slow")  # last: until then there are connections that are sent to it
    return [f"{name} hears all others again, and at once" for name in lifted]


def runs(container: str) -> bool:
    try:
        return api(f"/containers/{container}/json")["State"]["Running"]
    except Absent:
        return False


def inside(container: str, script: str, *arguments: str) -> str:
    return iptables(f"container:{container}", script, *arguments)


def iptables(network: str, script: str, *arguments: str) -> str:
    command = ["sh", "-ec", script, "drill", *arguments]
    return aside.run("rules", command, user="0", NetworkMode=network, CapAdd=["NET_ADMIN"])


@functools.cache
def lacks(_: tuple[Container, ...]) -> str:
    """Why this machine has no such fault, in a sentence; tried in a network of its own."""
    try:
        iptables("none", LIFT)
    except AssertionError as error:
        return f"the engine's kernel takes no packet rules ({error})."
    return ""
