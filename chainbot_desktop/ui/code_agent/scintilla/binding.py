"""Loads QScintilla beside PySide6 so that both share one set of Qt libraries, and hands its widgets over to PySide6.

PySide6's libraries, QtPrintSupport among them, must be in the process before PyQt6 is imported: then PyQt6 uses those. Held in every
pairing tried: PySide6's minor version is at least PyQt6's.
"""

from __future__ import annotations

import importlib
import re
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import PySide6
import shiboken6
from PySide6 import QtCore, QtGui, QtWidgets

from chainbot_desktop.core.errors import ChainBotError

if TYPE_CHECKING:
    from PyQt6.Qsci import QsciScintilla

    from chainbot_desktop.ui.code_agent.scintilla.editor import CodeEditor

SCINTILLA = "2.14.1"


class EditorUnavailable(ChainBotError):
    """QScintilla is missing, or does not fit the Qt of this program."""

    code = "editor_unavailable"
    http_status = 503


def load_editor() -> type[CodeEditor]:
    """The editor's class. Takes a tenth of a second the first time. EditorUnavailable says in a sentence what does not fit."""
    try:
        importlib.import_module("PySide6.QtPrintSupport")
        pyqt_core = importlib.import_module("PyQt6.QtCore")
        qsci = importlib.import_module("PyQt6.Qsci")
    except ImportError as error:
        raise EditorUnavailable(
            f"The editor cannot be loaded: {error}.", hint="Install PyQt6 and PyQt6-QScintilla in the program's environment."
        ) from error
    complaint = version_complaint(PySide6.__version__, pyqt_core.PYQT_VERSION_STR, qsci.QSCINTILLA_VERSION_STR)
    complaint = complaint or library_complaint(_mapped_files())
    if complaint:
        raise EditorUnavailable(complaint, hint="Install the versions of the program's lock file.")
    module = importlib.import_module("chainbot_desktop.ui.code_agent.scintilla.editor")
    editor: type[CodeEditor] = module.CodeEditor
    return editor


def version_complaint(pyside: str, pyqt: str, scintilla: str) -> str:
    """What is wrong with this set of versions, in a sentence; empty if it is fine."""
    if _minor(pyside) < _minor(pyqt):
        return f"PyQt6 {pyqt} needs PySide6 of at least the same minor version, and {pyside} is installed."
    if scintilla != SCINTILLA:
        return f"The editor needs QScintilla {SCINTILLA}, and {scintilla} is installed."
    return ""


def library_complaint(mapped: Sequence[str]) -> str:
    """Two copies of Qt in one process crash sooner or later; `mapped` are the files in the process's memory."""
    copies = sorted({path for path in mapped if re.search(r"/libQt6Core\.so", path)})
    if len(copies) > 1:
        return f"PyQt6 brought its own Qt beside PySide6's: {copies[0]} and {copies[1]}."
    return ""


class AdoptedWidget:
    """The editor as a PySide6 widget. It lives as long as its C++ object: delete it by `deleteLater` or with its parent.

    PySide6 takes an object that some widget's method returned (`nextInFocusChain`, say) for that widget's child, and when that widget
    dies it declares the wrapper dead, though the editor lives. So the wrapper is made anew when that happened: ask for `area` each
    time, and keep no wrapper of it.
    """

    def __init__(self, editor: QsciScintilla) -> None:
        self._sip = importlib.import_module("PyQt6.sip")
        self._editor = editor
        self._area = self._wrap()
        # To itself, not to None: with None the Python overrides stop working once the last reference goes.
        self._sip.transferto(editor, editor)
        self._area.destroyed.connect(_Invalidation(self))

    @property
    def area(self) -> QtWidgets.QAbstractScrollArea:
        """RuntimeError from its methods once the editor is deleted."""
        if not shiboken6.isValid(self._area) and not self._sip.isdeleted(self._editor):
            self._area = self._wrap()
        return self._area

    def invalidate(self) -> None:
        """Else the dead wrapper claims to live, and a new editor at the same address is taken for it."""
        if shiboken6.isValid(self._area):
            shiboken6.invalidate(self._area)

    def _wrap(self) -> QtWidgets.QAbstractScrollArea:
        area = shiboken6.wrapInstance(self._sip.unwrapinstance(self._editor), QtWidgets.QAbstractScrollArea)
        assert isinstance(area, QtWidgets.QAbstractScrollArea)
        return area


class _Invalidation:
    """What `destroyed` calls; holds no reference that would keep the editor's Python side alive."""

    def __init__(self, adopted: AdoptedWidget) -> None:
        self._adopted = weakref.ref(adopted)

    def __call__(self, *_: object) -> None:
        adopted = self._adopted()
        if adopted is not None:
            adopted.invalidate()


def _minor(version: str) -> tuple[int, int]:
    numbers = re.findall(r"\d+", version)
    return int(numbers[0]), int(numbers[1])


def _mapped_files() -> list[str]:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return []
    return [
        fields[5]
        for line in maps.read_text(encoding="utf-8", errors="replace").splitlines()
        if len(fields := line.split(None, 5)) == 6
    ]


# Named so that a tool that tidies imports leaves them: both must be loaded before PyQt6.
_LOADED_FIRST = (QtCore, QtGui)
