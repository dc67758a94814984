"""The words all departments share, and the shape of a department."""

from typing import NamedTuple


class Kind(NamedTuple):
    """A sort of thing: its motif, the nouns it is sold under, and what one measures (with the unit)."""

    motif: str
    nouns: tuple[str, ...]
    size: str
    price: tuple[int, int]


class Department(NamedTuple):
    slug: str
    name: str
    tagline: str
    kinds: tuple[Kind, ...]
    materials: tuple[str, ...]
    openings: tuple[str, ...]
    details: tuple[str, ...]
    care: tuple[str, ...]


# Harbours and islands: each is a "line" that a product belongs to.
LINES = (
    "Skagen", "Marstal", "Lorient", "Kinsale", "Tobermory", "Visby", "Cadaques", "Hydra", "Lofoten", "Rovinj", "Piran",
    "Stavanger", "Concarneau", "Whitby", "Mevagissey", "Cascais", "Naxos", "Korcula", "Bergen", "Honfleur", "Dingle",
    "Ullapool", "Grimstad", "Svendborg", "Camogli", "Portree", "Tarifa", "Getaria", "Roscoff", "Aveiro", "Kotor",
    "Ystad", "Husum", "Texel", "Vlieland", "Faro", "Arklow", "Fowey", "Mandal", "Risor", "Tvedestrand", "Procida",
    "Burano", "Cassis", "Collioure", "Mahon", "Sitges", "Nazare", "Lagos", "Lamu", "Amalfi", "Symi", "Patmos",
    "Anstruther", "Crail", "Oban", "Staithes", "Salcombe", "Padstow", "Brixham",
)  # fmt: skip

MAKERS = (
    "Made in small batches by a family workshop, so no two are quite alike.",
    "Designed with its own repair in mind: every wearing part can be bought on its own.",
    "Finished by hand, checked twice, and packed without plastic.",
    "The third version of a shape we have kept improving for ten years.",
    "Drawn by a young studio by the sea and made to last longer than its trend.",
    "Made to order in spring and autumn; what you see is in our warehouse.",
    "Two years of warranty, and a promise to find the spare part after that.",
    "From a maker who answers letters, with their name on the underside.",
)
