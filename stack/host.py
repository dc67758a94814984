"""What the host below leaves this machine of its cores."""

from loadtest.sampler import host_times

STARVED = 0.25  # share of the cores taken by other guests of the host from which on no time limit tells anything


def stolen_since(before: tuple[int, int, int]) -> float:
    """The share of all cores that other guests of the host have had since `before`, which is of host_times()."""
    ticks, _, stolen = (later - earlier for later, earlier in zip(host_times(), before, strict=True))
    return round(stolen / max(ticks, 1), 3)
