"""Things for the table, the stove and the desk."""

from web.pictures.shapes import Pen


def mug(p: Pen):
    c, h = p.palette, p.between(118, 150)
    top = 318 - h
    p.line(f"M250 {top + 30} q52 0 48 40 q-4 34 -52 36", c.dark, 15)
    p.fill(f"M132 {top} H262 V290 Q262 320 232 320 H162 Q132 320 132 290z", c.main)
    p.fill(f"M218 {top} H262 V290 Q262 320 232 320 H206 Q218 312 218 290z", c.dark, 0.25)
    p.disc(197, top, 65, c.light, 12)
    p.disc(197, top + 3, 55, c.dark, 8)
    if p.pick(True, False):
        p.rect(132, top + 52, 130, p.between(14, 34), c.accent)
    p.line(f"M178 {top - 24} q-10 -14 0 -28 t0 -28 M212 {top - 24} q-10 -14 0 -28 t0 -28", c.light, 5)


def vase(p: Pen):
    c, neck, belly = p.palette, p.between(16, 30), p.between(52, 80)
    p.line("M196 150 Q170 96 150 70 M202 150 Q210 90 236 58 M200 150 V64", c.dark, 4)
    for x, y in ((150, 68), (236, 56), (200, 62), (176, 104), (222, 96)):
        p.disc(x, y, p.between(11, 18), p.pick(c.accent, c.light, c.accent))
    p.fill(
        f"M{200 - neck} 142 Q{200 - neck} 178 {200 - belly} 228 Q{200 - belly} 320 168 320 H232 "
        f"Q{200 + belly} 320 {200 + belly} 228 Q{200 + neck} 178 {200 + neck} 142z",
        c.main,
    )
    p.fill(
        f"M200 142 H{200 + neck} Q{200 + neck} 178 {200 + belly} 228 Q{200 + belly} 320 232 320 H214 "
        f"Q230 300 226 228 Q212 178 212 142z",
        c.dark,
        0.25,
    )


def bowls(p: Pen):
    c, count = p.palette, p.between(2, 3)
    colours = p.chance.sample([c.main, c.accent, c.light, c.dark], count)
    for i, colour in enumerate(colours):
        y, w = 262 - 44 * i, 104 - 10 * i
        p.fill(
            f"M{200 - w} {y - 20} H{200 + w} Q{200 + w - 14} {y + 58} 228 {y + 58} H172 "
            f"Q{200 - w + 14} {y + 58} {200 - w} {y - 20}z",
            colour,
        )
        p.fill(f"M214 {y - 20} H{200 + w} Q{200 + w - 14} {y + 58} 228 {y + 58} H212z", c.dark, 0.15)
    y, w = 262 - 44 * (count - 1), 104 - 10 * (count - 1)
    p.disc(200, y - 20, w, c.light, 12)
    p.disc(200, y - 18, w - 9, c.dark, 8)


def pan(p: Pen):
    c = p.palette
    p.rect(262, 232, 122, 18, c.accent, 9)
    p.fill("M84 226 H276 Q272 320 232 320 H128 Q88 320 84 226z", c.main)
    p.fill("M196 226 H276 Q272 320 232 320 H190z", c.dark, 0.25)
    p.disc(180, 226, 98, c.dark, 14)
    if p.pick(True, False):
        p.fill("M86 222 Q90 166 180 166 Q270 166 274 222z", c.main)
        p.disc(180, 158, 15, c.accent)
    else:
        p.disc(180, 226, 84, c.light, 9)
        p.disc(164, 225, 17, c.accent, 5)


def kettle(p: Pen):
    c, knob = p.palette, p.pick("round", "flat")
    p.line("M136 164 Q142 84 200 84 Q258 84 264 164", c.dark, 12)
    p.fill("M254 208 Q300 204 322 156 L342 164 Q330 256 264 266z", c.main)
    p.fill("M134 168 H266 Q296 240 280 300 Q276 320 254 320 H146 Q124 320 120 300 Q104 240 134 168z", c.main)
    p.fill("M214 168 H266 Q296 240 280 300 Q276 320 254 320 H216 Q244 250 214 168z", c.dark, 0.25)
    p.disc(200, 168, 66, c.light, 9)
    p.disc(200, 156, 13 if knob == "round" else 20, c.accent, 13 if knob == "round" else 8)


def board(p: Pen):
    c = p.palette
    p.rect(110, 110, 150, 210, c.main, 26)
    p.disc(185, 138, 11, c.disc)
    for x in (140, 168, 200, 228):
        p.line(f"M{x} 164 q{p.between(-8, 8)} 60 0 138", c.dark, 2)
    p.fill("M286 126 Q320 140 312 226 H286z", c.light)
    p.rect(284, 226, 30, 94, c.accent, 12)


def notebook(p: Pen):
    c = p.palette
    p.rect(138, 104, 150, 216, c.dark, 10)
    p.rect(132, 100, 150, 214, c.light, 8)
    p.rect(124, 96, 150, 216, c.main, 10)
    p.rect(124, 96, 24, 216, c.dark, 8)
    p.rect(172, 130, 80, 46, c.light, 4)
    p.line("M184 146 H240 M184 160 H222", c.dark, 3)
    p.rect(p.between(226, 246), 96, 9, 216, c.accent)


def pens(p: Pen):
    c = p.palette
    for x, lean in ((176, -22), (198, -4), (222, 20)):
        colour, h = p.pick(c.accent, c.light, c.dark), p.between(94, 130)
        p.line(f"M{x} 250 L{x + lean} {h}", colour, 13)
        p.line(f"M{x + lean} {h} l{lean / 12:g} -14", c.dark, 5)
    p.fill("M142 206 H258 L250 320 H150z", c.main)
    p.fill("M210 206 H258 L250 320 H206z", c.dark, 0.25)
    for y in p.pick((236, 262, 288), (250,), (232, 296)):
        p.rect(145, y, 110, 7, c.accent)


def desk_tray(p: Pen):
    c = p.palette
    for i, y in enumerate((284, 226, 168)):
        p.rect(112, y - 22, 168, 20, (c.light, c.accent, c.light)[i], 3)
        p.fill(f"M96 {y} H304 L296 {y + 34} H104z", c.main)
        p.rect(176, y + 10, 48, 9, c.dark, 4)
    p.line("M104 316 V160 M296 316 V160", c.dark, 6)


def wall_clock(p: Pen):
    c = p.palette
    p.disc(200, 196, 112, c.main)
    p.disc(200, 196, 92, c.light)
    for x1, y1, x2, y2 in ((200, 116, 200, 128), (200, 264, 200, 276), (120, 196, 132, 196), (268, 196, 280, 196)):
        p.line(f"M{x1} {y1} L{x2} {y2}", c.dark, 6)
    p.line(f"M200 196 L{p.between(160, 246)} {p.between(146, 156)}", c.dark, 8)
    p.line(f"M200 196 L{p.pick(142, 258)} {p.between(166, 232)}", c.accent, 5)
    p.disc(200, 196, 8, c.dark)


def alarm_clock(p: Pen):
    c = p.palette
    p.line("M144 288 L124 318 M256 288 L276 318", c.dark, 13)
    p.disc(136, 134, 32, c.accent)
    p.disc(264, 134, 32, c.accent)
    p.line("M200 128 V104 M182 100 H218", c.dark, 9)
    p.disc(200, 216, 98, c.main)
    p.disc(200, 216, 76, c.light)
    p.line(f"M200 216 V164 M200 216 L{p.between(224, 250)} {p.between(216, 240)}", c.dark, 8)
    p.disc(200, 216, 7, c.accent)


def watch(p: Pen):
    c = p.palette
    p.rect(166, 66, 68, 254, c.accent, 22)
    for y in (82, 100, 272, 290):
        p.disc(200, y, 4, c.dark)
    p.rect(266, 184, 20, 20, c.dark, 6)
    p.disc(200, 194, 78, c.main)
    p.disc(200, 194, 60, p.pick(c.light, c.dark))
    p.line(f"M200 194 V152 M200 194 L{p.between(218, 236)} {p.between(180, 214)}", c.accent, 6)
    p.disc(200, 194, 5, c.accent)


MOTIFS = {
    "mug": (mug, 84), "vase": (vase, 66), "bowls": (bowls, 70),
    "pan": (pan, 90), "kettle": (kettle, 96), "board": (board, 104),
    "notebook": (notebook, 92), "pens": (pens, 66), "desk-tray": (desk_tray, 112),
    "wall-clock": (wall_clock, 0), "alarm-clock": (alarm_clock, 92), "watch": (watch, 46),
}  # fmt: skip
