"""When the card comes, over which window it lies, and when it goes.

It lies on the top-level window and not among the sheets, so that no sheet can cover it; it covers only the part in which windows
show, so that STOP and the status line stay free. It never takes the keyboard by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import shiboken6
from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPoint, QPropertyAnimation, QTimer
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut, Qt
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.store.agent_rows import ApprovalRow
from chainbot_desktop.ui.approvals.card import ApprovalCard
from chainbot_desktop.ui.approvals.feed import ApprovalFeed
from chainbot_desktop.ui.approvals.strip import WaitingStrip
from chainbot_desktop.ui.approvals.words import one_line, outcome
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command

SLIDE_MS = 120
OUTCOME_MS = 4_000
ANSWER_KEY = "Ctrl+Shift+A"
WIDTH = 680


class ApprovalPresenter(QObject):
    """`kind_of` tells what kind of agent an id names, "" if nobody knows; `open_agent` shows one on the map."""

    def __init__(
        self,
        window: MainWindow,
        feed: ApprovalFeed,
        themes: ThemeSource,
        *,
        kind_of: Callable[[str], str],
        open_agent: Callable[[str], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._feed = feed
        self._themes = themes
        self._kind_of = kind_of
        self._open_agent = open_agent
        self._known: set[str] = set()
        self._folded = False
        self._host: QWidget | None = None
        self._over: QWidget | None = None
        self.strip = WaitingStrip(themes)
        self.card = ApprovalCard(themes, window)
        self.card.hide()
        self._slide = QPropertyAnimation(self.card, b"pos", self)
        self._slide.setDuration(SLIDE_MS)
        self._slide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._slide.finished.connect(self.card.foot.guard)
        self._outcome = QTimer(self, singleShot=True, interval=OUTCOME_MS)
        self._outcome.timeout.connect(self._on_outcome_read)
        self._fit = QTimer(self, singleShot=True, interval=0)
        self._fit.timeout.connect(self._place)
        window.add_bar(self.strip)
        window.add_keys("A request of an agent", self.keys)
        window.add_commands(self._commands)
        shortcut = QShortcut(QKeySequence(ANSWER_KEY), window, context=Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(self.answer)
        self._connect()
        self._on_changed()

    def answer(self) -> None:
        """Bring the card and give it the keyboard."""
        self._folded = False
        self._on_changed()
        if self.card.row is not None:
            self.card.take_focus()

    def fold(self) -> None:
        """Put it away; a bar stays."""
        self._folded = True
        self._leave()
        self._show_strip()

    def keys(self) -> Sequence[Command]:
        foot = self.card.foot
        return (
            Command("approvals.answer", "Answer: bring the card and the keyboard to it", self.answer, ANSWER_KEY),
            Command("approvals.approve", "Approve, or send the answer", lambda: foot.try_decision("approve"), "Ctrl+Return"),
            Command("approvals.run", "Approve for this run", lambda: foot.try_decision("approve_run"), "Ctrl+Shift+Return"),
            Command("approvals.deny", "Deny", lambda: foot.try_decision("deny"), "Ctrl+Backspace"),
            Command("approvals.next", "The next request", lambda: self._step(1), "Ctrl+PgDown"),
            Command("approvals.before", "The request before", lambda: self._step(-1), "Ctrl+PgUp"),
            Command("approvals.fold", "Later", self.fold, "Esc"),
        )

    def _commands(self) -> Sequence[Command]:
        return self.keys()[:1] if self._feed.rows else ()

    def _connect(self) -> None:
        card = self.card
        card.decided.connect(self._on_decided)
        card.open_requested.connect(self._on_open)
        card.fold_requested.connect(self.fold)
        card.step_requested.connect(self._step)
        card.resized.connect(self._fit.start)
        self.strip.answer_requested.connect(self.answer)
        self._feed.changed.connect(self._on_changed)
        self._feed.settled.connect(self._on_settled)
        self._feed.refused.connect(self._on_refused)
        self._window.window_changed.connect(self._fit.start)
        app = QApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.focusWindowChanged.connect(self._fit.start)

    # What waits.

    def _on_changed(self) -> None:
        rows = self._feed.rows
        new = [row for row in rows if row.id not in self._known]
        self._known = {row.id for row in rows}
        if new:
            self._folded = False
            QApplication.beep()
            self._window.wake_requested.emit()
        if not rows and not self._outcome.isActive():
            self._leave()
        elif self._folded:
            self._show_strip()
        elif not self._outcome.isActive():
            self._show(rows)
        self._show_strip()

    def _show(self, rows: Sequence[ApprovalRow]) -> None:
        shown = self.card.row.id if self.card.row is not None and not self.card.isHidden() else ""
        at = next((at for at, row in enumerate(rows) if row.id == shown), None)
        if at is None:
            self._show_row(rows[0])
            at = 0
        self.card.show_place(at + 1, len(rows))
        self._come()

    def _show_row(self, row: ApprovalRow) -> None:
        self.card.show_request(row, self._kind_of(row.agent_id))

    def _step(self, by: int) -> None:
        rows = self._feed.rows
        ids = [row.id for row in rows]
        if self.card.row is not None and self.card.row.id in ids and len(ids) > 1:
            at = (ids.index(self.card.row.id) + by) % len(ids)
            self._show_row(rows[at])
            self.card.show_place(at + 1, len(ids))

    def _on_settled(self, row: ApprovalRow, here: bool) -> None:
        """Answered elsewhere: the card says by whom before it goes."""
        if self.card.row is None or self.card.row.id != row.id or self.card.isHidden():
            return
        if not here:
            self.card.show_outcome(outcome(row))
            self._outcome.start()

    def _on_outcome_read(self) -> None:
        self._on_changed()

    def _on_refused(self, approval_id: str, error: ChainBotError) -> None:
        if self.card.row is not None and self.card.row.id == approval_id:
            self.card.show_problem(str(error))

    def _on_decided(self, decision: str, answer: str) -> None:
        row = self.card.row
        if row is not None:
            self._feed.decide(row, decision, answer)  # type: ignore[arg-type]  # the foot says one of the three

    def _on_open(self) -> None:
        """A diff is read large; of everything else the agent is shown."""
        row = self.card.row
        if row is None:
            return
        if row.detail_kind == "diff" and not self.card.large:
            self.card.set_large(True)
        else:
            self._open_agent(row.agent_id)
            self.fold()

    def _show_strip(self) -> None:
        rows = self._feed.rows
        if self._folded and rows:
            self.strip.show_waiting(len(rows), one_line(rows[0].agent_name))
        else:
            self.strip.hide()

    # Where it lies.

    def _come(self) -> None:
        if self.card.isHidden():
            self._place()
            end = self.card.pos()
            self._slide.setStartValue(QPoint(end.x(), end.y() - self._themes.current.px(64)))
            self._slide.setEndValue(end)
            self.card.foot.guard()
            self.card.show()
            self.card.raise_()
            self._slide.start()
        else:
            self._fit.start()

    def _leave(self) -> None:
        if self.card.isHidden():
            return
        focused = QApplication.focusWidget()
        held = focused is not None and (focused is self.card or self.card.isAncestorOf(focused))
        self._slide.stop()
        self.card.hide()
        if held:
            self._window.stage.focus_view()

    def _place(self) -> None:
        """At the top of what may be covered: the keyboard and the line that is being written are at its foot."""
        if self.card.row is None:
            return
        top, over = self._window.host_of_notices()
        self._move_to(top, over)
        theme = self._themes.current
        gap = theme.px(8)
        corner = over.mapTo(top, QPoint(0, 0)) if over is not top else QPoint(0, 0)
        width = min(over.width() - 2 * gap, theme.px(WIDTH))
        self.card.setFixedWidth(width)
        height = self.card.wanted_height(width, over.height() - 2 * gap)
        self.card.setFixedHeight(height)
        place = QPoint(corner.x() + (over.width() - width) // 2, corner.y() + gap)
        if self._slide.state() == QPropertyAnimation.State.Running:
            self._slide.setEndValue(place)
        else:
            self.card.move(place)

    def _move_to(self, top: QWidget, over: QWidget) -> None:
        if self._over is not over:
            if self._over is not None and shiboken6.isValid(self._over):
                self._over.removeEventFilter(self)
            self._over = over
            over.installEventFilter(self)
        if self.card.parentWidget() is not top:
            shown = not self.card.isHidden()
            self.card.setParent(top)
            if shown:
                self.card.show()
                self.card.raise_()

    def _come_home(self) -> None:
        """The window that it lies on is about to be deleted: its view goes back to its place."""
        if self.card.parentWidget() is not self._window:
            shown = not self.card.isHidden()
            self.card.setParent(self._window)
            self.card.setVisible(shown)
        self._fit.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Resize, QEvent.Type.Move} and watched is self._over:
            self._fit.start()
        elif event.type() == QEvent.Type.ParentChange and watched is self._over:
            self._come_home()
        return super().eventFilter(watched, event)
