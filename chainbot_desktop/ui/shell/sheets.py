"""The shell's own sheets: the keys of a window (F1), the look, and the question before what is unsaved is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.ui.theme import TEXT_SIZES, ThemeChoice, ThemeSource
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.widgets.chip import Chip
from chainbot_desktop.ui.widgets.sheet import Sheet

THEME_CHOICES: tuple[tuple[ThemeChoice, str], ...] = (("auto", "Like the system"), ("dark", "Dark"), ("light", "Light"))


def keys_sheet(origin: QWidget, themes: ThemeSource, groups: Sequence[tuple[str, Sequence[Command]]]) -> Sheet:
    """The keys of each group (title, commands); commands without a key are left out."""
    sheet = Sheet(origin, "Keys", themes, width=560)
    for title, commands in groups:
        bound = [command for command in commands if command.shortcut]
        if not bound:
            continue
        sheet.add_text(title, "label")
        table = QGridLayout()
        table.setColumnStretch(1, 1)
        table.setColumnMinimumWidth(0, themes.current.px(120))
        table.setHorizontalSpacing(themes.current.px(24))
        table.setVerticalSpacing(themes.current.px(8))
        for row, command in enumerate(bound):
            keys = QLabel(command.shortcut)
            keys.setFont(themes.current.font("mono"))
            what = QLabel(command.label)
            what.setWordWrap(True)
            table.addWidget(keys, row, 0, Qt.AlignmentFlag.AlignTop)
            table.addWidget(what, row, 1)
        sheet.body.addLayout(table)
        sheet.body.addSpacing(themes.current.px(8))
    return sheet


def settings_sheet(origin: QWidget, themes: ThemeSource, changed: Callable[[], object]) -> Sheet:
    """Theme and text size; every tap takes effect at once, and `changed` is called after it."""
    sheet = Sheet(origin, "Appearance", themes, width=560)

    def choose_theme(name: str) -> None:
        themes.select(cast("ThemeChoice", name))
        changed()

    def choose_size(name: str) -> None:
        themes.set_text_size(name)
        changed()

    sheet.add_text("Colours", "label")
    _add_choice(sheet, THEME_CHOICES, themes.choice, choose_theme)
    sheet.add_text("Text size", "label")
    sizes = [(name, f"{scale * 100:.0f} %") for name, scale in TEXT_SIZES.items()]
    _add_choice(sheet, sizes, themes.text_size, choose_size)
    return sheet


def unsaved_sheet(
    origin: QWidget, themes: ThemeSource, names: Sequence[str], save: Callable[[], None], discard: Callable[[], None]
) -> Sheet:
    """Asked before the window closes. Doing nothing keeps everything as it is."""
    sheet = Sheet(origin, "Close with unsaved files?", themes)
    sheet.add_text("These are changed and not saved:", "dim")
    for name in names[:20]:
        sheet.add_text(name)
    if len(names) > 20:
        sheet.add_text(f"and {len(names) - 20} more", "dim")
    sheet.add_action("Discard", discard, kind="danger")
    sheet.add_gap()
    sheet.add_action("Keep open")
    sheet.first = sheet.add_action("Save all and close", save, kind="primary")
    return sheet


def _add_choice(sheet: Sheet, choices: Sequence[tuple[str, str]], chosen: str, choose: Callable[[str], None]) -> None:
    group = QButtonGroup(sheet)
    row = QHBoxLayout()
    for index, (name, label) in enumerate(choices):
        if index % 3 == 0:  # three fit a narrow screen at the largest text
            row = QHBoxLayout()
            row.setSpacing(sheet.themes.current.px(8))
            row.setAlignment(Qt.AlignmentFlag.AlignLeft)
            sheet.body.addLayout(row)
        chip = Chip(label, sheet.themes, checked=name == chosen)
        chip.clicked.connect(lambda _checked, name=name: choose(name))
        group.addButton(chip)
        row.addWidget(chip)
