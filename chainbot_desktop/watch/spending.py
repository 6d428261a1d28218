"""What models used in the last minute, from sums that only grow (and begin again with the day)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Spent:
    """A sum of today: tokens, and US dollars where the price is known."""

    tokens: int
    cost: float


class SpentPerMinute:
    """`note` the sum as often as you like, with seconds of a clock that goes on in sleep."""

    def __init__(self) -> None:
        self._before: Spent | None = None
        self._grown: deque[tuple[float, int, float]] = deque()

    def note(self, at: float, spent: Spent) -> Spent:
        """What was used in the minute that ends with `at`; before the first sum nothing is known of it, and it counts as nothing."""
        before, self._before = self._before, spent
        if before is not None:
            # A sum that fell began again: all that it says was used since.
            tokens = spent.tokens - before.tokens if spent.tokens >= before.tokens else spent.tokens
            cost = spent.cost - before.cost if spent.tokens >= before.tokens else spent.cost
            if tokens or cost:
                self._grown.append((at, tokens, max(0.0, cost)))
        while self._grown and self._grown[0][0] <= at - _MINUTE:
            self._grown.popleft()
        return Spent(sum(tokens for _, tokens, _ in self._grown), sum(cost for _, _, cost in self._grown))
