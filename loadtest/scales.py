"""The arithmetic of a chart: round ticks, figures as people write them, fewer points with the same peaks."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float | None]

CLOCK_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
UNITS_OF_BYTES = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"), (1, "B"))


def plain(value: float) -> str:
    """Three digits that matter, thousands apart, no trailing zeros: 0.25, 12.5, 1,250."""
    if value and abs(value) < 100:
        digits = max(0, 2 - math.floor(math.log10(abs(value))))
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:,.0f}"


def figure(value: float | None, unit: str = "") -> str:
    """A figure with its unit; seconds below 1 as ms, bytes as kB, MB, GB; "-" for none."""
    if value is None:
        return "-"
    if unit == "s":
        return f"{plain(value * 1000)} ms" if abs(value) < 0.9995 and value else f"{plain(value)} s"
    if unit == "B":
        size, name = next((one for one in UNITS_OF_BYTES if abs(value) >= one[0]), UNITS_OF_BYTES[-1])
        return f"{plain(value / size)} {name}"
    apart = " " if unit and not unit.startswith("/") else ""
    return f"{plain(value)}{apart}{unit}"


def clock(seconds: float, span: float) -> str:
    """A moment of a run: `20 s` in a short one, `2:30` in one of minutes, `1:02:30` in one of hours."""
    if span < 180:
        return f"{plain(seconds)} s"
    whole = abs(round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"-{text}" if seconds < 0 else text


def round_step(span: float, wanted: int) -> float:
    """1, 2 or 5 times a power of ten, so that about `wanted` steps (to half as many more) cover the span."""
    raw = span / wanted
    power = 10 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.7)


def clock_step(span: float, wanted: int) -> float:
    return CLOCK_STEPS[min(bisect_left(CLOCK_STEPS, span / wanted), len(CLOCK_STEPS) - 1)]


def steps_between(low: float, high: float, step: float) -> list[float]:
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """Ticks of a logarithmic axis: powers of ten, with 2 and 5 between them when there are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1,) if len(powers) > 4 else (1, 2, 5)
    ticks = (factor * 10.0**power for power in powers for factor in factors)
    return [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]


@dataclass(frozen=True)
class Scale:
    """From values to pixels: `low` falls on `start`, `high` on `end`; what is outside falls on the border."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log10(value), math.log10(low), math.log10(high)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def round_range(values: list[float], unit: str = "", wanted: int = 4) -> tuple[float, float, list[float]]:
    """Lowest and highest of a linear axis and its ticks; zero is always on it."""
    low, high = min([0.0, *values]), max([0.0, *values])
    if low == high:
        high = 1.0
    size = next((size for size, _ in UNITS_OF_BYTES if size <= high), 1) if unit == "B" else 1
    step = round_step((high - low) / size, wanted) * size
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return low, high, steps_between(low, high, step)


def log_range(values: list[float], unit: str = "") -> tuple[float, float, list[float]]:
    """The same for a logarithmic axis: what is zero or less lies on its foot."""
    above = [value for value in values if value > 0] or [1.0]
    edges = [factor * 10.0**power for power in range(-9, 13) for factor in (1, 2, 5)]
    low = max((edge for edge in edges if edge <= min(above) * 1.001), default=edges[0])
    high = min((edge for edge in edges if edge >= max(above) * 0.999 and edge > low), default=edges[-1])
    return low, high, decades(low, high)


def thin(points: list[Point], limit: int = 1000) -> list[Point]:
    """At most about `limit` points: of each stretch its lowest, its highest and one gap stay, and both ends."""
    if len(points) <= limit:
        return points
    size = math.ceil(len(points) * 3 / limit)
    kept = {0, len(points) - 1}
    for begin in range(0, len(points), size):
        stretch = range(begin, min(begin + size, len(points)))
        known = [index for index in stretch if points[index][1] is not None]
        kept.update(index for index in stretch if points[index][1] is None and len(known) < len(stretch))
        if known:
            kept.update((min(known, key=lambda i: points[i][1]), max(known, key=lambda i: points[i][1])))
    return [points[index] for index in sorted(kept)]


def unbroken(points: list[Point]) -> list[list[tuple[float, float]]]:
    """The stretches between gaps: a gap is a point without a value."""
    holes = [-1, *(index for index, (_, y) in enumerate(points) if y is None), len(points)]
    parts = (points[before + 1 : after] for before, after in pairwise(holes))
    return [part for part in parts if part]
