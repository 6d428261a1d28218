"""What became of deliveries, noted many at a time: a card is not worn by a write for each of them."""

from __future__ import annotations

import asyncio

from chainbot_desktop.alexos.pace import Pace
from chainbot_desktop.store.deliveries import DeliveryMark, DeliveryTable

_MANY = 100


class DeliveryNotes:
    """Use on the loop's thread. What could not be written stays here for the next `flush`."""

    def __init__(self, destination: str, table: DeliveryTable, pace: Pace) -> None:
        self._destination = destination
        self._table = table
        self._pace = pace
        self._marks: list[DeliveryMark] = []
        self._begun = 0.0
        self._flushing = asyncio.Lock()

    @property
    def idle(self) -> bool:
        """Everything is written."""
        return not self._marks and not self._flushing.locked()

    @property
    def many(self) -> bool:
        """More than are to be lost by a power cut."""
        return len(self._marks) >= _MANY

    @property
    def due(self) -> float | None:
        """The loop time at which they are to be written; None where there are none."""
        return self._begun + self._pace.noting if self._marks else None

    def add(self, mark: DeliveryMark) -> None:
        if not self._marks:
            self._begun = asyncio.get_running_loop().time()
        self._marks.append(mark)

    async def flush(self) -> None:
        async with self._flushing:
            marks, self._marks = self._marks, []
            if not marks:
                return
            try:
                await self._table.mark(self._destination, marks)
            except BaseException:
                self._marks = marks + self._marks
                raise
