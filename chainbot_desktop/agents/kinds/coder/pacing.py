"""What a coding agent says, handed on no faster than anybody reads: the first piece at once, the rest gathered thirty times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

Channel = Literal["answer", "thinking"]

_PAUSE = 1 / 30
_PIECE = 16_384
"""Characters that are not kept waiting."""


class Pacing:
    """Keeps the order of all that it is given. Use on the loop's thread."""

    def __init__(self, hand_on: Callable[[str, Channel], None]) -> None:
        self._hand_on = hand_on
        self._parts: list[str] = []
        self._length = 0
        self._channel: Channel = "answer"
        self._timer: asyncio.TimerHandle | None = None

    def add(self, text: str, channel: Channel) -> None:
        if channel != self._channel:
            self.flush()
            self._channel = channel
        self._parts.append(text)
        self._length += len(text)
        if self._timer is None:
            self._pass_on()
        elif self._length >= _PIECE:
            self.flush()

    def flush(self) -> None:
        if self._parts:
            text = "".join(self._parts)
            self._parts.clear()
            self._length = 0
            self._hand_on(text, self._channel)

    def close(self) -> None:
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _pass_on(self) -> None:
        self.flush()
        self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._on_due)

    def _on_due(self) -> None:
        self._timer = None
        if self._parts:
            self._pass_on()
