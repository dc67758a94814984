"""Product pictures, drawn from the product's name: the same picture on every replica, and no file anywhere.

A motif is what is drawn (a kettle); the slug decides colours and proportions. The digest in the name is keyed, so that
nobody can make the edge keep pictures of products that do not exist, and changes with the drawings (VERSION).
"""

import random

from django.utils.crypto import constant_time_compare, salted_hmac

from web.pictures import house, leisure, table
from web.pictures.shapes import PALETTES, Pen

VERSION = 1
MOTIFS = house.MOTIFS | table.MOTIFS | leisure.MOTIFS

FRAME = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" width="400" height="400">
<defs><linearGradient id="b" x1="0" y1="0" x2="0" y2="1">
<stop stop-color="{sky}"/><stop offset="1" stop-color="{haze}"/></linearGradient></defs>
<rect width="400" height="400" fill="url(#b)"/>
<circle cx="{x}" cy="{y}" r="{r}" fill="{disc}" opacity=".75"/>
<path d="M0 318h400v82H0z" fill="{dark}" opacity=".1"/>
<ellipse cx="200" cy="322" rx="{shadow}" ry="9" fill="{dark}" opacity=".22"/>
{body}
</svg>
"""


def picture_digest(motif: str, slug: str) -> str:
    return salted_hmac("web.pictures", f"{VERSION}/{motif}/{slug}").hexdigest()[:12]


def picture_name(motif: str, slug: str) -> str:
    """The path below /pictures/, for example `kettle/nordkap-copper-kettle.1f2e3d4c5b6a.svg`."""
    return f"{motif}/{slug}.{picture_digest(motif, slug)}.svg"


def picture_valid(motif: str, slug: str, digest: str) -> bool:
    return motif in MOTIFS and constant_time_compare(digest, picture_digest(motif, slug))


def picture_svg(motif: str, slug: str) -> str:
    """The drawing as SVG text, about 2 kB."""
    chance = random.Random(f"{VERSION}/{slug}")
    palette = chance.choice(PALETTES)
    pen = Pen(palette, chance)
    draw, shadow = MOTIFS[motif]
    draw(pen)
    sun = {"x": chance.randint(120, 290), "y": chance.randint(120, 190), "r": chance.randint(88, 128)}
    return FRAME.format(**palette._asdict(), **sun, shadow=shadow, body="\n".join(pen.marks))
