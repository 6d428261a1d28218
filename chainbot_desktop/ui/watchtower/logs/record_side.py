"""The log lines with one record in full beside or over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.logs.details import LogDetails
from chainbot_desktop.ui.watchtower.logs.rows import record_around, whole_line
from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.ui.watchtower.side_panel import SidePanel
from chainbot_desktop.watch.logs.document import LogDocument, LogRow

_LONG = 2_000
"""Characters from which a line may be but the beginning of one."""


class RecordSide(SidePanel):
    """It goes along with the line that is chosen in `view`. `document`: what is read now."""

    message = Signal(object)
    open_requested = Signal(str, object)

    def __init__(
        self, content: QWidget, view: LogViewport, document: Callable[[], LogDocument], themes: ThemeSource, tasks: Tasks
    ) -> None:
        self.details = LogDetails(themes)
        super().__init__(content, self.details, themes)
        self._view, self._document, self._tasks = view, document, tasks
        view.chosen_changed.connect(self._on_chosen)
        self.details.closed.connect(self.close_panel)
        self.details.editor_wanted.connect(self._on_editor)
        self.details.chat_wanted.connect(self._on_chat)
        self.details.copied.connect(self._on_copied)

    def show_record(self, number: int) -> None:
        """Open it on the record of that line."""
        self._fill(number)
        self.open()
        if self.covers:
            self.details.take_focus()

    def _on_chosen(self) -> None:
        current = self._view.chosen.current
        if self.is_open and current is not None:
            self._fill(current)

    def _fill(self, number: int) -> None:
        document = self._document()
        rows = list(record_around(document, number))
        shown = self._view.row_of(rows[0].number if rows else number)
        if shown is not None and (shown.repeats or not rows):
            rows[:1] = [shown]
        self.details.show_record(rows)
        if any(len(row.text) > _LONG for row in rows):
            self._tasks.spawn("read a long line", self._show_whole(document, rows))

    async def _show_whole(self, document: LogDocument, rows: Sequence[LogRow]) -> None:
        with suppress(ChainBotError):  # the line is gone: its beginning stays
            whole = [await whole_line(document, row) for row in rows]
            if self.details.shows(rows):
                self.details.show_record(whole)

    def _on_editor(self, text: str, name: str) -> None:
        self.open_requested.emit("code-agent", {"text": text, "name": name})

    def _on_chat(self, text: str, name: str) -> None:
        self.open_requested.emit("chat", {"attach": {"kind": "log", "name": name, "text": text}})

    def _on_copied(self, what: str) -> None:
        self.message.emit(Message(f"Copied {what}.", "success"))
