"""Who leads, as it changes: the Postgres primary by what the balancers see, and etcd's leader and quorum."""

from dataclasses import dataclass


@dataclass
class Primary:
    """The node that writes go to. `gap` is since when there is none; `known` False: no balancer could say yet."""

    name: str | None = None
    since: float = 0.0
    gap: float | None = None
    known: bool = False

    def seen(self, views: list[dict[str, float]], died: float | None, at: float) -> list[tuple[str, bool]]:
        """Views: node -> seconds as primary, one per balancer that answered -> what there is to tell, good or bad.

        During a change one balancer may still name the old one: it stays until all agree on another.
        """
        named = {name: seconds for view in views for name, seconds in view.items()}
        if not views or self.name in named:
            return []
        if named:
            name = max(named)
            return self._found(name, at - named[name], at)
        return self._lost(died, at)

    def _found(self, name: str, since: float, at: float) -> list[tuple[str, bool]]:
        first, gap = not self.known, self.gap
        self.name, self.since, self.gap, self.known = name, since, None, True
        if first:
            return []
        waited = f", writes waited {at - gap:.1f} s" if gap else ""
        return [(f"{name} is primary{waited}", True)]

    def _lost(self, died: float | None, at: float) -> list[tuple[str, bool]]:
        if self.gap is not None or not self.known:
            self.known = True
            self.gap = self.gap or at
            return []
        self.gap, self.name = died or at, None
        return [("no Postgres primary: writes wait, reads go on", False)]


def quorum(etcd: dict[str, bool], all_members: int) -> bool:
    return len(etcd) > all_members // 2


def leader(etcd: dict[str, bool]) -> str | None:
    return next((name for name, leads in etcd.items() if leads), None)


def quorum_event(before: dict[str, bool], now: dict[str, bool]) -> str | None:
    old, new = leader(before), leader(now)
    if new == old:
        return None
    return f"{new} leads etcd" if new else "etcd has no leader: no failover of Postgres until it has"
