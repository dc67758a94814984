"""Things to carry, to play with, to take outside and to listen to."""

from web.pictures.shapes import Pen


def backpack(p: Pen):
    c = p.palette
    p.line("M172 112 Q172 72 200 72 Q228 72 228 112", c.dark, 10)
    p.fill("M120 170 Q120 96 200 96 Q280 96 280 170 V294 Q280 320 254 320 H146 Q120 320 120 294z", c.main)
    p.fill("M120 176 Q200 214 280 176 V160 Q276 96 200 96 Q124 96 120 160z", c.dark, 0.3)
    p.rect(146, 224, 108, 74, c.accent, 14)
    p.rect(146, 224, 108, 20, c.dark, 10)
    p.rect(190, 176, 20, 46, c.light, 5)


def tote(p: Pen):
    c = p.palette
    p.line("M156 170 Q160 84 200 84 Q240 84 244 170", c.dark, 9)
    p.fill("M112 158 H288 L300 306 Q300 320 286 320 H114 Q100 320 100 306z", c.main)
    kind = p.pick("stripe", "sail", "dot")
    if kind == "stripe":
        p.fill("M108 216 H292 L296 262 H104z", c.light)
        p.fill("M106 232 H294 L295 246 H105z", c.accent)
    elif kind == "sail":
        p.fill("M206 188 L254 262 H206z", c.light)
        p.fill("M196 204 V262 H158z M150 272 H258 L240 294 H168z", c.accent)
    else:
        p.disc(200, 238, 44, c.accent)


def satchel(p: Pen):
    c = p.palette
    p.line("M112 190 Q120 88 200 88 Q280 88 288 190", c.dark, 8)
    p.rect(98, 176, 204, 144, c.main, 16)
    p.fill("M98 192 Q98 176 114 176 H286 Q302 176 302 192 V236 Q302 262 276 262 H124 Q98 262 98 236z", c.dark, 0.4)
    for x in p.pick((144, 240), (192,)):
        p.rect(x, 232, 16, 52, c.accent, 4)
        p.rect(x - 4, 258, 24, 13, c.light, 3)


def sailboat(p: Pen):
    c, h = p.palette, p.between(74, 96)
    p.line(f"M200 268 V{h}", c.dark, 8)
    p.fill(f"M210 {h + 8} Q300 170 304 246 H210z", c.light)
    p.fill(f"M190 {h + 34} Q128 190 116 246 H190z", c.accent)
    p.fill(f"M204 {h} l34 10 l-34 12z", c.main)
    p.fill("M92 262 H308 Q292 320 240 320 H160 Q108 320 92 262z", c.main)
    p.fill("M98 276 H302 L297 290 H103z", c.light)


def blocks(p: Pen):
    c = p.palette
    p.rect(106, 230, 90, 90, c.main, 8)
    p.rect(204, 230, 90, 90, c.accent, 8)
    p.rect(152, 136, 90, 90, c.light, 8)
    p.fill("M152 132 L197 70 L242 132z", p.pick(c.dark, c.accent))
    p.disc(151, 275, 24, c.light)
    p.fill("M222 298 L249 250 L276 298z", c.light)
    p.rect(174, 158, 46, 46, p.pick(c.main, c.accent), 23)


def toy_car(p: Pen):
    c = p.palette
    p.fill("M128 218 Q140 148 176 148 H236 Q266 148 284 218z", c.accent)
    p.fill("M150 214 Q158 168 180 168 H198 V214z M210 168 H232 Q250 170 260 214 H210z", c.light)
    p.rect(84, 212, 236, 70, c.main, 30)
    p.rect(84, 246, 236, 14, c.dark, 7)
    for x in (142, 262):
        p.disc(x, 286, 34, c.dark)
        p.disc(x, 286, 15, c.light)


def tent(p: Pen):
    c, w = p.palette, p.between(112, 134)
    p.fill(f"M200 106 L{200 + w} 320 H{200 - w}z", c.main)
    p.fill(f"M200 106 L{200 + w} 320 H238z", c.dark, 0.3)
    p.fill("M200 152 L236 320 H164z", c.dark)
    p.fill("M200 152 L164 320 H146z", c.accent)
    p.line("M200 106 V82", c.dark, 5)
    p.fill("M202 78 l32 10 l-32 12z", c.accent)


def bottle(p: Pen):
    c, w = p.palette, p.between(44, 56)
    p.rect(176, 74, 48, 40, c.dark, 8)
    p.line("M184 78 Q184 52 200 52 Q216 52 216 78", c.accent, 8)
    p.fill(
        f"M178 112 H222 Q{200 + w} 132 {200 + w} 174 V298 Q{200 + w} 320 {178 + w} 320 H{222 - w} "
        f"Q{200 - w} 320 {200 - w} 298 V174 Q{200 - w} 132 178 112z",
        c.main,
    )
    p.fill(f"M212 112 H222 Q{200 + w} 132 {200 + w} 174 V298 Q{200 + w} 320 {178 + w} 320 H214z", c.dark, 0.25)
    p.rect(200 - w, p.between(196, 232), 2 * w, p.between(14, 46), c.accent)


def camp_lantern(p: Pen):
    c = p.palette
    p.line("M144 146 Q144 66 200 66 Q256 66 256 146", c.dark, 8)
    p.fill("M150 148 Q158 108 200 108 Q242 108 250 148z", c.main)
    p.rect(146, 148, 108, 122, c.light, 10)
    p.fill(f"M200 {p.between(168, 184)} Q232 216 216 248 Q200 262 184 248 Q168 216 200 176z", c.accent)
    p.line("M170 150 V268 M230 150 V268", c.dark, 4)
    p.rect(134, 268, 132, 52, c.main, 12)
    p.disc(200, 294, 10, c.accent)


def speaker(p: Pen):
    c = p.palette
    p.rect(124, 84, 152, 236, c.main, 22)
    p.rect(124, 84, 152, 236, c.dark, 22) if p.pick(True, False) else None
    for y, r in ((142, 30), (236, p.between(48, 56))):
        p.disc(200, y, r + 8, c.light)
        p.disc(200, y, r, c.dark)
        p.disc(200, y, r * 0.45, c.accent)


def headphones(p: Pen):
    c = p.palette
    p.line("M116 236 Q112 96 200 96 Q288 96 284 236", c.main, 16)
    p.line("M140 158 Q156 104 200 104 Q244 104 260 158", c.dark, 7)
    for x in (88, 250):
        p.rect(x, 206, 62, 100, c.accent, 28)
    p.rect(136, 214, 20, 84, c.dark, 9)
    p.rect(244, 214, 20, 84, c.dark, 9)


def radio(p: Pen):
    c = p.palette
    p.line("M262 160 L312 74", c.dark, 5)
    p.disc(312, 72, 6, c.accent)
    p.rect(84, 156, 232, 164, c.main, 24)
    p.rect(84, 156, 232, 164, c.dark, 24) if p.pick(True, False, False) else None
    p.disc(152, 238, 50, c.light)
    for y in (216, 230, 244, 258):
        p.line(f"M122 {y} H182", c.dark, 4)
    p.rect(222, 184, 74, 30, c.light, 6)
    p.rect(p.between(232, 280), 184, 4, 30, c.accent)
    p.disc(240, 264, 19, c.accent)
    p.disc(284, 264, 12, c.light)


MOTIFS = {
    "backpack": (backpack, 88), "tote": (tote, 106), "satchel": (satchel, 108),
    "sailboat": (sailboat, 80), "blocks": (blocks, 104), "toy-car": (toy_car, 110),
    "tent": (tent, 134), "bottle": (bottle, 56), "camp-lantern": (camp_lantern, 72),
    "speaker": (speaker, 82), "headphones": (headphones, 108), "radio": (radio, 118),
}  # fmt: skip
