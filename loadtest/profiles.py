"""What a load test will do: a profile of profiles.toml with what the call sets, checked before anything starts."""

import math
import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

PROFILES = Path(__file__).with_name("profiles.toml")
DEFAULT, SEED = "mixed", 20
RATE_MAX, USERS_MAX, SECONDS_MAX, SEED_MAX = 5000, 500, 3600, 2**31
REQUESTS_MAX = 200_000  # every outcome is kept until the report: about 100 MB at this many


class Refused(ValueError):
    """A call that cannot be served; its text is one sentence that says what to do."""


@dataclass(frozen=True)
class Plan:
    """One load test. `phases`: (share of the seconds, times the rate); `mix`: step -> weight."""

    name: str
    about: str
    rate: float
    users: int
    seconds: int
    mix: dict[str, int]
    thresholds: dict[str, float]
    phases: tuple = ((1, 1),)
    seed: int = SEED

    @property
    def arrivals(self) -> tuple[tuple[float, float], ...]:
        """The phases as (seconds, requests a second)."""
        return tuple((share * self.seconds, times * self.rate) for share, times in self.phases)

    @property
    def peak(self) -> float:
        return max(rate for _, rate in self.arrivals)

    @property
    def requests(self) -> int:
        return round(sum(seconds * rate for seconds, rate in self.arrivals))

    def share(self, *steps: str) -> float:
        return sum(self.mix.get(step, 0) for step in steps) / sum(self.mix.values())

    @property
    def asks_api(self) -> bool:
        """Whether any step orders, or asks the API for something."""
        return any(step in ("order", "cancel") or step.startswith("api_") for step in self.mix)


def profiles(path: Path = PROFILES) -> dict[str, Plan]:
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: Plan(name=name, **table) for name, table in tables.items()}


def plan(settings: Mapping[str, str]) -> Plan:
    """The profile that PROFILE names, with RATE, USERS, DURATION and SEED where they are given. Raises Refused."""
    known, name = profiles(), settings.get("PROFILE") or DEFAULT
    if name not in known:
        raise Refused(f"there is no profile '{name}': use {', '.join(known)}")
    given = {
        "rate": number(settings, "RATE", float, 1, RATE_MAX),
        "users": number(settings, "USERS", int, 1, USERS_MAX),
        "seconds": number(settings, "DURATION", int, 5, SECONDS_MAX),
        "seed": number(settings, "SEED", int, 0, SEED_MAX),
    }
    return bounded(replace(known[name], **{key: value for key, value in given.items() if value is not None}))


def number(settings: Mapping[str, str], name: str, kind: type, low: int, high: int) -> float | int | None:
    """A setting as a number; None when it is not given."""
    text = (settings.get(name) or "").strip()
    if not text:
        return None
    try:
        value = kind(text)
    except ValueError:
        raise Refused(f"{name}={text} is not a {'whole ' if kind is int else ''}number: use {low} to {high}") from None
    if not (math.isfinite(value) and low <= value <= high):
        raise Refused(f"{name}={text} is out of bounds: use {low} to {high}")
    return value


def bounded(chosen: Plan) -> Plan:
    if chosen.peak > RATE_MAX:
        raise Refused(
            f"RATE={chosen.rate:g} makes {chosen.peak:g} requests/s at the peak of '{chosen.name}': "
            f"use at most {RATE_MAX * chosen.rate / chosen.peak:g}"
        )
    if chosen.requests > REQUESTS_MAX:
        raise Refused(
            f"{chosen.rate:g} requests/s for {chosen.seconds} s are {chosen.requests} requests: "
            f"give a smaller RATE or DURATION, {REQUESTS_MAX} in all is the bound"
        )
    return chosen


def order(chosen: Plan) -> list[str]:
    """The step of each request: shuffled by the seed, and each hundred or so of them has the mix as it stands."""
    chance, steps = random.Random(chosen.seed), []
    block = [step for step, weight in chosen.mix.items() for _ in range(weight)]
    while len(steps) < chosen.requests + len(block):  # rounding of phases may add a request or two
        chance.shuffle(block)
        steps += block
    return steps
