"""Departments for hands: ceramics, kitchen, desk, bags, toys, outdoors."""

from products.catalogue.words import Department, Kind

HANDS = (
    Department(
        "ceramics", "Ceramics", "Stoneware thrown, glazed and used.",
        (
            Kind("mug", ("Mug", "Breakfast Mug", "Tea Mug", "Tall Mug"), "3{} ml", (1200, 3900)),
            Kind("vase", ("Vase", "Bud Vase", "Bottle Vase"), "{} cm tall", (1900, 9900)),
            Kind("bowls", ("Nesting Bowls", "Bowl Set", "Serving Bowls"), "{} cm the largest", (2900, 11900)),
        ),
        ("Stoneware", "Speckled", "Salt-Glazed", "Raw-Edged", "Celadon", "Ash-Glazed", "Porcelain", "Dipped"),
        (
            "The rim is thin, the base is heavy, the curve is kind to the hand: that is the whole idea.",
            "Glazed by pouring, so each one wears its tide line at a different height.",
            "Comes out of the kiln with small freckles of iron, and no two share a face.",
            "Sits in the hand like a pebble that someone has already warmed.",
        ),
        (
            "Safe in the dishwasher, the oven and the hands of a five-year-old, in that order.",
            "The foot is left bare and sanded, so that it never scratches the table.",
            "Fired to 1,260 degrees, which is why it rings when you tap it.",
            "Stacks neatly with everything else from the same kiln.",
        ),
        ("Dishwasher safe.", "Oven safe to 220 °C.", "Rinse, let dry, use again."),
    ),
    Department(
        "kitchen", "Kitchen", "Tools for people who cook on weekdays.",
        (
            Kind("pan", ("Saucepan", "Casserole", "Saute Pan", "Braiser"), "{} cm wide", (3900, 18900)),
            Kind("kettle", ("Kettle", "Stove Kettle", "Whistling Kettle"), "1.{} litres", (3400, 12900)),
            Kind("board", ("Board & Knife", "Carving Board", "Bread Board"), "{} cm long", (1900, 8900)),
        ),
        ("Copper", "Cast-Iron", "Steel", "Enamel", "Carbon-Steel", "Olivewood", "Hammered", "Three-Ply"),
        (
            "Does one thing, does it well, and leaves the onions to you.",
            "Comes clean with hot water and a cloth, which sounds small until you have owned the other kind.",
            "Gets better with every dinner, and darker, and a little more yours.",
            "Heavy enough to stay put, balanced in the hand.",
        ),
        (
            "Sized for four people, or for two with seconds.",
            "The grip is where the hand looks for it, also with flour on.",
            "Hangs on a hook, stands on a shelf, and looks right on the table.",
            "Finished without a seam in which crumbs could hide.",
        ),
        ("Wash by hand, dry at once.", "Season with oil.", "Dishwasher if you must."),
    ),
    Department(
        "desk", "Paper & Desk", "For lists, letters and second thoughts.",
        (
            Kind("notebook", ("Notebook", "Journal", "Sketchbook", "Logbook"), "1{} pages", (900, 3400)),
            Kind("pens", ("Pen Cup", "Pencil Set", "Desk Caddy"), "{} mm across", (1200, 4900)),
            Kind("desk-tray", ("Letter Tray", "Desk Drawers", "Paper Tower"), "3{} mm wide", (2900, 12900)),
        ),
        ("Clothbound", "Dotted", "Cedar", "Recycled", "Leather", "Steel", "Ruled", "Cork"),
        (
            "Made for a desk that is used, not photographed.",
            "Takes years of daily handling without shine or squeak.",
            "Brings a desk to order without making a speech about it.",
            "Small enough to be always there, good enough to be used.",
        ),
        (
            "The edges are trimmed by hand and stay straight.",
            "Has a secret: a flat pocket for stamps and receipts.",
            "The corners are dovetailed, though nobody will look.",
            "Made from the offcuts of a bookbinder two streets away.",
        ),
        ("Keep dry.", "Sharpen often.", "Wipe with a soft cloth."),
    ),
    Department(
        "bags", "Bags", "Carry it all, or only the book.",
        (
            Kind("backpack", ("Backpack", "Day Pack", "Rucksack"), "{} litres", (4900, 18900)),
            Kind("tote", ("Tote", "Market Bag", "Beach Bag"), "{} litres", (1900, 7900)),
            Kind("satchel", ("Satchel", "Briefcase", "Messenger Bag"), "3{} mm wide", (6900, 29900)),
        ),
        ("Canvas", "Waxed", "Leather", "Sailcloth", "Roll-Top", "Felt", "Ripstop", "Quilted"),
        (
            "Cut from cloth that began as a mainsail, and still sheds rain like one.",
            "Swallows a laptop, a jumper and a loaf, and keeps its shape.",
            "The strap sits flat, and the weight goes where the shoulder wants it.",
            "Stands up by itself when you put it down, as a bag should.",
        ),
        (
            "Inside are one deep pocket, one flat pocket and one for keys that you can find blind.",
            "The buckles are solid brass and will outlive the second owner.",
            "Every seam is bound, every stress point has a bar tack.",
            "Folds into its own pocket when it has nothing to do.",
        ),
        ("Brush off when dry.", "Re-wax each autumn.", "Cool wash, hang to dry."),
    ),
    Department(
        "toys", "Toys", "Wooden, washable and good on rainy days.",
        (
            Kind("sailboat", ("Sailboat", "Toy Yacht", "Bath Boat"), "{} cm long", (1400, 5900)),
            Kind("blocks", ("Building Blocks", "Block Set", "Stacking Blocks"), "{} pieces", (1900, 7900)),
            Kind("toy-car", ("Pull Car", "Wooden Car", "Push Car"), "{} cm long", (1200, 4900)),
        ),
        ("Beech", "Painted", "Maple", "Pocket", "First", "Harbour", "Rainbow", "Lime-Wood"),
        (
            "Survives being thrown, loved and lent, in that order.",
            "Simple enough to become anything by lunchtime.",
            "Goes wherever a small hand points it, stairs included.",
            "A toy that grandparents recognise and children keep.",
        ),
        (
            "Painted with water colours that pass the strictest chewing test.",
            "Comes in a cotton bag that becomes part of the game by day two.",
            "All corners are rounded and no part is smaller than a plum.",
            "The wood comes from windfall trees and is marked with the year.",
        ),
        ("Wipe clean.", "Let it dry after the bath.", "Sand and oil if it gets rough."),
    ),
    Department(
        "outdoors", "Outdoors", "For the garden, the beach and the last bus back.",
        (
            Kind("tent", ("Tent", "Two-Person Tent", "Trail Tent"), "2.{} kg", (12900, 49900)),
            Kind("bottle", ("Flask", "Water Bottle", "Thermos"), "0.{} litres", (1400, 4900)),
            Kind("camp-lantern", ("Lantern", "Storm Lantern", "Camp Lamp"), "2{} mm tall", (2400, 8900)),
        ),
        ("Ultralight", "Steel", "Storm", "All-Season", "Recycled", "Canvas", "Titanium", "Coastal"),
        (
            "Works in the dark, in the wind, and with one hand; we tried.",
            "Made for weekends that were meant to be dry.",
            "Still working at the end of the week, which is when it matters.",
            "Light enough to forget, tough enough to lend.",
        ),
        (
            "Everything that moves can be worked with gloves on.",
            "Packs down small and comes out ready.",
            "Made without fluorine, glue or hurry, and can be mended at home.",
            "A repair kit and spare parts come with it, in a small bag.",
        ),
        ("Dry before storing.", "Rinse off the salt.", "Air it after each trip."),
    ),
)  # fmt: skip
