"""docs/capacity.md has figures between its marks, and each stated goal is met, or the page says why it is not."""

import re

import pytest

from tests.config.files import ROOT

PAGE = (ROOT / "docs/capacity.md").read_text()
BLOCK = re.search(r"<!-- measured: begin -->\n(.*?)<!-- measured: end -->", PAGE, re.DOTALL)
REST = PAGE.replace(BLOCK.group(0), "") if BLOCK else PAGE
SCALE = {"ms": 0.001, "s": 1, "min": 60, "MB": 1, "GB": 1024, "%": 1, "times": 1, "connections": 1}
SCALE |= {"events": 1, "events/s": 1}


def rows(columns: int) -> list[list[str]]:
    """The cells of each line of the table with that many columns, without its head."""
    lines = [line.strip("| \n").split(" | ") for line in BLOCK.group(1).splitlines() if line.startswith("|")]
    return [cells for cells in lines if len(cells) == columns and cells[0] != "what"]


MEASURES = rows(3) if BLOCK else []


def judged(table: list[list[str]]) -> list:
    """One case for each row, named after it."""
    return [pytest.param(cells, id=cells[0]) for cells in table]


def number(text: str) -> float:
    """'906 MB', '3.4 s', '11.3 % of one core': in seconds, megabytes, per cent or times."""
    value, unit = re.match(r"([0-9.]+) (\S+)", text).groups()
    return float(value) * SCALE[unit]


def meets(goal: str, measured: str) -> bool:
    """Goals read '≤ 2 GB', '< 2 s', '≥ 300 events/s', or '20 to 47 %' for each of several figures."""
    if between := re.match(r"([0-9.]+) to ([0-9.]+) (.+)", goal):
        low, high, unit = between.groups()
        limits = number(f"{low} {unit}"), number(f"{high} {unit}")
        return all(limits[0] <= number(one) <= limits[1] for one in measured.split(", "))
    sign, limit = re.match(r"([≤<≥]) (.+)", goal).groups()
    below, equal = number(measured) < number(limit), number(measured) == number(limit)
    return {"<": below, "≤": below or equal, "≥": not below}[sign]


def explained(what: str) -> bool:
    """A missed goal has its own line under the heading 'Goals missed', which begins with its name."""
    part = REST.partition("## Goals missed")[2].split("\n## ")[0]
    return re.search(rf"^- \*\*{re.escape(what)}\*\*.{{40,}}", part, re.MULTILINE) is not None


def test_there_are_figures_between_the_marks():
    assert BLOCK
    assert re.match(r"Measured on \d{4}-\d\d-\d\d: \d+ cores of .+, Docker ", BLOCK.group(1))
    parts = (6, 8, 11, 13)  # without the gateway or the bus, and with them
    assert len(MEASURES) in (*parts, *(count + 1 for count in parts)), "a start from nothing is one more"


@pytest.mark.parametrize("cells", judged(MEASURES))
def test_a_goal_is_met_or_the_page_says_why_not(cells):
    what, goal, measured = cells
    assert measured != "not measured", "bench/run measures it"
    assert meets(goal, measured) or explained(what)


def test_the_judgement_itself():
    assert meets("≤ 2 GB", "906 MB")
    assert not meets("≤ 1 GB", "1025 MB")
    assert meets("≤ 10 min", "600.0 s")
    assert not meets("write gap < 2 s".removeprefix("write gap "), "2.0 s")
    assert meets("≤ 1.25 times", "1.21 times (1.06 to 1.34 in 6 pairs): 11.4 ms against 9.5 ms at 40 requests a second")
    assert meets("≤ 100 ms", "38 ms (100 events)")
    assert meets("≥ 300 events/s", "300 events/s (320 told)")
    assert not meets("≥ 300 events/s", "299 events/s (320 told)")
    assert not meets("≤ 0 events", "1 events (20000 deliveries)")
    assert not meets("20 to 47 %", "33.3 %, 47.1 %, 19.6 %")
