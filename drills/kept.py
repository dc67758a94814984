"""What docs/failover.md says of drills of which no result is here: it stays, word for word, until they are run here.

Results lie in reports/ of one checkout; the page is everybody's. An older row names its own commit.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

HEAD = re.compile(r"^\| drill \|.*$", re.MULTILINE)
ROW = re.compile(r"^\| (\S+ \S+) \|.*\| (\S+) \| [^|]* \|$", re.MULTILINE)
MEASURED = re.compile(r"^Measured on (.+?)\. ", re.MULTILINE)
EARLY = re.compile(r"^Measured on .* is (off|on|off and on)\. ", re.MULTILINE)
MISSED = re.compile(r"^## What is missed, and why\n\n(.*?)^## ", re.MULTILINE | re.DOTALL)
OF_ONE = re.compile(r"^- (\S+ [^\s,:]+)[,:] ")
WHY = "  Why:"
LOAD = re.compile(r"^- (?:(?P<names>\S+ \S+(?:, \S+ \S+)*): )?(?P<load>The load: .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Kept:
    """`rows`, `states`, `missed` (its lines of the list of misses) and `loads` (what its client did) are by drill."""

    rows: dict[str, str]
    states: dict[str, str]
    missed: dict[str, list[str]]
    loads: dict[str, str]
    machines: tuple[str, ...] = ()
    early: tuple[str, ...] = ()


NOTHING = Kept({}, {}, {}, {})


def of(page: str, template: str, known: Container[str], measured: Container[str]) -> Kept:
    """Of the drills that are `known` and not `measured` here; nothing, when the table has other columns than then."""
    if HEAD.search(template)[0] not in page.splitlines():
        return NOTHING
    rows = {row[1]: row for row in ROW.finditer(page) if row[1] in known and row[1] not in measured}
    if not rows:
        return NOTHING
    machines, early = MEASURED.search(page), EARLY.search(page)
    return Kept(
        {name: row[0] for name, row in rows.items()},
        {name: row[2] for name, row in rows.items()},
        {name: lines for name, lines in _missed(page).items() if name in rows},
        _loads(page, rows),
        tuple(machines[1].split("; ")) if machines else (),
        tuple(early[1].split(" and ")) if early else (),
    )


def _missed(page: str) -> dict[str, list[str]]:
    """Each drill's lines, with those below them that belong to them."""
    found: dict[str, list[str]] = {}
    section = MISSED.search(page)
    name = None
    for line in section[1].splitlines() if section else ():
        one = OF_ONE.match(line)
        name = one[1] if one else name if line.startswith(" ") else None
        if name:
            found.setdefault(name, []).append(line)
    return found


def _loads(page: str, names: Container[str]) -> dict[str, str]:
    """The line without names says what the client did in all drills that no other line names."""
    usual, others = "", {}
    for line in LOAD.finditer(page):
        if line["names"]:
            others |= dict.fromkeys(line["names"].split(", "), line["load"])
        else:
            usual = line["load"]
    return {name: others.get(name, usual) for name in names if others.get(name, usual)}
