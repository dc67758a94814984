"""Charts for pages that open offline: inline SVG, no script, nothing fetched. Pure functions from figures to text.

    page("Title", [("A section", chart("Rate", [Series("done", [(0, 98), (1, 101)])], unit="/s"))])

A chart's tooltips are SVG titles over columns of time; colours are roles of report.css, so that one page serves light,
dark and paper. Colour names: 1 to 8 (after Okabe and Ito, told apart by the colour-blind), good, warn, bad, muted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .pages import Html, badge, escape, page, table, tiles
from .scales import Point, Scale, clock, clock_step, figure, log_range, round_range, steps_between, thin, unbroken

__all__ = ["Html", "Limit", "Mark", "Series", "badge", "chart", "escape", "figure", "page", "table", "tiles"]

LEFT, RIGHT, TOP, BOTTOM, ROW = 62, 14, 8, 24, 15  # pixels; a row of mark texts
COLUMNS = 120  # tooltips across a chart
LETTER = 6.3  # pixels of a letter, about


@dataclass(frozen=True)
class Series:
    """Points in order of x; y None is a gap. Kinds: line, area, dots, steps (holds until the next point)."""

    name: str
    points: Sequence[Point] = field(default_factory=list)
    kind: str = "line"
    colour: str = ""

    @property
    def values(self) -> list[float]:
        return [y for _, y in self.points if y is not None]


@dataclass(frozen=True)
class Mark:
    """A moment (a line) or, with `until`, a time (a band)."""

    t: float
    text: str
    until: float | None = None
    colour: str = ""


@dataclass(frozen=True)
class Limit:
    """A value not to be passed: a dashed line across."""

    value: float
    text: str
    colour: str = "bad"


def paint(colour: str) -> str:
    known = colour in {"good", "warn", "bad", "muted"} or colour.isdigit()
    return f"var(--{'c' * colour.isdigit()}{colour})" if known else escape(colour)


# -- A chart -----------------------------------------------------------------------------------------------------------


def chart(
    title: str, series: Sequence[Series], marks: Sequence[Mark] = (), *, unit: str = "", x_unit: str = "s",
    width: int = 940, height: int = 200, log: bool = False, limits: Sequence[Limit] = (), note: str = "",
) -> str:  # fmt: skip
    """A figure with title, legend (with each series' peak) and drawing. `height` is that of the plot alone."""
    series = [Series(s.name, list(s.points), s.kind, s.colour or str(n % 8 + 1)) for n, s in enumerate(series)]
    head = f"<figcaption>{escape(title)}{f'<small>{escape(note)}</small>' if note else ''}</figcaption>"
    if not any(one.values for one in series):
        return f'<figure class="chart">{head}<p class="nothing">Nothing was measured.</p></figure>'
    drawing = _drawing(title, series, sorted(marks, key=lambda mark: mark.t), limits, unit, x_unit, width, height, log)
    return f'<figure class="chart">{head}{_legend(series, unit)}{drawing}</figure>'


def _drawing(title, series, marks, limits, unit, x_unit, width, height, log) -> str:
    xs = [x for one in series for x, _ in one.points] + [m.t for m in marks] + [m.until for m in marks if m.until]
    low, high = min(xs), max(xs)
    low = 0 if 0 < low < high / 10 else low  # a run begins at zero, also when its first point comes later
    x = Scale(low, high if high > low else low + 1, LEFT, width - RIGHT)
    texts, rows = _mark_texts(marks, x)
    top = TOP + rows * ROW
    values = [y for one in series for y in one.values] + [limit.value for limit in limits]
    bottom, ceiling, ticks = (log_range if log else round_range)(values, unit)
    y = Scale(bottom, ceiling, top + height, top, log)
    parts = [
        _frame(x, y, ticks, unit, x_unit),
        *(_band(mark, x, y) for mark in marks if mark.until is not None),
        *(_shape(one, x, y) for one in series),
        *(_limit(limit, x, y, unit) for limit in limits),
        *(_line(mark, x, y) for mark in marks),
        *texts,
        _tooltips(series, x, y, unit, x_unit),
    ]
    box = f'viewBox="0 0 {width} {top + height + BOTTOM}"'
    label = escape(f"{title}: {', '.join(one.name for one in series)}")
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{label}">{"".join(parts)}</svg>'


def _legend(series, unit: str) -> str:
    items = (
        f'<li><i class="{one.kind}" style="--c:{paint(one.colour)}"></i>{escape(one.name)}'
        f"<small>{f'max {figure(max(one.values), unit)}' if one.values else 'no data'}</small></li>"
        for one in series
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _moment(value: float, span: float, x_unit: str) -> str:
    return clock(value, span) if x_unit == "s" else figure(value, x_unit)


def _frame(x: Scale, y: Scale, ticks, unit: str, x_unit: str) -> str:
    parts = []
    for tick in ticks:
        at = f"{y(tick):.1f}"
        parts.append(f'<line class="grid" x1="{x.start}" x2="{x.end}" y1="{at}" y2="{at}"/>')
        parts.append(
            f'<text x="{x.start - 7}" y="{at}" dy=".32em" text-anchor="end">{escape(figure(tick, unit))}</text>'
        )
    span = x.high - x.low
    step = clock_step(span, 10) if x_unit == "s" else round_range([span], x_unit, 10)[2][1]
    for tick in steps_between(x.low, x.high, step):
        at, text = f"{x(tick):.1f}", escape(_moment(tick, span, x_unit))
        parts.append(f'<line class="tick" x1="{at}" x2="{at}" y1="{y.start}" y2="{y.start + 4}"/>')
        parts.append(f'<text x="{at}" y="{y.start + 17}" text-anchor="middle">{text}</text>')
    parts.append(f'<line class="axis" x1="{x.start}" x2="{x.end}" y1="{y.start}" y2="{y.start}"/>')
    return "".join(parts)


def _shape(one: Series, x: Scale, y: Scale) -> str:
    parts = unbroken(thin(one.points))
    if one.kind == "dots":
        drawn = "".join(f"M{x(at):.1f} {y(value):.1f}h0" for part in parts for at, value in part)
    else:
        drawn = "".join(_path(part, x, y, one.kind == "steps") for part in parts)
    style = f'style="--c:{paint(one.colour)}"'
    shapes = f'<path class="{one.kind}" d="{drawn}"/>'
    if one.kind == "area":
        shapes = f'<path class="fill" d="{"".join(_filled(part, x, y) for part in parts)}"/>{shapes}'
    return f"<g {style}><title>{escape(one.name)}</title>{shapes}</g>"


def _path(part, x: Scale, y: Scale, stepped: bool) -> str:
    places = [(f"{x(at):.1f}", f"{y(value):.1f}") for at, value in part]
    first = "M{} {}".format(*places[0])
    if len(places) == 1:
        return f"{first}h0"  # a point alone between two gaps is still seen: the line's cap is round
    return first + "".join(f"H{at}V{value}" if stepped else f"L{at} {value}" for at, value in places[1:])


def _filled(part, x: Scale, y: Scale) -> str:
    return f"{_path(part, x, y, False)}L{x(part[-1][0]):.1f} {y.start}L{x(part[0][0]):.1f} {y.start}Z"


# -- What lies over it -------------------------------------------------------------------------------------------------


def _mark_texts(marks, x: Scale) -> tuple[list[str], int]:
    """Texts in as many rows as keep them apart."""
    free: list[float] = []  # where each row's next text may begin
    parts = []
    for mark in marks:
        length = LETTER * len(mark.text)
        begin = min(x(mark.t) + 3, max(x.end - length, x.start))
        row = next((number for number, edge in enumerate(free) if edge <= begin), len(free))
        free[row:] = [begin + length + 8, *free[row + 1 :]]
        style = f'style="--c:{paint(mark.colour or "bad")}"'
        parts.append(f'<text class="mark" {style} x="{begin:.1f}" y="{TOP + row * ROW + 6}">{escape(mark.text)}</text>')
    return parts, len(free)


def _line(mark: Mark, x: Scale, y: Scale) -> str:
    at = f"{x(mark.t):.1f}"
    line = f'<line class="mark" x1="{at}" x2="{at}" y1="{y.end - 6}" y2="{y.start}"/>'
    return f'<g style="--c:{paint(mark.colour or "bad")}"><title>{escape(mark.text)}</title>{line}</g>'


def _band(mark: Mark, x: Scale, y: Scale) -> str:
    begin, width = x(mark.t), x(mark.until) - x(mark.t)
    place = f'x="{begin:.1f}" width="{width:.1f}" y="{y.end}" height="{y.start - y.end}"'
    return f'<rect class="band" style="--c:{paint(mark.colour or "bad")}" {place}/>'


def _limit(limit: Limit, x: Scale, y: Scale, unit: str) -> str:
    at = y(limit.value)
    line = f'<line class="limit" x1="{x.start}" x2="{x.end}" y1="{at:.1f}" y2="{at:.1f}"/>'
    text = escape(f"{limit.text} {figure(limit.value, unit)}")
    label = f'<text class="mark" x="{x.end - 4}" y="{at - 4:.1f}" text-anchor="end">{text}</text>'
    return f'<g style="--c:{paint(limit.colour)}">{line}{label}</g>'


def _tooltips(series, x: Scale, y: Scale, unit: str, x_unit: str) -> str:
    """Columns that name every series' highest value in them; invisible until pointed at."""
    span = x.high - x.low
    moments = {at for one in series for at, _ in one.points}
    count = min(COLUMNS, len(moments))
    width = (x.end - x.start) / count
    columns: dict[int, dict[str, tuple[float, float]]] = {}
    for one in series:
        for at, value in one.points:
            if value is not None:
                column = columns.setdefault(min(int((at - x.low) / span * count) if span else 0, count - 1), {})
                column[one.name] = max(column.get(one.name, (value, at)), (value, at))
    parts = []
    for column, peaks in sorted(columns.items()):
        when = _moment(max(peaks.values())[1], span, x_unit)
        lines = "\n".join([when, *(f"{name}: {figure(value, unit)}" for name, (value, _) in peaks.items())])
        place = f'x="{x.start + column * width:.1f}" width="{width:.1f}" y="{y.end}" height="{y.start - y.end}"'
        parts.append(f"<rect {place}><title>{escape(lines)}</title></rect>")
    return f'<g class="tips">{"".join(parts)}</g>'
