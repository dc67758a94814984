"""How each cell of the matrix stands, by all its runs: what the card, the page and the document show a row of."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from drills import targets
from drills.judge import FAIL, INVALID, PASS, SAFETY
from drills.set_up import is_decided_early, is_early

SEVERAL = 3  # runs that have a median worth a verdict


@dataclass(frozen=True)
class Standing:
    """One victim under one fault. Figures are of its valid runs; of the invalid ones only if there are no others.

    `early`: whether the stack of these runs releases a dead leader's lease early.
    """

    victim: str
    fault: str
    early: bool
    results: tuple[dict, ...]

    @property
    def name(self) -> str:
        return f"{self.victim} {self.fault}"

    @property
    def targets(self) -> targets.Targets:
        return targets.of(self.victim, self.fault, early=self.early)

    @property
    def valid(self) -> list[dict]:
        return [result for result in self.results if not result["figures"].get("invalid")]

    @property
    def shown(self) -> list[dict]:
        return self.valid or list(self.results)

    @property
    def state(self) -> str:
        """FAIL when one run missed a target, for the worst run is the promise, or all of them the one of the median."""
        states = {result["state"] for result in self.results}
        if FAIL in states or not self.median_holds:
            return FAIL
        return PASS if self.valid else INVALID

    @property
    def median_holds(self) -> bool:
        limit = self.targets.write_gap_median
        return not limit or len(self.valid) < SEVERAL or limit.holds(self.median("write_gap"))

    @property
    def commits(self) -> list[str]:
        """Short names, in order of time; + for files that were changed since."""
        records = (result["record"] for result in self.shown)
        return list(dict.fromkeys(f"{(r['commit'] or 'none')[:9]}{'+' if r.get('dirty') else ''}" for r in records))

    def values(self, name: str) -> list[float]:
        return [value for value in (result["figures"].get(name) for result in self.shown) if value is not None]

    def total(self, name: str) -> int | None:
        """Over all runs; None when one of them does not say."""
        values = self.values(name)
        return int(sum(values)) if len(values) == len(self.shown) else None

    def median(self, name: str) -> float | None:
        values = self.values(name)
        return statistics.median(values) if values else None

    def worst(self, name: str) -> float | None:
        """None, when one run never got there: worse than any figure."""
        values = self.values(name)
        return max(values) if values and len(values) == len(self.shown) else None


def standings(results: Iterable[dict]) -> list[Standing]:
    """Grouped, in the order of the table of targets. What the table no longer names is left out."""
    grouped: dict[tuple[str, str, bool], list[dict]] = {}
    for result in results:
        key = (result["record"]["victim"], result["record"]["fault"], is_early(result["record"]))
        grouped.setdefault(key, []).append(result)
    cells = ((victim, fault) for row in targets.ROWS for victim in row.victims for fault in row.faults)
    rows = ((*cell, early) for cell in cells for early in (False, True))
    return [Standing(*key, tuple(grouped[key])) for key in rows if key in grouped]


# -- In words ----------------------------------------------------------------------------------------------------------

NEVER = "never"


def seconds(value: float | None, digits=1) -> str:
    return NEVER if value is None else f"{value:.{digits}f}"


def bound(one: Standing, name: str) -> str:
    """The limit of a figure in words, where there is one: of the median too, if it has its own, before the worst's."""
    limit, middle = (getattr(one.targets, limit, None) for limit in (name, f"{name}_median"))
    return f"≤ {middle.most:g}/{limit.most:g} s" if limit and middle else str(limit or "")


def back(one: Standing) -> str:
    """The figure by which a return is judged here, if it is."""
    return next((name for name in ("back_after", "write_back_after") if getattr(one.targets, name)), "")


def early_words(found: list[Standing]) -> str:
    """Whether the stack of these releases a dead leader's lease early; empty when that decides none of them."""
    seen = {one.early for one in found if is_decided_early(one.victim)}
    return " and ".join(word for word, early in (("off", False), ("on", True)) if early in seen)


def spread(one: Standing, name: str, digits=1) -> str:
    """`19.6` of one run, `19.6/21.2` (median, worst) of several."""
    if len(one.shown) == 1:
        return seconds(one.worst(name), digits)
    return f"{seconds(one.median(name), digits)}/{seconds(one.worst(name), digits)}"


def missed(one: Standing) -> list[str]:
    """Each target that a run missed, as a sentence; each invalid run with its reason, and what it excuses not."""
    broken = ((result, check) for result in one.results for check in result["checks"] if _counts(result, check))
    found = [f"{one.name}, {result['record']['at'][:16]}: {_said(check)}" for result, check in broken]
    return found if one.median_holds else [*found, f"{one.name}: {_said_of_median(one)}"]


def _said_of_median(one: Standing) -> str:
    figure, limit = one.median("write_gap"), one.targets.write_gap_median
    return f"median write gap {figure:g} of {len(one.valid)} runs, target {limit}"


def _counts(result: dict, check: dict) -> bool:
    return not check["ok"] and (not result["figures"].get("invalid") or check["name"] in ("valid", *SAFETY))


def _said(check: dict) -> str:
    if check["name"] == "valid":
        return f"invalid: {check['figure']}"
    figure = NEVER if check["figure"] is None else f"{check['figure']:g}"
    return f"{check['name'].replace('_', ' ')} {figure}, target {check['target']}"
