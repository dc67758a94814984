"""Turns the words into products: pure functions of a fixed seed, no database here."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils.text import slugify

from products.catalogue.hands import HANDS
from products.catalogue.rooms import ROOMS
from products.catalogue.words import LINES, MAKERS, Department, Kind

SEED = 20261120
PER_DEPARTMENT = 86
STOCK = (20, 500)
START = datetime(2025, 3, 1, 9, tzinfo=UTC)
# Shop order: what people look for first.
DEPARTMENTS = tuple(d for pair in zip(ROOMS, HANDS, strict=True) for d in pair)


def fixed_uuid7(moment: datetime, name: str) -> UUID:
    """A UUIDv7 that is the same on every run: its time is `moment`, its random bits come from `name`."""
    bits = random.Random(f"{SEED}/{name}").getrandbits(74)
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & (1 << 62) - 1)


def category_rows() -> Iterator[dict]:
    for position, department in enumerate(DEPARTMENTS):
        yield {
            "id": fixed_uuid7(START, f"category/{department.slug}"),
            "slug": department.slug,
            "name": department.name,
            "tagline": department.tagline,
            "position": position,
        }


def product_rows() -> Iterator[dict]:
    """At least 1,000 products, every name different."""
    chance = random.Random(SEED)
    taken: set[str] = set()
    for department in DEPARTMENTS:
        for _ in range(PER_DEPARTMENT):
            kind = chance.choice(department.kinds)
            name = _name(chance, department, kind, taken)
            yield _product(chance, department, kind, name)


def _name(chance: random.Random, department: Department, kind: Kind, taken: set[str]) -> str:
    while True:
        material, noun = chance.choice(department.materials), chance.choice(kind.nouns)
        name = f"{chance.choice(LINES)} {material} {noun}"
        if name not in taken and material not in noun:
            taken.add(name)
            return name


def _product(chance: random.Random, department: Department, kind: Kind, name: str) -> dict:
    slug = slugify(name)
    created = START + timedelta(minutes=chance.randrange(600 * 24 * 60))
    low, high = kind.price
    # Squared: most things are affordable, a few are dear. Prices end in .00, .50 or .90.
    euros = int(low + (high - low) * chance.random() ** 2) // 100
    row = {
        "id": fixed_uuid7(created, f"product/{slug}"),
        "slug": slug,
        "name": name,
        "description": _description(chance, department, kind),
        "motif": kind.motif,
        "price_cents": euros * 100 + chance.choice((0, 0, 50, 90)),
        "category": department.slug,
        "created": created,
        "featured": chance.random() < 0.04,
        "stock": random.Random(f"{SEED}/stock/{slug}").randint(*STOCK),
    }
    chance.random()  # once a number of views: the products behind this one stay what they were
    return row


def _description(chance: random.Random, department: Department, kind: Kind) -> str:
    first, second = chance.sample(department.details, 2)
    size = kind.size.format(chance.randint(24, 86))
    return " ".join(
        (
            chance.choice(department.openings),
            first,
            chance.choice((second, chance.choice(MAKERS))),
            f"Size: {size}.",
            chance.choice(department.care),
        )
    )
