"""Questions as coroutines: a sheet opens over the window, and the answer comes when a person gives one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtWidgets import QLineEdit, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import ButtonKind
from chainbot_desktop.ui.widgets.sheet import Sheet

CANCELLED = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """`answer` is what the question returns; it must not be empty."""

    answer: str
    label: str
    kind: ButtonKind = "plain"


async def ask(origin: QWidget, themes: ThemeSource, title: str, sentences: Sequence[str], choices: Sequence[Choice]) -> str:
    """The answer of the button pressed; CANCELLED if the sheet was closed."""
    sheet = Sheet(origin, title, themes)
    for sentence in sentences:
        if sentence:
            sheet.add_text(sentence)
    answer = _answer_of(sheet)
    harmless = None
    for number, choice in enumerate(choices):
        if number and "danger" in {choice.kind, choices[number - 1].kind}:
            sheet.add_gap()
        button = sheet.add_action(choice.label, partial(_give, answer, choice.answer), kind=choice.kind)
        if choice.kind == "primary" or (harmless is None and choice.kind != "danger"):
            harmless = button
    sheet.open()
    if harmless is not None:  # Enter at once must not destroy anything
        harmless.setFocus()
    return await answer


async def ask_text(origin: QWidget, themes: ThemeSource, title: str, label: str, action: str) -> str:
    """A line that was typed; CANCELLED if the sheet was closed or the line is empty."""
    sheet = Sheet(origin, title, themes, width=400)
    sheet.add_text(label, "dim")
    field = QLineEdit()
    field.setAccessibleName(label)
    sheet.body.addWidget(field)
    answer = _answer_of(sheet)
    sheet.add_action("Cancel")
    sheet.add_action(action, lambda: _give(answer, field.text().strip()), kind="primary")

    def on_return() -> None:
        _give(answer, field.text().strip())
        sheet.dismiss()

    field.returnPressed.connect(on_return)
    sheet.open()
    field.setFocus()
    return await answer


def _answer_of(sheet: Sheet) -> asyncio.Future[str]:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    sheet.closed.connect(lambda: _give(answer, CANCELLED))
    return answer


def _give(answer: asyncio.Future[str], value: str) -> None:
    if not answer.done():
        answer.set_result(value)
