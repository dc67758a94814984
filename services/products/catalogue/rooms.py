"""Departments for rooms: lighting, furniture, plants, textiles, clocks, sound."""

from products.catalogue.words import Department, Kind

ROOMS = (
    Department(
        "lighting", "Lighting", "Lamps that make an evening, not a glare.",
        (
            Kind("desk-lamp", ("Desk Lamp", "Reading Lamp", "Task Lamp"), "{} cm reach", (3900, 14900)),
            Kind("pendant-lamp", ("Pendant", "Dome Pendant", "Ceiling Lamp"), "{} cm across", (5900, 24900)),
            Kind("floor-lamp", ("Floor Lamp", "Tripod Lamp", "Standard Lamp"), "1{} cm tall", (8900, 32900)),
        ),
        ("Brass", "Powder-Coated", "Oak", "Linen", "Enamel", "Smoked Glass", "Paper", "Copper", "Ash"),
        (
            "Throws a warm pool of light exactly where you sit, and leaves the rest of the room in peace.",
            "A quiet lamp for the corner that never quite had one.",
            "Bright enough to sew by, soft enough to fall asleep under.",
            "The shade hides the bulb from every chair in the room; only the glow gets out.",
        ),
        (
            "It dims without a hum and remembers the last setting.",
            "The textile cable is three metres long and can be replaced with a screwdriver.",
            "Takes an ordinary E27 bulb, so nothing here ends with its light source.",
            "Every part that can wear has a number, and can be ordered by it.",
        ),
        ("Wipe with a dry cloth.", "Let the bulb cool, then dust.", "A damp cloth is all it needs."),
    ),
    Department(
        "furniture", "Furniture", "Seats, tables and shelves to stay with.",
        (
            Kind("chair", ("Chair", "Dining Chair", "Spindle Chair"), "seat height 4{} mm", (8900, 34900)),
            Kind("table", ("Round Table", "Side Table", "Bistro Table"), "{} cm across", (12900, 69900)),
            Kind("shelf", ("Bookcase", "Open Shelf", "Wall Unit"), "1{} cm wide", (9900, 54900)),
        ),
        ("Oak", "Ash", "Walnut", "Beech", "Cane", "Birch", "Pine", "Elm"),
        (
            "Solid where it is touched and light where it is carried.",
            "It stands level on an old floor, thanks to small brass feet that turn.",
            "A plain shape that gets along with whatever you already own.",
            "Built like a small boat: few parts, tight joints, no creaking.",
        ),
        (
            "The joints are wedged rather than screwed and tighten with age.",
            "Arrives in one flat box and goes together in ten minutes, without words or tears.",
            "The edges are rounded by hand, kind to knees and to children.",
            "Oiled, not lacquered, so a scratch is an afternoon's work and not a goodbye.",
        ),
        ("Oil it once a year.", "Keep coasters near.", "Dust, and oil when it looks thirsty."),
    ),
    Department(
        "plants", "Plants", "Green company, in a pot that fits it.",
        (
            Kind("leafy-plant", ("Rubber Fig", "Calathea", "Peace Lily", "Aspidistra"), "{} cm with pot", (1490, 6900)),
            Kind("cactus", ("Column Cactus", "Torch Cactus", "Prickly Pear"), "{} cm with pot", (990, 5400)),
            Kind("palm", ("Parlour Palm", "Dragon Tree", "Yucca"), "{} cm with pot", (1990, 8900)),
        ),
        ("Young", "Potted", "Shade-Loving", "Sunny-Sill", "Slow", "Tall", "Compact", "Old-Stock"),
        (
            "Forgives a forgotten week and thanks you for a good one.",
            "Grown outdoors for its first two summers, so a draughty hall does not scare it.",
            "A plant with good manners: it grows up rather than out.",
            "Puts out a new shoot every few weeks once it has found its window.",
        ),
        (
            "The clay pot has a saucer that holds a long weekend's water.",
            "Comes in peat-free soil, with a card that says in four lines what it wants.",
            "Harmless to cats, who will nevertheless try.",
            "Turn it a quarter each month and it stays straight.",
        ),
        ("Water when the top soil is dry.", "Water every second week.", "Bright spot, little water."),
    ),
    Department(
        "textiles", "Textiles", "Wool, linen and cotton for cold feet.",
        (
            Kind("cushion", ("Cushion", "Bolster", "Seat Cushion"), "{} cm square", (1990, 7900)),
            Kind("blanket", ("Blanket", "Throw", "Bedspread"), "1{} cm long", (4900, 19900)),
            Kind("rug", ("Rug", "Runner", "Hearth Rug"), "2{} cm long", (6900, 39900)),
        ),
        ("Wool", "Linen", "Organic Cotton", "Mohair", "Felted", "Herringbone", "Waffle", "Hand-Loomed"),
        (
            "Heavy enough to stay where you put it, soft enough to be stolen.",
            "Woven in a pattern that looks plain from the door and busy from the sofa.",
            "The thing everyone reaches for at about ten in the evening.",
            "Dyed in the yarn, so the colour goes all the way through and stays.",
        ),
        (
            "The fringe is knotted by hand and does not unravel.",
            "The wool comes from coastal sheep and has kept its water-shedding grease.",
            "Washed twice before it leaves, so it has already shrunk as far as it will.",
            "Reversible: the other side has the colours the other way round.",
        ),
        ("Air it, wash it rarely.", "Cool wash, dry flat.", "Shake it out; wool does the rest."),
    ),
    Department(
        "clocks", "Clocks & Watches", "Time, told without hurry.",
        (
            Kind("wall-clock", ("Wall Clock", "Station Clock", "Kitchen Clock"), "{} cm across", (2900, 14900)),
            Kind("alarm-clock", ("Alarm Clock", "Bedside Clock", "Travel Clock"), "1{} mm tall", (1990, 8900)),
            Kind("watch", ("Wristwatch", "Field Watch", "Deck Watch"), "3{} mm case", (7900, 44900)),
        ),
        ("Brass", "Steel", "Enamel", "Oak", "Bakelite", "Matt", "Railway", "Silent"),
        (
            "Readable from across the room and silent from right beside it.",
            "Big honest numerals, and hands that never cover each other for long.",
            "A dial drawn from the ones on old ferries, without the salt.",
            "Keeps to a minute a year and makes no fuss about summer time.",
        ),
        (
            "The movement sweeps, so there is no tick to count at night.",
            "Runs for three years on one battery, which is included.",
            "The glass is domed mineral crystal and shrugs off keys and door frames.",
            "The hands glow faintly till morning after a day in the light.",
        ),
        ("Dust the glass.", "New battery every third year.", "Keep away from hot steam."),
    ),
    Department(
        "sound", "Sound", "For records, voices and the shipping forecast.",
        (
            Kind("speaker", ("Speaker", "Shelf Speaker", "Monitor"), "2{} mm tall", (8900, 49900)),
            Kind("headphones", ("Headphones", "Studio Headphones", "Travel Headphones"), "2{} g", (4900, 34900)),
            Kind("radio", ("Radio", "Kitchen Radio", "Portable Radio"), "2{} mm wide", (3900, 22900)),
        ),
        ("Walnut", "Aluminium", "Linen-Fronted", "Compact", "Open-Back", "Two-Way", "Leather", "Matt"),
        (
            "Voices sound like people, pianos like furniture being moved by an angel.",
            "Plays at a whisper without losing the bass, which is rarer than it should be.",
            "One good knob for volume and none for anything that would confuse a guest.",
            "Made for long listening: nothing shouts, nothing is missing.",
        ),
        (
            "Thirty hours on a charge, and a battery that you can change yourself.",
            "The cable unplugs at both ends and costs less than lunch.",
            "Remembers eight sources and switches between them without a chime.",
            "Tuned by ear, then by instrument, then by ear again.",
        ),
        ("Dust with a soft brush.", "Keep dry.", "Wipe with a damp cloth."),
    ),
)  # fmt: skip
