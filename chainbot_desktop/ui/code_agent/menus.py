"""The menus of the window: the button's, a tab's, the status line's, a file's and the text's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.code_agent.languages import LANGUAGES, PLAIN, Language
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.workspace import CHOICES, Eol, TextFormat
from chainbot_desktop.workspace.paths import readable


class Menus:
    def __init__(self, origin: QWidget, themes: ThemeSource) -> None:
        self._origin = origin
        self._themes = themes

    def show_commands(self, commands: Sequence[Command | None], at: QPoint) -> MenuSheet:
        """A row for each command, a gap for each None."""
        menu = MenuSheet(self._origin, self._themes)
        for command in commands:
            if command is None:
                menu.add_gap()
            else:
                menu.add(command.label, command.run, icon=command.icon, keys=command.shortcut)
        menu.open_at(at)
        return menu

    def show_rows(self, rows: Sequence[tuple[str, str, Callable[[], object]]], at: QPoint) -> MenuSheet:
        """(icon, label, callback)."""
        menu = MenuSheet(self._origin, self._themes)
        for icon, label, callback in rows:
            menu.add(label, callback, icon=icon)
        menu.open_at(at)
        return menu

    def show_form(self, document: Document, at: QPoint) -> None:
        """How the text is written: language, encoding, line endings."""
        form = document.form

        def languages() -> None:
            self._show_languages(document, at)

        def encodings() -> None:
            rows = [
                (_tick(same_encoding(choice, form)), f"Save as {choice.label}", _setter(document, choice)) for choice in CHOICES
            ]
            self.show_rows(rows, at)

        def endings() -> None:
            rows = [(_tick(eol is form.eol and not form.mixed_eol), _EOL_WORDS[eol], _eol_setter(document, eol)) for eol in Eol]
            self.show_rows(rows, at)

        self.show_rows(
            (
                ("code", f"Language: {document.editor.language.label}", languages),
                ("file", f"Encoding: {form.label}", encodings),
                ("wrap", f"Line endings: {form.eol.label}{' (mixed)' if form.mixed_eol else ''}", endings),
            ),
            at,
        )

    def _show_languages(self, document: Document, at: QPoint) -> None:
        def setter(language: Language) -> Callable[[], None]:
            def choose() -> None:
                document.editor.set_language(language)
                document.changed.emit()

            return choose

        here = document.editor.language
        rows = [(_tick(language is here), language.label, setter(language)) for language in (PLAIN, *_by_label())]
        self.show_rows(rows, at)


def copy_path(path: Path) -> None:
    QGuiApplication.clipboard().setText(readable(path))


def same_encoding(one: TextFormat, other: TextFormat) -> bool:
    return (one.codec, one.bom) == (other.codec, other.bom)


_EOL_WORDS = {Eol.LF: "LF (Linux, macOS)", Eol.CRLF: "CRLF (Windows)", Eol.CR: "CR (old Mac)"}


def _by_label() -> list[Language]:
    return sorted(LANGUAGES, key=lambda language: language.label.casefold())


def _tick(chosen: bool) -> str:
    return "check" if chosen else ""


def _setter(document: Document, choice: TextFormat) -> Callable[[], None]:
    def choose() -> None:
        if not same_encoding(choice, document.form):
            document.set_form(replace(document.form, codec=choice.codec, bom=choice.bom))

    return choose


def _eol_setter(document: Document, eol: Eol) -> Callable[[], None]:
    def choose() -> None:
        if eol is not document.form.eol or document.form.mixed_eol:
            document.set_form(replace(document.form, eol=eol, mixed_eol=False))

    return choose
