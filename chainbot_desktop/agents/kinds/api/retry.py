"""When a request that changes nothing is made again, and after how long."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from chainbot_desktop.core.errors import Unavailable

REPEATABLE = frozenset({"GET", "HEAD"})
"""They change nothing; every other method is sent once, whatever becomes of it."""
_PASSING = frozenset({429, 502, 503, 504})


class Broken(Unavailable):
    """There was no whole answer, for a reason that may pass."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Full jitter: each wait is drawn evenly from 0 to a step that doubles. Times in seconds. Tests hurry them."""

    retries: int = 3
    first: float = 0.5
    longest: float = 60
    """Where an API asks for more, the request is not made again."""
    draw: random.Random = field(default_factory=random.Random)

    def wait(self, retry: int, asked: float | None) -> float:
        """Before the retry of this number, from 0; as long as the API asked for, where it did."""
        drawn = self.draw.uniform(0, min(self.longest, self.first * 2.0**retry))
        return drawn if asked is None else asked


def is_passing(method: str, status: int) -> bool:
    return method in REPEATABLE and status in _PASSING


def asked_wait(retry_after: str) -> float | None:
    """Seconds that a Retry-After asks for: it has a number of them, or a date. None where it has neither."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:12])
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
