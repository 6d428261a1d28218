"""The foot of the card: the answers that can be given, the reason of a denial, and what became of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.store.agent_rows import ApprovalRow
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button

GUARD_MS = 400
"""A tap that was meant for what lay there before must not answer."""


class CardFoot(QWidget):
    """`decided` with the decision and its words. A new request puts it back to the beginning and guards it for a moment."""

    decided = Signal(str, str)
    open_requested = Signal()
    resized = Signal()
    """It wants another height."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._question = False
        self.deny = Button("Deny", themes, kind="danger")
        self.open = Button("Open", themes)
        self.approve_run = Button("Approve for this run", themes)
        self.approve = Button("Approve", themes, kind="primary")
        self.answer = QPlainTextEdit()
        self.answer.setPlaceholderText("Your answer")
        self.answer.setAccessibleName("Your answer")
        self.answer.setTabChangesFocus(True)
        self.reason = QLineEdit()
        self.reason.setPlaceholderText("Reason for the agent (optional)")
        self.reason.setAccessibleName("Reason for the agent (optional)")
        self.reason.setMaxLength(2_000)
        self.back = Button("Back", themes)
        self.deny_now = Button("Deny", themes, kind="danger")
        self._outcome = QLabel()
        self._outcome.setTextFormat(Qt.TextFormat.PlainText)
        self._outcome.setWordWrap(True)
        self._guard = _Guard(self, (self.deny, self.open, self.approve_run, self.approve, self.back, self.deny_now))
        self._lay_out()
        self._connect()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def guarded(self) -> bool:
        return self._guard.active

    def show_request(self, row: ApprovalRow) -> None:
        self._question = row.detail_kind == "question"
        self.answer.clear()
        self.answer.setVisible(self._question)
        self.reason.clear()
        self.deny.setText("Refuse" if self._question else "Deny")
        self.approve.setText("Send answer" if self._question else "Approve")
        self.approve_run.setVisible(bool(row.scope) and not self._question)
        self.set_busy(False)
        self._show_page(self._choice)
        self.guard()

    def guard(self) -> None:
        self._guard.start()

    def show_outcome(self, words: str) -> None:
        self._outcome.setText(words)
        self._show_page(self._end)

    def set_busy(self, busy: bool) -> None:
        """While an answer is under way."""
        for button in (self.deny, self.approve_run, self.deny_now):
            button.setEnabled(not busy)
        self.approve.setEnabled(not busy and self._may_approve())

    def set_low(self, low: bool) -> None:
        """On a low screen the answer has one line."""
        self.answer.setFixedHeight(self._themes.current.px(48 if low else 72))

    def try_decision(self, decision: Decision) -> None:
        """By a key: as if its button were pressed."""
        if self._guard.active or self._pages.currentWidget() is not self._choice:
            return
        if decision == "deny":
            self.deny.click()
        elif decision == "approve_run":
            if not self.approve_run.isHidden():
                self.approve_run.click()
        else:
            self.approve.click()

    # Putting together.

    def _lay_out(self) -> None:
        self._rows = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._away, self._towards = QHBoxLayout(), QHBoxLayout()
        self._away.addWidget(self.deny)
        self._away.addStretch(1)
        self._away.addWidget(self.open)
        self._towards.addWidget(self.approve_run)
        self._towards.addWidget(self.approve)
        self._rows.addLayout(self._away, 1)
        self._rows.addLayout(self._towards)
        self._choice, self._why, self._end = QWidget(), QWidget(), QWidget()
        choice = QVBoxLayout(self._choice)
        choice.addWidget(self.answer)
        choice.addLayout(self._rows)
        why = QVBoxLayout(self._why)
        why.addWidget(self.reason)
        row = QHBoxLayout()
        row.addWidget(self.deny_now)
        row.addStretch(1)
        row.addWidget(self.back)
        why.addLayout(row)
        end = QVBoxLayout(self._end)
        end.addWidget(self._outcome)
        self._pages = QStackedWidget()
        for page in (self._choice, self._why, self._end):
            self._pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)
        self._show_page(self._choice)

    def _connect(self) -> None:
        self.deny.clicked.connect(self._on_deny)
        self.back.clicked.connect(self._on_back)
        self.deny_now.clicked.connect(self._on_deny_now)
        self.reason.returnPressed.connect(self._on_deny_now)
        self.approve.clicked.connect(lambda: self.decided.emit("approve", self.answer.toPlainText().strip()))
        self.approve_run.clicked.connect(lambda: self.decided.emit("approve_run", ""))
        self.open.clicked.connect(self.open_requested)
        self.answer.textChanged.connect(lambda: self.set_busy(False))

    def _show_page(self, page: QWidget) -> None:
        """A page that is not shown takes no room."""
        for other in (self._choice, self._why, self._end):
            policy = other.sizePolicy()
            kind = policy.Policy.Preferred if other is page else policy.Policy.Ignored
            other.setSizePolicy(kind, kind)
        self._pages.setCurrentWidget(page)
        self.updateGeometry()
        self.resized.emit()

    def _may_approve(self) -> bool:
        return not self._question or bool(self.answer.toPlainText().strip())

    def _on_deny(self) -> None:
        self._show_page(self._why)
        self.guard()
        self.reason.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_back(self) -> None:
        self._show_page(self._choice)

    def _on_deny_now(self) -> None:
        if self.deny_now.isEnabled():
            self.decided.emit("deny", self.reason.text().strip())

    def heightForWidth(self, width: int) -> int:
        page = self._pages.currentWidget()
        assert page is not None
        layout = page.layout()
        assert layout is not None
        self._arrange(width)
        return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()

    def hasHeightForWidth(self) -> bool:
        return True

    def _arrange(self, width: int) -> None:
        """One row where it fits, else two: what allows stays apart from what does not."""
        shown = [button for button in (self.deny, self.open, self.approve_run, self.approve) if not button.isHidden()]
        for button in shown:
            button.ensurePolished()
        wanted = sum(button.sizeHint().width() for button in shown) + self._themes.current.px(8) * (len(shown) + 2)
        direction = QBoxLayout.Direction
        self._rows.setDirection(direction.LeftToRight if wanted <= width else direction.BottomToTop)
        layout = self._choice.layout()
        assert layout is not None
        layout.invalidate()  # it does not hear of what changed in a layout within it

    def _on_theme_changed(self, theme: Theme) -> None:
        for page in (self._choice, self._why, self._end):
            layout = page.layout()
            assert layout is not None
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(theme.px(8))
        for row in (self._rows, self._away, self._towards):
            row.setSpacing(theme.px(8))
        self.resized.emit()


class _Guard(QObject):
    """Keeps presses from `buttons` for a moment: none of them can even begin one."""

    def __init__(self, parent: QWidget, buttons: tuple[QWidget, ...]) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, singleShot=True, interval=GUARD_MS)
        for button in buttons:
            button.installEventFilter(self)

    @property
    def active(self) -> bool:
        return self._timer.isActive()

    def start(self) -> None:
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return self._timer.isActive() and event.type() in {
            QEvent.Type.MouseButtonPress,
            QEvent.Type.MouseButtonDblClick,
            QEvent.Type.TouchBegin,
            QEvent.Type.KeyPress,
        }
