"""Taking over what was said in ChatGPT: choose the export, follow how far it is, cancel, go on, and see what came of it.

The import goes on when the sheet is closed; opened again, it shows how far it is by then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QWidget

from chainbot_desktop.chat.chatgpt.progress import Checkpoint, Counts, ImportProgress
from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.sheet import Sheet

ChooseFile = Callable[[QWidget], Awaitable[Path | None]]
Start = Callable[[str, Coroutine[Any, Any, None]], object]

_HOW = (
    "In ChatGPT: Settings, Data controls, Export data. It sends a link to a ZIP: choose that, or the conversations.json in it.\n"
    "Every conversation is added to the list, with its times; branches that you had left go to the archive. What was imported "
    "before is not added again."
)


class ImportSheet(Sheet):
    """`open()` it. `start` runs a coroutine under a name; `choose_file` asks for a path inside the window (None: not chosen)."""

    def __init__(
        self,
        origin: QWidget,
        importer: ChatGptImport,
        themes: ThemeSource,
        *,
        start: Start,
        choose_file: ChooseFile,
        open_conversation: Callable[[str], None],
    ) -> None:
        super().__init__(origin, "Import from ChatGPT", themes, width=560)
        self._origin = origin
        self._importer = importer
        self._start = start
        self._choose_file = choose_file
        self._open_conversation = open_conversation
        self._is_there = True
        self._refused = ""
        self._ended_here = False
        self._shown_actions: dict[Button, bool] = {}
        self.how = self.add_text(_HOW, "dim")
        self.said = self.add_text("")
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName("How far the import is")
        self.body.addWidget(self.bar)
        self.figures = self.add_text("", "small")
        self.left_out = self.add_text("", "dim")
        self.body.addStretch(1)
        self.cancel = self.add_action("Cancel the import", self._on_cancel, closes=False)
        self.another = self.add_action("Choose another file", self._on_choose, closes=False)
        self.newest = self.add_action("Open the newest", self._on_open_newest, kind="primary")
        self.resume = self.add_action("Go on with it", self._on_resume, kind="primary", closes=False)
        self.choose = self.add_action("Choose the export", self._on_choose, kind="primary", closes=False)
        self._end = importer.on_change(self._show)
        self.closed.connect(self._on_closed)
        self._show()

    def _on_closed(self) -> None:
        self._is_there = False
        self._end()

    # What is done

    def _on_choose(self) -> None:
        self._start("chat-import-choose", self._choose())

    async def _choose(self) -> None:
        path = await self._choose_file(self)
        if path is not None:
            await self._begin(self._importer.start(path))

    def _on_resume(self) -> None:
        self._start("chat-import-resume", self._begin(self._importer.resume()))

    async def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        self._refused = ""
        self._ended_here = True
        try:
            await work
        except ChainBotError as error:
            self._refused = str(error)
        self._show()

    def _on_cancel(self) -> None:
        self.cancel.setEnabled(False)
        self._importer.cancel()

    def _on_open_newest(self) -> None:
        self._open_conversation(self._importer.progress.newest)

    # What is shown

    def _show(self) -> None:
        if not self._is_there:
            return
        progress = self._importer.progress
        running = progress.state == "running"
        waiting = self._importer.interrupted
        ended = not running and self._ended_here and progress.state != "idle" and not self._refused
        self.how.setVisible(not running and not ended)
        self.said.setText(self._refused or _said(progress, waiting, ended=ended))
        self.said.setVisible(bool(self.said.text()))
        self.bar.setVisible(running or (waiting is not None and not self._refused))
        self.bar.setValue(round(1000 * (progress.share if running else waiting.share if waiting is not None else 0)))
        self.figures.setText(_figures(progress) if running or ended else "")
        self.figures.setVisible(bool(self.figures.text()))
        self.left_out.setText(_left_out(progress.counts) if ended else "")
        self.left_out.setVisible(bool(self.left_out.text()))
        self.cancel.setEnabled(running and not self._importer.is_cancelled)
        self._show_actions(running=running, waiting=waiting is not None, opens=ended and bool(progress.newest))
        self.fit_soon()

    def _show_actions(self, *, running: bool, waiting: bool, opens: bool) -> None:
        shown = {
            self.cancel: running,
            self.newest: opens and not waiting,
            self.resume: waiting,
            self.another: waiting or opens,
            self.choose: not (running or waiting or opens),
        }
        if shown == self._shown_actions:
            return
        self._shown_actions = shown
        for button, is_shown in shown.items():
            button.setVisible(is_shown)
        self.first = next(button for button, is_shown in shown.items() if is_shown)
        if self.is_open:
            self.first.setFocus(Qt.FocusReason.OtherFocusReason)  # not to the cross, because the one that had it is gone


def _said(progress: ImportProgress, waiting: Checkpoint | None, *, ended: bool) -> str:
    if progress.state == "running":
        return f"{progress.name}: {progress.share:.0%}{_remaining(progress.remaining_seconds())}"
    if ended:
        first = {"done": "The import is complete.", "cancelled": "Cancelled. What is here stays here."}
        return " ".join(part for part in (first.get(progress.state, ""), progress.problem) if part)
    if waiting is not None:
        return f"The import of {Path(waiting.path).name} has come to {waiting.share:.0%}: {_messages(waiting.counts)}."
    return ""


def _figures(progress: ImportProgress) -> str:
    counts = progress.counts
    lines = [f"{_messages(counts)} in {_many(counts.conversations, 'conversation')}"]
    if counts.branches:
        lines[0] += f" and {_many(counts.branches, 'branch')}"
    if counts.attachments:
        lines.append(f"{_many(counts.attachments, 'file')} attached")
    if counts.known:
        lines.append(f"{_many(counts.known, 'message')} here already")
    if progress.state == "running":
        lines.append(f"{progress.done_bytes / 1e6:,.0f} of {progress.total_bytes / 1e6:,.0f} MB read")
    return "\n".join(lines)


def _left_out(counts: Counts) -> str:
    if not counts.skipped:
        return ""
    return "Left out: " + ", ".join(f"{count:,} {reason}" for reason, count in counts.skipped.most_common(6)) + "."


def _messages(counts: Counts) -> str:
    return f"{_many(counts.messages, 'message')} added"


def _many(count: int, noun: str) -> str:
    plural = noun + ("es" if noun.endswith("ch") else "s")
    return f"{count:,} {noun if count == 1 else plural}"


def _remaining(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 60:
        return f", about {max(1, round(seconds))} s left"
    return f", about {round(seconds / 60)} min left"
