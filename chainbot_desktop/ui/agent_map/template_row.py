"""What a new agent can begin from: a row of cards, moved with a finger."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QScrollArea, QWidget

from chainbot_desktop.agents.templates import Template
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic

_WIDTH, _HEIGHT = 176, 92


class TemplateRow(QScrollArea):
    """`chosen` with a template, or None for an empty form."""

    chosen = Signal(object)

    def __init__(self, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._group = QButtonGroup(self)
        self.cards: list[TemplateCard] = []
        self._content = QWidget()
        self._row = QHBoxLayout(self._content)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(themes.current.px(8))
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet("QScrollArea { border: none; background: transparent; }")
        self._content.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setFixedHeight(themes.current.px(_HEIGHT) + themes.current.px(12))
        self.setAccessibleName("Begin from")
        make_kinetic(self)

    def show_templates(self, templates: Sequence[Template]) -> None:
        for card in self.cards:
            self._group.removeButton(card)
            self._row.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [TemplateCard(template, self._themes) for template in (None, *templates)]
        self.cards[0].setChecked(True)
        for card in self.cards:
            self._group.addButton(card)
            self._row.addWidget(card)
            card.toggled.connect(lambda on, card=card: self._on_toggled(card, on))
            card.focused.connect(lambda card=card: self.ensureWidgetVisible(card, 40, 0))

    @property
    def current(self) -> TemplateCard:
        return next(card for card in self.cards if card.isChecked())

    def _on_toggled(self, card: TemplateCard, on: bool) -> None:
        if on:
            self.ensureWidgetVisible(card, 40, 0)
            self.chosen.emit(card.template)


class TemplateCard(QPushButton):
    """A title and what it is, in two lines."""

    focused = Signal()

    def __init__(self, template: Template | None, themes: ThemeSource) -> None:
        super().__init__()
        self.template = template
        self._themes = themes
        self._title = template.title if template is not None else "Empty form"
        self._about = template.description if template is not None else "Choose a kind and fill in what it asks for."
        if template is not None and template.own and not self._about:
            self._about = f"Yours: {template.kind.replace('_', ' ')}"
        self._icon = template.icon if template is not None else "agent-add"
        self.setCheckable(True)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(self._title)
        self.setAccessibleDescription(self._about)
        self.setToolTip(self._about)
        self.setFixedSize(QSize(themes.current.px(_WIDTH), themes.current.px(_HEIGHT)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._themes.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        strong = self.isChecked() or self.hasFocus()
        width = theme.px(2) if strong else 1
        line = "accent" if self.isChecked() else "text" if self.hasFocus() else "line"
        painter.setPen(QPen(theme.color(line), width))
        painter.setBrush(theme.color("surface3" if self.isDown() or self.isChecked() else "surface2"))
        inset = width / 2
        radius = theme.px(10)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), radius, radius)
        edge, size = theme.px(10), theme.px(18)
        theme.icon(self._icon, "accent" if self.isChecked() else "dim", 18).paint(painter, QRect(edge, edge, size, size))
        font = theme.font("label")
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        head = QRect(edge + size + theme.px(8), edge, self.width() - 2 * edge - size - theme.px(8), size)
        title = QFontMetrics(font).elidedText(self._title, Qt.TextElideMode.ElideRight, head.width())
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, title)
        small = theme.font("small")
        painter.setFont(small)
        painter.setPen(theme.color("dim"))
        top = edge + size + theme.px(6)
        for words in _lines(self._about, QFontMetrics(small), self.width() - 2 * edge, 3):
            height = QFontMetrics(small).height()
            painter.drawText(QRect(edge, top, self.width() - 2 * edge, height), Qt.AlignmentFlag.AlignVCenter, words)
            top += height


def _lines(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """The text broken at its words; the last line that there is room for is elided."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        line = words.pop(0)
        while words and metrics.horizontalAdvance(f"{line} {words[0]}") <= width:
            line = f"{line} {words.pop(0)}"
        if len(lines) == most - 1 and words:
            line = f"{line} {' '.join(words)}"
        lines.append(metrics.elidedText(line, Qt.TextElideMode.ElideRight, width))
    return lines
