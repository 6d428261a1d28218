"""What can still be taken back, by whoever posts to its URL."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Any

from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.ids import format_time

_MOST = 256


class Undos:
    """The last thing that can be taken back at each URL, until its time is up. Use on the loop's thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Undoable, float]] = OrderedDict()

    def keep(self, thing: str, undoable: Undoable) -> dict[str, Any]:
        """What a caller is told of it. `thing` is the path of what was deleted or changed."""
        self._kept[thing] = (undoable, time.monotonic() + undoable.seconds)
        self._kept.move_to_end(thing)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return {
            "url": f"{thing}/restore",
            "seconds": undoable.seconds,
            "expires": format_time(datetime.now(UTC) + timedelta(seconds=undoable.seconds)),
        }

    async def undo(self, thing: str) -> str:
        """What was done and is undone now. NotFound where there is nothing, or nothing any more."""
        undoable, until = self._kept.pop(thing, (None, 0.0))
        if undoable is None or time.monotonic() >= until:
            raise NotFound(
                "There is nothing to take back here, or not any more.",
                hint="What was deleted or cleared comes back within the seconds that the answer names.",
                code="nothing_to_undo",
            )
        await undoable.undo()
        return undoable.text
