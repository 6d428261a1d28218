"""Thirty questions, each with the one text that answers it, in other words than it asks; questions that nothing answers; and talk
about much the same things that answers none of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

ANSWERED: tuple[tuple[str, str], ...] = (
    ("When does the nightly copy of our data start?", "The backup begins at 02:00 and takes about forty minutes."),
    ("Which drive is nearly full?", "usb0 has 12 GB left of 500, we should order a larger disk."),
    (
        "Who waters the tomatoes during the holidays?",
        "While we are away Miriam takes care of the vegetable bed and the tomatoes.",
    ),
    (
        "What is the wifi password for visitors called in the safe?",
        "The guest network's passphrase is in the vault under 'visitors'.",
    ),
    ("How warm should the greenhouse be at night?", "Do not let the greenhouse drop below 12 degrees after sunset."),
    ("Why did the heating pump fail last winter?", "The circulation pump stopped in January because its capacitor was worn."),
    (
        "Which port does the panel's server listen on?",
        "The panel answers on port 9000, everything else is closed by the firewall.",
    ),
    (
        "What did we decide about the licence of the library?",
        "We agreed: the library stays under MIT, the program itself is GPL.",
    ),
    ("When must the car go to the garage?", "The automobile needs its inspection and new brakes before May 14th."),
    ("What is Anna allergic to?", "Anna cannot eat hazelnuts and walnuts, not even traces."),
    ("Where is the spare key of the shed hidden?", "The second key to the garden shed hangs behind the rain barrel."),
    (
        "How do I restart the camera when it freezes?",
        "If the camera hangs: hold its reset button for ten seconds until the lamp blinks twice.",
    ),
    ("Which colour did we choose for the hallway?", "For the corridor we picked RAL 7035, light grey, matt."),
    ("What is the name of the plumber we liked?", "Mr Okafor repaired the pipes quickly and at a fair price, call him again."),
    ("How long is the solar panel's guarantee?", "The photovoltaic modules have a warranty of 25 years, the inverter of ten."),
    ("What was wrong with the login test?", "test_login was flaky because two sessions shared one cookie jar."),
    (
        "Which database did we settle on for metrics?",
        "Metrics go into SQLite with rollups; a time series server would be too much for a Pi.",
    ),
    ("When is the rubbish collected?", "Waste paper is picked up every second Tuesday, the residual bin on Fridays."),
    ("How much did the new battery cost?", "We paid 189 euros for the lithium accumulator including shipping."),
    ("What does error E17 on the washing machine mean?", "E17: the washing machine gets no water, clean the inlet filter."),
    (
        "Who is responsible for the deployment on Mondays?",
        "Jonas does the release at the start of each week, Priya stands in for him.",
    ),
    ("What temperature does the sourdough bake at?", "Bread: 250 degrees for ten minutes, then 210 for half an hour."),
    ("Which sensor reports wrong humidity?", "Sensor 3 in the cellar reads 8 percent too high since it was moved."),
    ("What is the deadline for the tax return?", "The tax declaration has to be handed in by the end of July."),
    (
        "How do we call the function that sorts agents by load?",
        "order_by_load() in the scheduler module puts the busiest worker last.",
    ),
    (
        "Why is the map slow with many nodes?",
        "The agent map repainted every edge at each frame; caching the labels made it four times faster.",
    ),
    ("What kind of coffee does the office drink?", "We order the Ethiopian beans, medium roast, two kilos a month."),
    ("Where do the router's logs go?", "The gateway writes its syslog to the machine in the attic, folder /var/log/remote."),
    (
        "When did we last replace the smoke detectors?",
        "All fire alarms were exchanged in autumn 2023, their batteries last ten years.",
    ),
    (
        "Which doctor does grandma see for her eyes?",
        "The ophthalmologist is Dr Lindqvist in Station Road, appointments on Thursdays only.",
    ),
)

UNANSWERED: tuple[str, ...] = (
    "Hello, how are you?",
    "Thanks, that was great!",
    "Can you write a haiku about autumn leaves?",
    "What is the capital of Mongolia?",
    "Translate 'good evening' into Portuguese",
    "Explain how photosynthesis works",
    "Please continue",
    "Compute the determinant of this matrix",
    "What year did Beethoven die?",
    "ok",
)

_THINGS = """
greenhouse camera sensor router panel scheduler shed cellar heating test map server database bread office hallway ladder bicycle
printer piano window carpet kettle fridge freezer oven toaster lamp switch socket cable antenna aquarium balcony basement battery
beam bell bench blanket blind board boiler bookcase bottle bowl box bracket brick broom brush bucket bulb cabinet calendar candle
canvas cart ceiling chair charger chest chimney clock cloth coat column compass compressor computer concrete cooker cooler corner
counter cover crane cup cupboard curtain cushion dashboard desk dishwasher display door drain drawer drill duct engine fan faucet
fence filter fireplace floor folder fork frame fuse garage gate gauge generator glass glove grill gutter hammer handle hatch hedge
hinge hook hose hub insulation invoice jacket jar joint keyboard knife laptop lawn letter lever lid lift lock loft mailbox manual
mat meter microphone mirror modem monitor motor mower nail notebook outlet paint pan parcel path patio pen phone photo pillar pipe
plank plant plate plug pond pot projector pump radiator radio railing ramp recipe remote roof rope sack saw scale scanner screen
screw shelf shutter sink siren sofa speaker spring stairs stool stove sweep table tablet tank tap tape telescope tent thermometer
tile timer tool towel tray tripod trolley truck tube turbine umbrella valve vase vent wall wardrobe washer watch wheel wire
"""
_SUBJECTS = tuple(f"The {thing}" for thing in _THINGS.split())
_VERBS = ("was checked by", "is watched by", "was mentioned to", "belongs to", "was explained to", "is known to", "puzzles")
_OBJECTS = (
    *(
        "the agent on duty",
        "Miriam",
        "Jonas",
        "the night shift",
        "a visitor",
        "the second worker",
        "Priya",
        "grandma",
        "everybody",
    ),
)
_TAILS = (
    *("and nothing was wrong with it", "but the colour of the status lamp did not change", "as planned in the weekly round"),
    *("after the restart of the station", "and the report has {n} lines", "so task {n} is done", "with run {n} of the morning"),
    *("while {n} messages were waiting", "and it took {n} seconds", "because ticket {n} asked for it", "as on every Tuesday"),
)


def chatter(count: int, seed: int = 7) -> Iterator[str]:
    """Sentences about the same things as the answers, of which none answers a question."""
    choose = random.Random(seed)
    for _ in range(count):
        tail = choose.choice(_TAILS).format(n=choose.randrange(100_000))
        yield f"{choose.choice(_SUBJECTS)} {choose.choice(_VERBS)} {choose.choice(_OBJECTS)} {tail}."
