"""The bridge to QScintilla: what is typed, what is big, and how editors die."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import cast

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QInputMethodEvent, QKeyEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget

from chainbot_desktop.ui.code_agent.languages import LANGUAGES, PLAIN, Language
from chainbot_desktop.ui.code_agent.scintilla.binding import library_complaint, load_editor, version_complaint
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.workspace import Eol

Editor = load_editor()

from PyQt6.Qsci import QsciScintilla  # noqa: E402 (only after the bridge has loaded it)


def language_named(key: str) -> Language:
    return next(language for language in LANGUAGES if language.key == key)


PYTHON = language_named("python")


@pytest.fixture
def page(qapp: QApplication) -> Iterator[QWidget]:
    page = QWidget()
    QHBoxLayout(page).setContentsMargins(0, 0, 0, 0)
    page.resize(600, 400)
    page.show()
    page.activateWindow()
    yield page
    page.deleteLater()
    drain()


@pytest.fixture
def editor(page: QWidget, theme_source: ThemeSource) -> Editor:  # type: ignore[valid-type]
    editor = Editor(theme_source)
    layout = page.layout()
    assert layout is not None
    layout.addWidget(editor.widget)
    editor.load(b"", PYTHON, Eol.LF)
    editor.widget.show()
    editor.focus()
    return editor


def drain() -> None:
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def scintilla_of(editor) -> QsciScintilla:  # type: ignore[no-untyped-def]
    return cast("QsciScintilla", editor._sci)


def test_versions_that_do_not_fit_are_named() -> None:
    assert version_complaint("6.12.0", "6.11.0", "2.14.1") == ""
    assert "PyQt6 6.12.0 needs PySide6" in version_complaint("6.11.2", "6.12.0", "2.14.1")
    assert "2.13.0 is installed" in version_complaint("6.12.0", "6.11.0", "2.13.0")


def test_two_copies_of_qt_are_noticed() -> None:
    one, other = "/a/PySide6/Qt/lib/libQt6Core.so.6", "/a/PyQt6/Qt6/lib/libQt6Core.so.6"
    assert library_complaint([one, one, "/lib/libc.so.6"]) == ""
    assert "its own Qt" in library_complaint([one, other])


def test_the_window_starts_without_pyqt() -> None:
    code = "import sys, chainbot_desktop.ui.code_agent.view; print([m for m in sys.modules if m.startswith(('PyQt6', 'pygments'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_typing_and_undo(editor) -> None:  # type: ignore[no-untyped-def]
    QTest.keyClicks(editor.widget, "def f():")
    QTest.keyClick(editor.widget, Qt.Key.Key_Return)
    QTest.keyClicks(editor.widget, "x")
    assert editor.text() == b"def f():\n    x" or editor.text() == b"def f():\nx"
    assert editor.is_modified
    while editor.can_undo:
        editor.undo()
    assert editor.text() == b""
    assert not editor.is_modified


@pytest.mark.parametrize("character", ["😀", "𝒳", "ä", "漢"])
def test_every_character_can_be_typed(editor, character: str) -> None:  # type: ignore[no-untyped-def]
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(editor.widget, QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, character))
    assert editor.text().decode() == character


def test_an_input_method_replaces_what_it_says(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load("say 😀helo".encode(), PLAIN, Eol.LF)
    editor.go_to(1, 100)
    event = QInputMethodEvent()
    event.setCommitString("hello", -4, 4)
    QApplication.sendEvent(editor.widget, event)
    assert editor.text().decode() == "say 😀hello"
    event = QInputMethodEvent()
    event.setCommitString("!", -7, 7)  # the emoji counts as two units
    QApplication.sendEvent(editor.widget, event)
    assert editor.text().decode() == "say !"


def test_an_input_method_sees_a_window_around_the_caret(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load(("ü" * 50_000 + "😀here").encode(), PLAIN, Eol.LF)
    editor.go_to(1, 50_002)
    text = editor.widget.inputMethodQuery(Qt.InputMethodQuery.ImSurroundingText)
    place = editor.widget.inputMethodQuery(Qt.InputMethodQuery.ImCursorPosition)
    assert len(text) < 5_000
    assert text.encode("utf-16-le")[place * 2 :].decode("utf-16-le") == "here"
    assert text[:1] == "ü"


def test_a_big_file_is_light(editor) -> None:  # type: ignore[no-untyped-def]
    body = b"x = 1  # a line of an ordinary program\n" * 140_000
    editor.load(body, PYTHON, Eol.LF)
    sci = scintilla_of(editor)
    mask = sci.SendScintilla(sci.SCI_GETMODEVENTMASK)
    assert not mask & (sci.SC_MOD_INSERTTEXT | sci.SC_MOD_DELETETEXT)
    assert mask & sci.SC_MOD_CHANGEFOLD
    assert sci.SendScintilla(sci.SCI_GETIDLESTYLING) == sci.SC_IDLESTYLING_ALL
    assert editor.switched_off == ("screen reader updates",)
    editor.go_to(editor.line_count)
    QTest.keyClicks(editor.widget, "end")
    assert editor.text() == body + b"end"
    assert editor.is_modified
    editor.undo()
    assert not editor.is_modified
    editor.load(b"small", PYTHON, Eol.LF)
    assert sci.SendScintilla(sci.SCI_GETMODEVENTMASK) & sci.SC_MOD_INSERTTEXT


def test_a_huge_file_has_no_lexer(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"x = 1\n" * 4_000_000, PYTHON, Eol.LF)
    assert scintilla_of(editor).lexer() is None
    assert "highlighting" in editor.switched_off


def test_python_made_lexers_stop_earlier_and_say_so(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"key = 1\n" * 200_000, language_named("toml"), Eol.LF)
    assert "highlighting" in editor.switched_off


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.key)
def test_every_language_highlights_in_both_themes(editor, language, theme_source: ThemeSource) -> None:  # type: ignore[no-untyped-def]
    editor.load(b'# name = "text" 12\n// if (x) return\n<a b="c">\n', language, Eol.LF)
    sci = scintilla_of(editor)
    sci.recolor()
    for name in ("light", "dark"):
        theme_source.select(name)
        assert sci.lexer() is not None
        assert sci.lexer().paper(0).name().lower() == theme_source.current.color("ground").name().lower()


def test_a_pygments_language_colours_and_folds(editor, theme_source: ThemeSource) -> None:  # type: ignore[no-untyped-def]
    editor.load(b'package main\n\nfunc main() {\n\tprintln("ho\xc3\xb6", 42) // say\n}\n', language_named("go"), Eol.LF)
    sci = scintilla_of(editor)
    sci.SendScintilla(sci.SCI_COLOURISE, 0, -1)
    lexer = sci.lexer()

    def role(text: bytes) -> str:
        return lexer.description(sci.SendScintilla(sci.SCI_GETSTYLEAT, editor.text().index(text)))

    assert [role(word) for word in (b"package", b"main()", b"ho", b"42", b"// say")] == [
        "keyword", "text", "string", "number", "comment",
    ]  # fmt: skip
    assert sci.SendScintilla(sci.SCI_GETFOLDLEVEL, 2) & sci.SC_FOLDLEVELHEADERFLAG
    editor.go_to(3)
    editor.toggle_fold()
    assert not sci.SendScintilla(sci.SCI_GETLINEVISIBLE, 3)
    editor.select(40, 42)
    assert sci.SendScintilla(sci.SCI_GETLINEVISIBLE, 3)


def test_an_opened_comment_recolours_what_follows(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"package main\n\nvar a = 1\nvar b = 2\n", language_named("go"), Eol.LF)
    sci = scintilla_of(editor)
    sci.SendScintilla(sci.SCI_COLOURISE, 0, -1)
    editor.go_to(2)
    QTest.keyClicks(editor.widget, "/*")
    sci.SendScintilla(sci.SCI_COLOURISE, sci.SendScintilla(sci.SCI_GETENDSTYLED), -1)
    editor.go_to(4, 10)
    QTest.keyClicks(editor.widget, "*/")
    sci.SendScintilla(sci.SCI_COLOURISE, sci.SendScintilla(sci.SCI_GETENDSTYLED), -1)
    position = editor.text().index(b"var a")
    assert sci.lexer().description(sci.SendScintilla(sci.SCI_GETSTYLEAT, position)) == "comment"


@pytest.mark.parametrize(
    ("language", "before", "after"),
    [
        ("python", b"if x:\n    y\n\n    z\n", b"# if x:\n#     y\n\n#     z\n"),
        ("css", b"a {}\n", b"/* a {} */\n"),
    ],
)
def test_comments_toggle_as_one_step(editor, language: str, before: bytes, after: bytes) -> None:  # type: ignore[no-untyped-def]
    editor.load(before, language_named(language), Eol.LF)
    editor.select_all()
    assert editor.toggle_comment()
    assert editor.text() == after
    editor.select_all()
    editor.toggle_comment()
    assert editor.text() == before
    editor.undo()
    assert editor.text() == after
    editor.undo()
    assert editor.text() == before
    assert not editor.is_modified


def test_lines_duplicate_and_move(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"one\ntwo\nthree\n", PLAIN, Eol.LF)
    editor.go_to(1)
    editor.duplicate()
    assert editor.text() == b"one\none\ntwo\nthree\n"
    editor.move_lines(down=True)
    editor.go_to(3)
    editor.move_lines(down=True)
    assert editor.text() == b"one\none\nthree\ntwo\n"
    editor.delete_lines()
    assert editor.text() == b"one\none\nthree\n"


def test_caret_counts_characters(editor) -> None:  # type: ignore[no-untyped-def]
    editor.load("a\n\t😀ü漢x\n".encode(), PLAIN, Eol.LF)
    editor.go_to(2, 5)
    assert editor.caret == (2, 5)
    assert editor.text()[editor.selection[0] :].startswith(b"x")
    editor.go_to(99, 99)
    assert editor.caret == (3, 1)
    editor.select_all()
    assert editor.selected_characters == 8


def test_the_programs_shortcuts_are_not_taken(editor) -> None:  # type: ignore[no-untyped-def]
    for key in (Qt.Key.Key_D, Qt.Key.Key_L, Qt.Key.Key_T, Qt.Key.Key_U, Qt.Key.Key_Slash):
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.ControlModifier)
        event.ignore()
        QApplication.sendEvent(editor.widget, event)
        assert not event.isAccepted(), key
    event = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    event.ignore()
    QApplication.sendEvent(editor.widget, event)
    assert event.isAccepted()


def test_a_finger_scrolls_by_the_pixels_it_moved(editor, page: QWidget) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"line\n" * 500, PLAIN, Eol.LF)
    drain()
    viewport, finger = editor.widget.viewport(), QTest.createTouchDevice()
    assert isinstance(finger, QPointingDevice)
    start = QPoint(200, 300)
    QTest.touchEvent(viewport, finger).press(0, start).commit()
    for step in range(1, 11):
        QTest.touchEvent(viewport, finger).move(0, start - QPoint(0, 20 * step)).commit()
        QTest.qWait(12)
    QTest.qWait(50)
    height = scintilla_of(editor).textHeight(0)
    moved = editor.top_line * height
    assert 100 <= moved <= 300, moved
    QTest.touchEvent(viewport, finger).release(0, start - QPoint(0, 200)).commit()
    assert editor.selection == (0, 0), "a drag neither selects nor moves the caret"


def test_a_tap_puts_the_caret(editor, page: QWidget) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"line\n" * 500, PLAIN, Eol.LF)
    drain()
    viewport, finger = editor.widget.viewport(), QTest.createTouchDevice()
    where = QPoint(300, 3 * scintilla_of(editor).textHeight(0) + 5)
    QTest.touchEvent(viewport, finger).press(0, where).commit()
    QTest.touchEvent(viewport, finger).release(0, where).commit()
    drain()
    assert editor.caret == (4, 5)
    assert editor.top_line == 0


def test_holding_a_finger_selects_the_word_and_asks_for_the_menu(editor, page: QWidget) -> None:  # type: ignore[no-untyped-def]
    editor.load(b"wonderful\n", PLAIN, Eol.LF)
    drain()
    asked: list[QPoint] = []
    editor.menu_requested.connect(asked.append)
    viewport, finger = editor.widget.viewport(), QTest.createTouchDevice()
    where = QPoint(80, 8)
    QTest.touchEvent(viewport, finger).press(0, where).commit()
    deadline = 100
    while not asked and deadline:
        QTest.qWait(20)
        deadline -= 1
    QTest.touchEvent(viewport, finger).release(0, where).commit()
    assert asked
    assert editor.selection == (0, 9)


def test_the_context_menu_is_the_programs(editor) -> None:  # type: ignore[no-untyped-def]
    asked: list[QPoint] = []
    editor.menu_requested.connect(asked.append)
    where = QPoint(50, 20)
    QApplication.sendEvent(editor.widget.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, where))
    assert asked


def test_an_editor_outlives_a_widget_that_met_it_in_the_focus_chain(editor, page: QWidget) -> None:  # type: ignore[no-untyped-def]
    """PySide6 declares what `nextInFocusChain` returned dead together with the widget that was asked."""
    overlay = QWidget(page)
    overlay.show()
    met = overlay.nextInFocusChain()
    while met is not None and met is not overlay:
        met = met.nextInFocusChain()
    del met
    overlay.deleteLater()
    del overlay
    drain()
    editor.focus()
    QTest.keyClicks(editor.widget, "alive")
    assert editor.text() == b"alive"
    assert editor.widget.isVisible()


def test_two_hundred_editors_live_and_die(theme_source: ThemeSource, qapp: QApplication) -> None:
    """By deleteLater, with their parent, with their reference gone before or after: no crash, nothing left."""
    left: list[weakref.ref[object]] = []
    kept = []
    for number in range(200):
        page = QWidget()
        layout = QHBoxLayout(page)
        editor = Editor(theme_source)
        layout.addWidget(editor.widget)
        editor.load(b"x = 1\n", PYTHON if number % 2 else language_named("go"), Eol.LF)
        if number % 20 == 0:
            page.show()
            QTest.keyClicks(editor.widget, "y")
            assert editor.text() == b"yx = 1\n"
        left.extend((weakref.ref(editor), weakref.ref(scintilla_of(editor))))
        widget = editor.widget
        if number % 4 == 0:
            kept.append(editor)
        if number % 3 == 0:
            widget.deleteLater()
            drain()
            assert not shiboken6.isValid(widget)
        page.deleteLater()
        del editor, widget, page, layout
        drain()
    theme_source.select("light")
    theme_source.select("dark")
    kept.clear()
    gc.collect()
    drain()
    gc.collect()
    alive = [reference() for reference in left if reference() is not None]
    assert not alive, f"{len(alive)} of {len(left)} are still there: {alive[:3]}"
