"""What the report on health says of ALEX OS: how the link stands, what waits for it, and whether its clock is ours.

All of it is about another machine, or about both: at most a notice, which changes no status.
"""

from __future__ import annotations

from chainbot_desktop.core.link import ClockSkew, LinkState, LinkStatus
from chainbot_desktop.watch.checks import Check, Level

SKEW_TOLERATED = 5.0
"""Seconds that this clock and ALEX OS's may be apart before it is worth a look."""


def link_checks(link: LinkStatus) -> list[Check]:
    settled = link.state in {LinkState.REGISTERED, LinkState.DISABLED, LinkState.REGISTERING, LinkState.UNREGISTERED}
    level = Level.OK if settled else Level.NOTICE
    reason = f": {link.reason}" if link.reason else "."
    hint = "" if settled else "Link (ALEX OS) has the details. This program works without it and keeps what it has to tell."
    checks = [Check("link", "ALEX OS", level, f"The link to ALEX OS is {link.state.value}{reason}", hint)]
    if link.outbox_given_up:
        count = link.outbox_given_up
        sentence = (
            "1 delivery was refused by ALEX OS for good."
            if count == 1
            else f"{count} deliveries were refused by ALEX OS for good."
        )
        checks.append(
            Check(
                "deliveries",
                "Deliveries",
                Level.NOTICE,
                sentence,
                "The Deliveries page of the Watchtower has each with its answer, to be tried again.",
            )
        )
    elif link.outbox_pending:
        checks.append(
            Check("deliveries", "Deliveries", Level.OK, f"{link.outbox_pending} events wait to be delivered to ALEX OS.")
        )
    else:
        checks.append(Check("deliveries", "Deliveries", Level.OK, "Nothing waits to be delivered to ALEX OS."))
    return checks


def clock_checks(skew: ClockSkew | None) -> list[Check]:
    """One, or none where nothing is known: then nothing is said."""
    if skew is None:
        return []
    apart = abs(skew.seconds)
    if apart <= max(1.0, skew.uncertainty):
        return [Check("clock", "Clock", Level.OK, "This clock and that of ALEX OS agree to about a second.")]
    way = "ahead of" if skew.seconds > 0 else "behind"
    level = Level.NOTICE if apart > SKEW_TOLERATED else Level.OK
    hint = "" if level is Level.OK else "timedatectl on both machines says whose clock is not synchronised."
    return [Check("clock", "Clock", level, f"This clock is {_span(apart)} {way} ALEX OS.", hint)]


def _span(seconds: float) -> str:
    """In the two largest units, which is exact enough for a clock that is wrong."""
    whole = round(seconds)
    parts = []
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts[:2])
