"""Takes the picture of the panel that the page shows, once for all who ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from chainbot_desktop.core.errors import NotFound

_FRESH = 0.25
"""Seconds for which one picture serves all who ask: painting it costs the panel a frame."""


class Camera:
    """Use on the loop's thread. Those who ask while a picture is taken get that picture."""

    def __init__(self, screen: Callable[[], Awaitable[bytes]] | None) -> None:
        self._screen = screen
        self._taking = asyncio.Lock()
        self._picture = b""
        self._taken_at = float("-inf")

    async def picture(self) -> bytes:
        if self._screen is None:
            raise NotFound(
                "This program runs without a panel: there is no screen to show.",
                hint="Start it without --headless to have one.",
                code="headless",
            )
        asked_at = monotonic()
        async with self._taking:
            if self._taken_at < asked_at - _FRESH:
                self._picture = await self._screen()
                self._taken_at = monotonic()
            return self._picture
