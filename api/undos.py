"""What can still be taken back in conversations, by whoever asks at its URL."""

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
    """The last thing that can be taken back in each conversation, until its time is up. Use on the loop's thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Undoable, float]] = OrderedDict()

    def keep(self, conversation_id: str, undoable: Undoable) -> dict[str, Any]:
        """What a caller is told of it."""
        self._kept[conversation_id] = (undoable, time.monotonic() + undoable.seconds)
        self._kept.move_to_end(conversation_id)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return {
            "url": f"/api/conversations/{conversation_id}/restore",
            "seconds": undoable.seconds,
            "expires": format_time(datetime.now(UTC) + timedelta(seconds=undoable.seconds)),
        }

    async def undo(self, conversation_id: str) -> str:
        """What was done and is undone now. NotFound where there is nothing, or nothing any more."""
        undoable, until = self._kept.pop(conversation_id, (None, 0.0))
        if undoable is None or time.monotonic() >= until:
            raise NotFound(
                "There is nothing to take back here, or not any more.",
                hint="What was deleted or cleared comes back within the seconds that the answer names.",
                code="nothing_to_undo",
            )
        await undoable.undo()
        return undoable.text
