"""Ways to the rules and their form, as a person goes them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.watchtower.alerts.rule_editor import RuleEditor
from chainbot_desktop.ui.watchtower.alerts.rules import RulesPart
from chainbot_desktop.ui.widgets import MenuSheet
from tests.ui.watchtower.alerts.acting import click
from tests.ui.watchtower.conftest import Tower


def open_rules(t: Tower) -> RulesPart:
    t.view.present({"page": "alerts", "part": "rules"})
    return t.view.alerts.rules


def the_editor(part: RulesPart) -> RuleEditor:
    assert part.editor is not None
    return part.editor


def open_rule(t: Tower, name: str) -> RuleEditor:
    t.view.present({"page": "alerts", "rule": name})
    return the_editor(t.view.alerts.rules)


async def choose(picker: QWidget, label: str) -> None:
    await click(picker)
    menu = [menu for menu in picker.window().findChildren(MenuSheet) if menu.is_open][-1]
    await click(next(row for row in menu.rows if row.text() == label))


async def choose_more(editor: RuleEditor, label: str) -> None:
    await choose(editor.frame.more, label)


def write(field: QWidget, text: str) -> None:
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(field, text)
