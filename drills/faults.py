"""What can be done to containers. Each is one or more calls to the engine, and none is left half done by Ctrl-C."""

from stack.engine import Container, api, at_once, post, script
from stack.servers import in_rotation, until

from drills.signals import held

ROTATION = 90  # seconds for a restarted replica to be back in both balancers


def kill(victims: list[Container]) -> None:
    """SIGKILL, as if its machine had gone; the restart policy does not bring it back."""
    act("kill", victims)


def stop(victims: list[Container]) -> None:
    """Asked to end, within its own grace period."""
    act("stop", victims)


def restart(victims: list[Container]) -> None:
    """Asked to end, and started again at once."""
    act("restart", victims)


def pause(victims: list[Container]) -> None:
    """Frozen: accepts connections and answers nothing."""
    act("pause", victims)


def cut(victims: list[Container]) -> None:
    """Off every network, while it goes on running."""
    with held():
        for victim in victims:
            for network in api(f"/containers/{victim.id}/json")["NetworkSettings"]["Networks"]:
                post(f"/networks/{network}/disconnect", {"Container": victim.id})


def switchover(victims: list[Container]) -> None:
    """`make switchover`: planned work on the primary's machine."""
    with held():
        script("switchover", timeout=120)


def rolling(victims: list[Container]) -> None:
    """Each replica restarted when the one before it serves again: a new release."""
    for victim in victims:
        act("restart", [victim])
        until(lambda: in_rotation(len(victims)), ROTATION, f"{victim.name} back in both balancers")


def act(verb: str, victims: list[Container]) -> None:
    """All at once."""
    with held():
        at_once(lambda victim: post(f"/containers/{victim.id}/{verb}"), victims)
