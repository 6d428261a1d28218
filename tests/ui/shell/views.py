"""Simple windows with real content, to see the shell around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command, WindowView
from chainbot_desktop.ui.widgets import Button, Chip, Header, SearchField, make_kinetic


class ListView(WindowView):
    """A header, a search field and a list of forty rows; remembers what was asked of it."""

    def __init__(self, title: str, themes: ThemeSource) -> None:
        super().__init__()
        self.title = title
        self.presented: list[Mapping[str, object]] = []
        self.first_shown = 0
        self.ran: list[str] = []
        self.open_files: list[str] = []
        self.saving: Callable[[], bool] = lambda: True
        self.guarded: QWidget | None = None
        header = Header(title, themes)
        header.add_action(Chip("All", themes, checked=True))
        header.add_action(Chip("Failed", themes, icon="state-failed", token="failed"))
        self.main_button = Button("Add", themes, kind="primary", icon="plus")
        header.add_action(self.main_button)
        self.search = SearchField("Search all", themes)
        self.list = make_kinetic(QListWidget())
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.addItems([f"{title} row {number}: a line of text that says something" for number in range(40)])
        foot = QHBoxLayout()
        self.field = QLineEdit()
        self.field.setPlaceholderText("Message")
        foot.addWidget(self.field, 1)
        foot.addWidget(Button("Queue", themes))
        foot.addWidget(Button("Delete", themes, kind="danger"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.addWidget(header)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addLayout(foot)
        layout.addWidget(QLabel("a small note"))

    def present(self, content: Mapping[str, object]) -> None:
        self.presented.append(content)

    def shown_first_time(self) -> None:
        self.first_shown += 1

    def commands(self) -> Sequence[Command]:
        return (
            Command("list.new", f"New in {self.title}", lambda: self.ran.append("new"), "Ctrl+N"),
            Command("list.clear", "Clear everything", lambda: self.ran.append("clear")),
        )

    def unsaved(self) -> Sequence[str]:
        return tuple(self.open_files)

    def save_unsaved(self, done: Callable[[bool], None]) -> None:
        safe = self.saving()
        if safe:
            self.open_files.clear()
        done(safe)

    def no_swipe_area(self) -> QWidget | None:
        return self.guarded
