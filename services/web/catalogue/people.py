"""The people who review, and what they say. Their accounts have no usable password: nobody can log in as them."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from flotilla.uuid7 import fixed_uuid7

SEED = 20261120
START = datetime(2025, 3, 1, 9, tzinfo=UTC)

FIRST = (
    "Amara", "Bo", "Chiara", "Dylan", "Edda", "Farid", "Grete", "Hana", "Ivo", "Jonna", "Kofi", "Lena", "Mateo",
    "Nadia", "Oskar", "Priya", "Quentin", "Runa", "Samir", "Tove", "Ulla", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoe",
)  # fmt: skip
LAST = ("Berg", "Castell", "Dahl", "Evans", "Ferrer", "Gray", "Holm", "Ito", "Jansen", "Keller", "Lind", "Moreau")
PEOPLE = 120
REVIEWS_PER_PRODUCT = 3.2

TITLES = {
    5: ("Exactly right", "Would buy again tomorrow", "Better than the pictures", "A small joy", "Finally, a good one"),
    4: ("Very good", "Nearly perfect", "Happy with it", "Good, honest thing", "Does what it says"),
    3: ("Fine", "Decent, not more", "Good idea, average finish", "It is all right"),
    2: ("Expected more", "Not for me", "Nice look, weak detail"),
    1: ("Sent it back", "Disappointed"),
}
FIRST_LINES = {
    5: (
        "I have had it for three months now and it still makes me smile.",
        "Bought one for myself, then two more as presents.",
        "The photo does not do the colour justice.",
        "You notice the quality the moment you lift it out of the box.",
    ),
    4: (
        "Well made and nicely packed.",
        "Took a week to get used to, and now I would not give it back.",
        "Looks good and works well, with one small reservation.",
        "Arrived a day early, in perfect shape.",
    ),
    3: (
        "It does the job, but I had hoped for a little more care in the finish.",
        "Solid enough, though smaller than I had pictured.",
        "Nothing wrong with it, nothing special either.",
    ),
    2: (
        "It looks lovely, and I wanted to love it.",
        "After two weeks the finish already shows marks.",
    ),
    1: (
        "Mine came with a crack and the second one was no better.",
        "It simply does not fit where the description says it would.",
    ),
}
SECOND_LINES = {
    5: (
        "Visitors keep asking where it is from.",
        "My partner was sceptical about the price and has since gone quiet.",
        "If it ever breaks I will order the same one again.",
        "Simple to look after, too.",
    ),
    4: (
        "I would have liked one more colour to choose from.",
        "One star off because the instructions are tiny.",
        "The price is fair for what you get.",
        "A friend has the larger one, which I would take next time.",
    ),
    3: ("For half the price I would be kinder.", "I will keep it, but for the guest room."),
    2: ("Customer service was friendly, at least.", "Perhaps I was just unlucky with mine."),
    1: ("The return was quick, so one star for that.", "A pity, because the idea is good."),
}


def people_rows() -> Iterator[dict]:
    chance = random.Random(SEED + 1)
    for number in range(PEOPLE):
        first, last = chance.choice(FIRST), chance.choice(LAST)
        username = f"{first}.{last}.{number}".lower()
        yield {
            "id": fixed_uuid7(START, f"{SEED}/user/{username}"),
            "username": username,
            "first_name": first,
            "last_name": last,
            "email": f"{username}@example.com",
        }


class Reviewed(NamedTuple):
    """A product of the read model."""

    id: UUID
    slug: str
    created: datetime


def review_rows(products: Iterable[Reviewed], people: list[dict]) -> Iterator[dict]:
    """A few thousand reviews; what is said of a product depends on that product alone, whatever else there is."""
    for product in sorted(products):
        yield from _reviews_of(product, people, _chance("reviews", product.id))


def _reviews_of(product: Reviewed, people: list[dict], chance: random.Random) -> Iterator[dict]:
    """Popular products have more, and most people are content."""
    count = min(18, int(chance.expovariate(1 / REVIEWS_PER_PRODUCT)))
    mood = chance.choice(((1, 2, 6, 22, 40), (1, 2, 8, 30, 24), (4, 8, 20, 20, 10)))
    for author in chance.sample(people, count):
        rating = chance.choices((1, 2, 3, 4, 5), weights=mood)[0]
        created = product.created + timedelta(minutes=chance.randrange(60, 18 * 24 * 60))
        yield {
            "id": fixed_uuid7(created, f"{SEED}/review/{product.slug}/{author['username']}"),
            "product_id": product.id,
            "author_id": author["id"],
            "rating": rating,
            "title": chance.choice(TITLES[rating]),
            "text": f"{chance.choice(FIRST_LINES[rating])} {chance.choice(SECOND_LINES[rating])}",
            "created": created,
        }


def views_of(product_id: UUID) -> int:
    """How often a product was looked at before the shop opened. A long tail: few things are looked at often."""
    return int(_chance("views", product_id).paretovariate(1.1) * 12)


def _chance(what: str, product_id: UUID) -> random.Random:
    return random.Random(f"{SEED}/{what}/{product_id}")
