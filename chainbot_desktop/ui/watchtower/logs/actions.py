"""What can be done with the chosen lines, and with all that pass: copy, export, send, open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtGui import QGuiApplication

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.logs.export import export_rows
from chainbot_desktop.ui.watchtower.logs.floating import ChosenBar
from chainbot_desktop.ui.watchtower.logs.hands import ViewportHands
from chainbot_desktop.ui.watchtower.logs.row_texts import rows_as_text
from chainbot_desktop.ui.watchtower.logs.rows import Rows, whole_line
from chainbot_desktop.ui.watchtower.logs.services import LogServices
from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.ui.widgets import MenuSheet
from chainbot_desktop.watch.logs.document import LogDocument
from chainbot_desktop.workspace.paths import readable

_COPIED = 100_000
_SENT = 2_000
"""Lines that are copied and sent at most: more belong into a file."""


class LineActions(QObject):
    message = Signal(object)
    open_requested = Signal(str, object)
    around_wanted = Signal(int)
    details_wanted = Signal(int)
    progress = Signal(float)
    """Of an export, 0 to 1; -1 when it ended."""

    def __init__(self, view: LogViewport, hands: ViewportHands, bar: ChosenBar, services: LogServices, tasks: Tasks) -> None:
        super().__init__(view)
        self._view, self._hands, self._bar = view, hands, bar
        self._services, self._tasks = services, tasks
        self.document: Callable[[], LogDocument] = lambda: services.timeline
        """What is read now."""
        self._exporting: asyncio.Task[None] | None = None
        hands.copy_wanted.connect(self.copy)
        hands.menu_wanted.connect(self.open_menu)
        hands.choosing_changed.connect(self.show_chosen)
        view.chosen_changed.connect(self.show_chosen)
        for name, icon, act in (
            ("Details (Enter)", "info", self._details),
            ("All lines around this one", "list", self._around),
            ("Copy (Ctrl+C)", "copy", self.copy),
            ("Send to chat", "chat", self.send),
            ("More", "more", self._more),
            ("Choose nothing (Esc)", "close", self.choose_nothing),
        ):
            bar.add(name, icon, act)

    def show_chosen(self) -> None:
        count = self._count()
        self._bar.show_text("" if not count else "1 line" if count == 1 else f"{count:,} lines")

    def choose_nothing(self) -> None:
        self._hands.set_choosing(False)
        self._view.choose(None)

    def copy(self) -> None:
        count = self._count()
        if not count:
            return
        QGuiApplication.clipboard().setText(self._text(_COPIED))
        if count > _COPIED:
            hint = "Export writes all of them into a file."
            self.message.emit(Message(f"Copied the first {_COPIED:,} of {count:,} lines.", "warning", hint))
        else:
            self.message.emit(Message(f"Copied {count:,} lines." if count > 1 else "Copied the line.", "success"))

    def send(self) -> None:
        if not self._count():
            return
        attach = {"kind": "log", "name": self._name("txt"), "text": self._text(_SENT)}
        self.open_requested.emit("chat", {"attach": attach})
        if self._count() > _SENT:
            self.message.emit(Message(f"Sent the first {_SENT:,} of {self._count():,} lines.", "warning"))

    def open_in_editor(self) -> None:
        if self._count():
            self.open_requested.emit("code-agent", {"text": self._text(_COPIED), "name": self._name("txt")})

    def export_chosen(self) -> None:
        chosen = self._view.chosen
        if chosen.first is not None and chosen.last is not None:
            self._export(chosen.first, chosen.last)

    def export_all(self) -> None:
        """All rows that there are now."""
        rows = self._view.rows
        if rows is None or not rows.count:
            self.message.emit(Message("There is nothing to export.", "info"))
            return
        self._export(rows.rows(0, 1)[0].number, rows.rows(rows.count - 1, 1)[0].number)

    def cancel_export(self) -> None:
        if self._exporting is not None:
            self._exporting.cancel()

    def open_menu(self, at: QPoint) -> None:
        menu = MenuSheet(self._view, self._view.themes)
        one = self._view.chosen.current is not None
        menu.add("Details", self._details, icon="info", keys="Enter", enabled=one)
        menu.add("All lines around this one", self._around, icon="list", enabled=one)
        menu.add("Copy", self.copy, icon="copy", keys="Ctrl+C", enabled=one)
        menu.add("Choose several", lambda: self._hands.set_choosing(True), icon="select", enabled=one)
        menu.add("Send to chat", self.send, icon="chat", enabled=one)
        menu.add("Open in editor", self.open_in_editor, icon="code", enabled=one)
        menu.add("Export these lines…", self.export_chosen, icon="download", enabled=one)
        menu.add("Export all that passes…", self.export_all, icon="download")
        menu.open_at(at)

    def _more(self) -> None:
        self.open_menu(self._bar.mapToGlobal(QPoint(self._bar.width(), 0)))

    def _details(self) -> None:
        if self._view.chosen.current is not None:
            self.details_wanted.emit(self._view.chosen.current)

    def _around(self) -> None:
        if self._view.chosen.current is not None:
            self.around_wanted.emit(self._view.chosen.current)

    def _export(self, first: int, last: int) -> None:
        rows = self._view.rows
        if rows is None:
            return
        if self._exporting is not None:
            self.message.emit(Message("An export is under way.", "warning", "Wait for it, or cancel it."))
            return
        self._exporting = self._tasks.spawn("export log lines", self._run_export(rows, first, last))
        self._exporting.add_done_callback(self._on_export_ended)

    async def _run_export(self, rows: Rows, first: int, last: int) -> None:
        path = await self._services.choose_path(self._view, "save", self._name("log"))
        if path is None:
            return
        self.progress.emit(0.0)
        try:
            count = await export_rows(rows, first, last, path, self.progress.emit, partial(whole_line, self.document()))
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint))
            return
        self.message.emit(Message(f"{count:,} lines are in {readable(path)}.", "success", "", "Open", lambda: self._open(path)))

    def _on_export_ended(self, task: asyncio.Task[None]) -> None:
        self._exporting = None
        self.progress.emit(-1.0)
        if task.cancelled():
            self.message.emit(Message("The export was cancelled: nothing was written."))

    def _open(self, path: Path) -> None:
        self.open_requested.emit("code-agent", {"path": str(path)})

    def _count(self) -> int:
        rows, chosen = self._view.rows, self._view.chosen
        if rows is None or chosen.first is None or chosen.last is None:
            return 0
        return rows.place_of(chosen.last + 1) - rows.place_of(chosen.first)

    def _text(self, most: int) -> str:
        rows, first = self._view.rows, self._view.chosen.first
        assert rows is not None
        assert first is not None
        return rows_as_text(rows.rows(rows.place_of(first), min(most, self._count())))

    def _name(self, ending: str) -> str:
        first = self._view.chosen.first
        return f"log-{first + 1}.{ending}" if first is not None else f"log.{ending}"
