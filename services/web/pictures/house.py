"""Things for rooms: light, seats, plants, cloth."""

from web.pictures.shapes import Pen


def desk_lamp(p: Pen):
    c, lean = p.palette, p.between(-14, 14)
    p.rect(150, 306, 100, 14, c.dark, 7)
    p.fill(f"M{179 + lean} 156 L{275 + lean} 218 L{262 + lean} 316 H{120 + lean}z", c.light, 0.4)
    p.line(f"M200 306 L{160 + lean} 210 L{222 + lean} 140", c.main, 9)
    p.disc(160 + lean, 210, 9, c.accent)
    p.fill(f"M{205 + lean} 118 l52 34 l18 66 l-96 -62z", c.main)
    p.disc(228 + lean, 186, 13, c.accent)


def pendant_lamp(p: Pen):
    c, w = p.palette, p.between(66, 104)
    p.line("M200 0 V120", c.dark, 4)
    p.fill(
        f"M200 110 C{200 - w} 120 {200 - w} 190 {200 - w} 214 H{200 + w} C{200 + w} 190 {200 + w} 120 200 110z", c.main
    )
    p.fill(
        f"M200 110 C{200 + w * 0.3:g} 120 {200 + w * 0.5:g} 180 {200 + w * 0.5:g} 214 H{200 + w} "
        f"C{200 + w} 190 {200 + w} 120 200 110z",
        c.dark,
        0.35,
    )
    p.fill(f"M{200 - w} 214 H{200 + w} L{200 + w + 46} 320 H{200 - w - 46}z", c.light, 0.3)
    p.disc(200, 216, 20, c.accent, 12)
    p.rect(190, 102, 20, 16, c.accent, 4)


def floor_lamp(p: Pen):
    c, w = p.palette, p.between(48, 66)
    p.line("M200 180 L158 318 M200 180 L242 318 M200 180 V318", c.dark, 7)
    p.fill(f"M{200 - w * 0.6:g} 76 H{200 + w * 0.6:g} L{200 + w} 190 H{200 - w}z", c.main)
    p.fill(f"M200 76 H{200 + w * 0.6:g} L{200 + w} 190 H200z", c.dark, 0.2)
    p.rect(200 - w, 182, 2 * w, 8, c.accent)


def chair(p: Pen):
    c, seat = p.palette, p.pick(p.palette.accent, p.palette.main)
    p.line("M150 236 L136 318 M250 236 L264 318 M168 236 L164 300 M232 236 L236 300", c.dark, 9)
    if p.pick(True, False):
        p.fill("M146 92 Q200 72 254 92 L248 216 H152z", c.main)
        p.fill("M200 80 Q230 80 254 92 L248 216 H200z", c.dark, 0.2)
    else:
        p.line("M150 96 V220 M250 96 V220 M178 108 V220 M200 106 V220 M222 108 V220", c.main, 8)
        p.line("M146 98 Q200 80 254 98", c.main, 14)
    p.rect(134, 214, 132, 26, seat, 13)


def round_table(p: Pen):
    c, legs = p.palette, p.between(52, 90)
    p.line(f"M200 204 L{200 - legs} 318 M200 204 L{200 + legs} 318 M200 204 V318", c.dark, 9)
    p.disc(200, 198, 122, c.dark, 20)
    p.disc(200, 190, 122, c.main, 20)
    p.fill("M184 184 q-6 -34 6 -52 h24 q12 18 6 52z", c.light)
    p.line("M200 132 q-4 -30 -20 -44 M204 132 q4 -34 24 -42", c.accent, 5)


def shelf(p: Pen):
    c = p.palette
    p.line("M122 84 V318 M278 84 V318", c.dark, 8)
    for y in (140, 222, 304):
        p.rect(112, y, 176, 10, c.main, 3)
    for y in (140, 222, 304):
        x = 132
        while x < 240:
            w, h = p.between(9, 17), p.between(34, 56)
            p.rect(x, y - h, w, h, p.pick(c.accent, c.light, c.main, c.dark), 2)
            x += w + p.pick(2, 2, 3, 26)


# Leaves stay green whatever the palette: first tone, second tone.
GREENS = (("#5b7f5a", "#37553a"), ("#2f7a5c", "#1c5441"), ("#7d9a4b", "#56702c"))


def _pot(p: Pen):
    c = p.palette
    p.fill("M142 232 H258 L244 320 H156z", c.accent)
    p.fill("M200 232 H258 L244 320 H200z", c.dark, 0.15)
    p.rect(134, 222, 132, 20, c.accent, 5)


def leafy_plant(p: Pen):
    c, (leaf, deep) = p.palette, p.pick(*GREENS)
    for i in range(-3, 4):
        x, y = 200 + i * p.between(24, 34), 84 + abs(i) * p.between(18, 26)
        side, green = 14 + 4 * abs(i), leaf if i % 2 else deep
        p.fill(
            f"M200 232 C{x - side - 18} {y + 90} {x - side} {y + 30} {x} {y} "
            f"C{x + side} {y + 30} {x + side + 18} {y + 90} 200 232z",
            green,
        )
        p.line(f"M200 228 Q{(200 + x) / 2 + i * 5:g} {y + 80} {x} {y + 24}", c.light, 1.5)
    _pot(p)


def cactus(p: Pen):
    c, (leaf, deep), h = p.palette, p.pick(*GREENS), p.between(96, 124)
    p.line(f"M200 236 V{h}", leaf, 58)
    p.line(f"M226 210 H262 V{p.between(140, 170)}", leaf, 26)
    if p.pick(True, False):
        p.line(f"M176 190 H140 V{p.between(124, 150)}", leaf, 26)
    p.line(f"M190 228 V{h} M210 228 V{h}", deep, 2.5)
    p.disc(200, h - 30, 12, p.pick(c.accent, c.light))
    _pot(p)


def palm(p: Pen):
    leaf, deep = p.pick(*GREENS)
    p.line("M200 232 Q194 180 200 130", deep, 9)
    for dx, dy in ((-104, 44), (-86, -26), (-40, -70), (40, -72), (88, -24), (104, 46)):
        x, y = 200 + dx + p.between(-8, 8), 130 + dy + p.between(-8, 8)
        p.fill(
            f"M200 130 Q{200 + dx * 0.4:g} {y - 34} {x} {y} Q{200 + dx * 0.5:g} {y + 4} 200 130z",
            p.pick(leaf, leaf, deep),
        )
    _pot(p)


def cushion(p: Pen):
    c = p.palette
    p.fill("M108 136 Q200 158 292 136 Q276 228 292 316 Q200 300 108 316 Q124 228 108 136z", c.main)
    kind = p.pick("stripes", "dots", "sun")
    if kind == "stripes":
        for x in (142, 176, 210, 244):
            p.rect(x, 158, 14, 138, p.pick(c.light, c.accent), 3)
    elif kind == "dots":
        for y in (178, 226, 274):
            for x in (156, 200, 244):
                p.disc(x, y, 11, p.pick(c.accent, c.light, c.accent))
    else:
        p.disc(200, 228, 46, c.accent)
        p.fill("M154 228 a46 46 0 0 1 92 0z", c.light)


def blanket(p: Pen):
    c = p.palette
    for i, y in enumerate((270, 222, 174)):
        p.rect(104 + 3 * i, y, 192 - 6 * i, 50, (c.main, c.accent, c.light)[i], 22)
        p.line(f"M{130 + 3 * i} {y + 26} H{270 - 3 * i}", (c.dark, c.light, c.main)[i], p.between(3, 9))
    for x in range(126, 282, 14):
        p.line(f"M{x} 224 v{p.between(14, 20)}", c.light, 3)


def rug(p: Pen):
    c, rings = p.palette, p.between(3, 5)
    p.fill("M70 250 L200 176 L330 250 L200 324z", c.dark)
    for i in range(rings):
        k = 1 - i / rings
        colour = (c.main, c.light, c.accent, c.main, c.light)[i]
        p.fill(f"M{200 - 126 * k:g} 246 L200 {246 - 71 * k:g} L{200 + 126 * k:g} 246 L200 {246 + 71 * k:g}z", colour)
    for x in range(80, 200, 12):
        p.line(f"M{x - 6} {256 + (x - 74) * 0.57:g} l-9 6", c.light, 3)


# Motif: its drawing, and how wide its shadow falls.
MOTIFS = {
    "desk-lamp": (desk_lamp, 74), "pendant-lamp": (pendant_lamp, 110), "floor-lamp": (floor_lamp, 70),
    "chair": (chair, 92), "table": (round_table, 110), "shelf": (shelf, 100),
    "leafy-plant": (leafy_plant, 70), "cactus": (cactus, 70), "palm": (palm, 70),
    "cushion": (cushion, 104), "blanket": (blanket, 108), "rug": (rug, 0),
}  # fmt: skip
