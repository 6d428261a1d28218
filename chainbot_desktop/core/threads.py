"""Blocking work that must not go on behind our back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def to_its_end(work: Callable[[], T]) -> T:
    """On a thread. Cancelled, it waits for the thread all the same: the next step may close the file that it works on."""
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        await asyncio.wait((future,))
        if not future.cancelled():
            future.exception()  # heard: the cancellation is what counts
        raise
