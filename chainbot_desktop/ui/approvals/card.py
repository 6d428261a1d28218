"""One request of an agent, with everything a person needs to judge it. It shows what it is given and says what was tapped."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.store.agent_rows import ApprovalRow
from chainbot_desktop.ui.agent_map.times import now_utc
from chainbot_desktop.ui.approvals.detail_text import DetailText
from chainbot_desktop.ui.approvals.foot import CardFoot
from chainbot_desktop.ui.approvals.mark import Mark
from chainbot_desktop.ui.approvals.words import expiry, one_line
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import IconButton
from chainbot_desktop.ui.widgets.kinetic import KineticArea

FACTS_SHARE = 0.35
"""Of the body: what lies under the detail pushes it no further than this; the rest of it is scrolled to."""


class ApprovalCard(QFrame):
    """`show_request` shows one; `fold` puts the card away without answering."""

    decided = Signal(str, str)
    """(decision, the answer or the reason)"""
    open_requested = Signal()
    fold_requested = Signal()
    step_requested = Signal(int)
    """-1 the request before, +1 the one after."""
    resized = Signal()

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._row: ApprovalRow | None = None
        self.setProperty("kind", "request")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.large = False
        self._sign = QLabel()
        self._who, self._asks = _words("strong"), _words("small")
        self._title, self._problem = _words("title"), _words("")
        self.mark = Mark(themes)
        self._count = _words("small")
        self._count.setWordWrap(False)
        self.before = IconButton("chevron-left", "The request before", themes)
        self.after = IconButton("chevron-right", "The next request", themes)
        self.fold = IconButton("chevron-up", "Later: put the card away (Esc)", themes)
        self._body = QWidget()
        self._area = KineticArea(self._body)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._expiry = _words("small")
        self._why, self._touches, self._scope = _words(""), _words("small"), _words("small")
        self.detail = DetailText(themes)
        self.foot = CardFoot(themes)
        self._seconds = QTimer(self, interval=1000)
        self._lay_out()
        self._connect()
        self._on_theme_changed(themes.current)

    @property
    def row(self) -> ApprovalRow | None:
        return self._row

    def show_request(self, row: ApprovalRow, kind: str) -> None:
        """`kind` is what sort of agent asks, "" if nobody knows."""
        self._row, self.large = row, False
        name = one_line(row.agent_name)
        self._who.setText(f"{name} asks" if row.detail_kind == "question" else f"{name} wants to")
        self._asks.setText(" · ".join(part for part in (one_line(kind), one_line(row.tool)) if part))
        self.show_time(now_utc())
        self._title.setText(one_line(row.title)[:300])
        self._title.show()
        self._show(self._why, "Why: ", plain(row.why))
        self._show(self._touches, "May touch: ", ", ".join(one_line(part) for part in row.touches))
        self._show(self._scope, "“For this run” covers: ", one_line(row.scope))
        self._area.verticalScrollBar().setValue(0)
        self.mark.hide()
        if row.sandboxed is not None:
            self.mark.show_mark(*(("Sandboxed", "shield", "done") if row.sandboxed else ("Not sandboxed", "warning", "failed")))
        self.detail.show_detail(row.detail, row.detail_kind)
        self._problem.hide()
        had_focus = self.foot.isAncestorOf(QApplication.focusWidget() or self)
        self.foot.show_request(row)
        if had_focus:
            self.take_focus()  # no key that was meant for the request before answers this one
        self.setAccessibleName(f"Request of {name}: {self._title.text()}")
        self.resized.emit()

    def show_place(self, number: int, count: int) -> None:
        """Which of how many it is."""
        self._count.setText(f"{number} of {count}")
        for widget in (self._count, self.before, self.after):
            widget.setVisible(count > 1)

    def show_outcome(self, words: str) -> None:
        self._problem.hide()
        self.foot.show_outcome(words)

    def show_problem(self, words: str) -> None:
        """The answer was not taken; it can be given again."""
        self._problem.setText(words)
        self._problem.show()
        self.foot.set_busy(False)
        self.resized.emit()

    def set_large(self, large: bool) -> None:
        """All room for what exactly it wants to do."""
        self.large = large
        for part in (self._title, self._why, self._touches, self._scope):
            part.setVisible(not large and bool(part.text()))
        self.resized.emit()

    def take_focus(self) -> None:
        """To what is to be read, or to the field of the answer: to nothing that Enter would set off."""
        asks = self._row is not None and self._row.detail_kind == "question"
        (self.foot.answer if asks else self.detail).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def wanted_height(self, width: int, most: int) -> int:
        """What it needs at this width, at most `most`; gives its parts their shares of that."""
        theme = self._themes.current
        inner = width - 2 * theme.px(16) - 2 * max(2, theme.px(2))
        for label in self.findChildren(QLabel):
            label.ensurePolished()
        self.foot.set_low(most < theme.px(440))
        self.foot.setFixedHeight(self.foot.heightForWidth(inner))
        around = self.foot.height() + theme.px(8) + theme.px(12) + 2 * max(2, theme.px(2)) + 3 * theme.px(8)
        around += self._head.totalHeightForWidth(inner) + self._heading.totalHeightForWidth(inner)
        if not self._problem.isHidden():
            around += self._problem.heightForWidth(inner) + theme.px(8)
        room = max(theme.px(96), most - around)
        body = self._body_height(inner - theme.px(10), room)
        self._area.setFixedHeight(min(room, body))
        return min(most, around + self._area.height())

    def _body_height(self, inner: int, room: int) -> int:
        """Fixes the height of the detail, and says how high the body is then."""
        facts = [part for part in (self._why, self._touches, self._scope) if not part.isHidden()]
        gap = self._themes.current.px(8)
        below = sum(part.heightForWidth(inner) + gap for part in facts)
        above = self._marks.sizeHint().height() + gap if not (self.mark.isHidden() and self._expiry.isHidden()) else 0
        self.detail.resize(inner, self.detail.height())
        wanted = self.detail.sizeHint().height()
        left = room - above - min(below, round(room * FACTS_SHARE))
        height = left if self.large else max(self.detail.minimumSizeHint().height(), min(wanted, left))
        self.detail.setFixedHeight(max(height, self.detail.minimumSizeHint().height()))
        return above + self.detail.height() + below

    def sizeHint(self) -> QSize:
        return QSize(self._themes.current.px(640), self.wanted_height(self._themes.current.px(640), 16_000))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = event.key(), event.modifiers()
        modifier = Qt.KeyboardModifier
        enter = key in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if key == Qt.Key.Key_Escape and held == modifier.NoModifier:
            self.fold_requested.emit()
        elif enter and held & modifier.ControlModifier:
            self.foot.try_decision("approve_run" if held & modifier.ShiftModifier else "approve")
        elif key == Qt.Key.Key_Backspace and held == modifier.ControlModifier:
            self.foot.try_decision("deny")
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown) and held & modifier.ControlModifier:
            self.step_requested.emit(-1 if key == Qt.Key.Key_PageUp else 1)
        # Nothing else goes on to what lies beneath.

    def _lay_out(self) -> None:
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self._who)
        names.addWidget(self._asks)
        self._head = QHBoxLayout()
        self._head.addWidget(self._sign)
        self._head.addLayout(names, 1)
        self._head.addWidget(self.fold, 0, Qt.AlignmentFlag.AlignTop)
        self._heading = QHBoxLayout()
        self._heading.addWidget(self._title, 1)
        for widget in (self._count, self.before, self.after):
            self._heading.addWidget(widget)
        self._marks = QHBoxLayout()
        self._marks.addWidget(self.mark)
        self._marks.addWidget(self._expiry, 1)
        self._marks.addStretch()
        body = QVBoxLayout(self._body)
        body.addLayout(self._marks)
        for part in (self.detail, self._why, self._touches, self._scope):
            body.addWidget(part)
        body.addStretch(1)
        self._outer = QVBoxLayout(self)
        self._outer.addLayout(self._head)
        self._outer.addLayout(self._heading)
        self._outer.addWidget(self._area)
        self._outer.addWidget(self._problem)
        self._outer.addWidget(self.foot)
        self._problem.hide()

    def _connect(self) -> None:
        self.foot.decided.connect(self._on_decided)
        self.foot.open_requested.connect(self.open_requested)
        self.foot.resized.connect(self.resized)
        self.fold.clicked.connect(self.fold_requested)
        self.before.clicked.connect(lambda: self.step_requested.emit(-1))
        self.after.clicked.connect(lambda: self.step_requested.emit(1))
        self._seconds.timeout.connect(self._on_second)
        self._seconds.start()
        self._themes.changed.connect(self._on_theme_changed)

    def _show(self, label: QLabel, before: str, text: str) -> None:
        label.setText(f"{before}{text}")
        label.setVisible(bool(text))

    def _on_decided(self, decision: str, answer: str) -> None:
        self.foot.set_busy(True)
        self.decided.emit(decision, answer)

    def _on_second(self) -> None:
        if self._row is not None and self.isVisible():
            self.show_time(now_utc())

    def show_time(self, now: datetime) -> None:
        assert self._row is not None
        left = expiry(self._row, now)
        self._expiry.setText(left)
        self._expiry.setVisible(bool(left))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._outer.setContentsMargins(theme.px(16), theme.px(8), theme.px(16), theme.px(12))
        self._outer.setSpacing(theme.px(8))
        self._head.setSpacing(theme.px(8))
        self._heading.setSpacing(theme.px(8))
        self._marks.setSpacing(theme.px(8))
        body = self._body.layout()
        assert body is not None
        body.setContentsMargins(0, 0, theme.px(10), 0)
        body.setSpacing(theme.px(8))
        self._sign.setPixmap(theme.pixmap("state-needs-input", "needs_input", 24))
        self._problem.setStyleSheet(f"color: {theme.color('failed').name()}")
        self._who.setStyleSheet("font-weight: 600")
        self.resized.emit()


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
