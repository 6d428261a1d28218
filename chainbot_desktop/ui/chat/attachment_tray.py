"""What is attached, as chips in one row over the field: a finger or the arrows scroll it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QScroller, QVBoxLayout, QWidget

from chainbot_desktop.ui.chat.attachment_chip import AttachmentChip
from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake, Item
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.kinetic import make_kinetic


class AttachmentTray(QWidget):
    """Hidden while nothing is attached."""

    def __init__(self, intake: AttachmentIntake, themes: ThemeSource, parent: QWidget) -> None:
        super().__init__(parent)
        self._intake = intake
        self._themes = themes
        self.chips: list[AttachmentChip] = []
        self.after: QWidget | None = None
        """What Tab goes to the chips from."""
        self._row_widget = QWidget()
        self._row = QHBoxLayout(self._row_widget)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addStretch(1)
        self._strip = _Strip(self._row_widget)
        self.note = QLabel()
        self.note.setProperty("role", "label")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._strip)
        self._column.addWidget(self.note)
        intake.changed.connect(self._on_changed)
        intake.progressed.connect(self._on_progressed)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)
        self._on_changed()

    def _on_changed(self) -> None:
        known = {chip.item: chip for chip in self.chips}
        had_focus = next((index for index, chip in enumerate(self.chips) if chip.cross.hasFocus()), -1)
        added = [item for item in self._intake.items if item not in known]
        for chip in self.chips:
            if chip.item not in self._intake.items:
                self._row.removeWidget(chip)
                chip.hide()
                chip.deleteLater()
        self.chips = [known.get(item) or self._make(item) for item in self._intake.items]
        before = self.after
        for place, chip in enumerate(self.chips):
            self._row.insertWidget(place, chip)
            chip.refresh()
            if before is not None:
                QWidget.setTabOrder(before, chip.cross)
            before = chip.cross
        self._say_what_agents_miss()
        self.setVisible(bool(self.chips))
        if had_focus >= 0 and self.chips and not any(chip.cross.hasFocus() for chip in self.chips):
            self._focus(min(had_focus, len(self.chips) - 1))
        elif added and self.chips[-1].item in added:
            self._strip.show_at_end()

    def _make(self, item: Item) -> AttachmentChip:
        chip = AttachmentChip(item, self._themes, self._row_widget)
        chip.remove_wanted.connect(self._intake.remove)
        chip.step_wanted.connect(lambda step: self._focus(self.chips.index(chip) + step))
        return chip

    def _focus(self, index: int) -> None:
        if 0 <= index < len(self.chips):
            self.chips[index].cross.setFocus(Qt.FocusReason.TabFocusReason)
            self._strip.show_chip(self.chips[index])

    def _on_progressed(self, item: Item) -> None:
        chip = next((chip for chip in self.chips if chip.item is item), None)
        if chip is not None:
            chip.refresh()

    def _say_what_agents_miss(self) -> None:
        names = [item.name for item in self._intake.items if item.name_only]
        which = names[0] if len(names) == 1 else f"{len(names)} of these"
        self.note.setText(f"Agents get only the name of {which}: none of them can read what is in it.")
        self.note.setVisible(bool(names))

    def _on_theme_changed(self, theme: Theme) -> None:
        self._row.setSpacing(theme.px(8))
        self._column.setSpacing(theme.px(2))
        self._strip.setFixedHeight(theme.px(56) + theme.px(2))


class _Strip(QScrollArea):
    """Scrolls sideways: by finger, by wheel, and to the chip that has the keyboard."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setWidget(content)
        content.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        make_kinetic(self)
        self._at_end = False
        self.horizontalScrollBar().rangeChanged.connect(self._on_range_changed)
        QScroller.scroller(self.viewport()).stateChanged.connect(self._on_scroller)

    def show_at_end(self) -> None:
        """What was put there last is what a person looks for. The row grows as it is laid out: it stays there until it is scrolled."""
        self._at_end = True
        self._on_range_changed()

    def show_chip(self, chip: AttachmentChip) -> None:
        self._at_end = False
        self.ensureWidgetVisible(chip)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._at_end = False
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (event.angleDelta().x() or event.angleDelta().y()))

    def _on_range_changed(self) -> None:
        if self._at_end:
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().maximum())

    def _on_scroller(self, state: QScroller.State) -> None:
        if state == QScroller.State.Dragging:
            self._at_end = False

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)
