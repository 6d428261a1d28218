"""Rows of a mark, a heading, a word at the right and sentences below: what the Link and Health pages are made of."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.marks import Mark, MarkLabel
from chainbot_desktop.ui.widgets import Card


class FactCard(Card):
    """Set everything with `show`; empty lines take no room."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(themes, parent, padding=10)
        self._mark = MarkLabel("unknown", themes, 20)
        self._heading = self._text("strong")
        self._aside = self._text("small")
        self._aside.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._sentence = self._text("", wraps=True)
        self._code = self._text("mono", wraps=True)
        self._hint = self._text("dim", wraps=True)
        self._grid = QGridLayout()
        self._grid.addWidget(self._mark, 0, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(self._heading, 0, 1)
        self._grid.addWidget(self._aside, 0, 2)
        for row, label in enumerate((self._code, self._sentence, self._hint), start=1):
            self._grid.addWidget(label, row, 1, 1, 2)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        themes.changed.connect(self._on_texts_theme)
        self._on_texts_theme(themes.current)

    def add_button(self, button: QWidget) -> None:
        """At the right, beside all of the sentences."""
        self._grid.addWidget(button, 0, 3, 4, 1, Qt.AlignmentFlag.AlignVCenter)

    def show_fact(self, mark: Mark, heading: str, sentence: str, *, aside: str = "", code: str = "", hint: str = "") -> None:
        self._mark.set_mark(mark)
        for label, text in (
            (self._heading, heading),
            (self._aside, aside),
            (self._sentence, sentence),
            (self._code, code),
            (self._hint, hint),
        ):
            if label.text() != text:
                label.setText(text)
            label.setVisible(bool(text))
        self.setAccessibleName(f"{heading}: {mark}. {sentence} {hint}".strip())

    @property
    def text(self) -> str:
        """Everything that it says, for tests and for copying."""
        labels = (self._heading, self._aside, self._code, self._sentence, self._hint)
        return "\n".join(label.text() for label in labels if label.text())

    @property
    def mark(self) -> Mark:
        return self._mark.mark

    def _text(self, role: str, *, wraps: bool = False) -> QLabel:
        label = QLabel()
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setProperty("role", role if role in {"dim", "small"} else "")
        label.setProperty("font_role", role)
        label.setWordWrap(wraps)
        if wraps:
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return label

    def _on_texts_theme(self, theme: Theme) -> None:
        self._grid.setHorizontalSpacing(theme.px(10))
        self._grid.setVerticalSpacing(theme.px(2))
        self._heading.setFont(theme.font("strong"))
        self._code.setFont(theme.font("mono_small"))
        self._hint.setFont(theme.font("small"))
