"""The colours and the few strokes all drawings are made of."""

from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple


class Palette(NamedTuple):
    """A background of three tones, an object of three, and one colour that answers it."""

    sky: str
    haze: str
    disc: str
    main: str
    dark: str
    accent: str
    light: str


PALETTES = (
    Palette("#f5ecdd", "#e8d6ba", "#f8c9a2", "#1f5c66", "#143f47", "#e2725b", "#fff7ea"),
    Palette("#e6f0f3", "#c3dbe4", "#ffffff", "#e2725b", "#a8452f", "#17456b", "#fdf3ea"),
    Palette("#ebf1e6", "#cbdcc3", "#f6e7b4", "#5b7f5a", "#37553a", "#d98e4a", "#fbfaf1"),
    Palette("#fae9e3", "#eec6ba", "#fff3ea", "#8c3f4d", "#5d2533", "#3d6f80", "#fff8f3"),
    Palette("#fbf2d8", "#f1dc9f", "#fffaf0", "#c9772c", "#8a4c17", "#2f5d62", "#fffdf7"),
    Palette("#e8e7f3", "#c4c2e0", "#f7d9c4", "#4b4a86", "#2f2e5c", "#e58a6b", "#faf7ff"),
    Palette("#eaeff1", "#c8d4da", "#f4e3c1", "#47606f", "#2b3f4b", "#d1603d", "#f7fafb"),
    Palette("#e2f2ed", "#b6dcd2", "#fdf6e3", "#22776c", "#14504a", "#f0a04b", "#f6fffb"),
    Palette("#f5e7d9", "#e0c0a1", "#fbf2e5", "#a6573a", "#703520", "#3f6c51", "#fff6ec"),
    Palette("#31465f", "#1c2b40", "#f4d58d", "#e9dcc3", "#a8936d", "#e2725b", "#fffdf5"),
)


@dataclass
class Pen:
    palette: Palette
    chance: Random
    marks: list[str] = field(default_factory=list)

    def rect(self, x, y, w, h, fill, r=0):
        self.marks.append(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{r:g}" fill="{fill}"/>')

    def disc(self, x, y, r, fill, ry=None):
        self.marks.append(f'<ellipse cx="{x:g}" cy="{y:g}" rx="{r:g}" ry="{ry or r:g}" fill="{fill}"/>')

    def fill(self, d, fill, opacity=1.0):
        veil = "" if opacity == 1 else f' opacity="{opacity:g}"'
        self.marks.append(f'<path d="{d}" fill="{fill}"{veil}/>')

    def line(self, d, stroke, width=8):
        self.marks.append(
            f'<path d="{d}" fill="none" stroke="{stroke}" stroke-width="{width:g}"'
            ' stroke-linecap="round" stroke-linejoin="round"/>'
        )

    def pick(self, *options):
        return self.chance.choice(options)

    def between(self, low, high):
        return self.chance.randint(low, high)
