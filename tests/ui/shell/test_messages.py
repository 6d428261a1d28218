"""The message bar: one sentence at a time, reachable by key, errors stay."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from chainbot_desktop.ui.shell import messages
from chainbot_desktop.ui.view import Message
from tests.ui.finding import find, focused
from tests.ui.shell.conftest import Panel


def _texts(panel: Panel) -> list[str]:
    return [label.text() for label in panel.window.messages.findChildren(QLabel) if label.isVisible() and label.text()]


def test_information_leaves_by_itself_and_errors_stay(panel: Panel, qtbot: QtBot) -> None:
    bar = panel.window.messages
    bar.shown_ms = 50
    panel.window.show_message(Message("Saved"))
    panel.window.show_message(Message("The disk is full", "error", "Delete something."))
    assert _texts(panel) == ["Saved", "1 more"]
    qtbot.waitUntil(lambda: bar.current is not None and bar.current.severity == "error")
    assert _texts(panel) == ["The disk is full", "Delete something."]
    assert not bar.leaves
    QTest.mouseClick(find(bar, QToolButton), Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    assert messages.SHOWN_MS >= 5000, "long enough to be read"


def test_the_same_sentence_is_counted_not_queued(panel: Panel) -> None:
    for _ in range(3):
        panel.window.show_message(Message("No answer", "warning"))
    assert _texts(panel) == ["No answer (×3)"]
    for _ in range(3):
        panel.window.show_message(Message("Another", "warning"))
    assert panel.window.messages.waiting == 1


def test_action_runs_once_and_the_next_message_comes(panel: Panel) -> None:
    ran: list[int] = []
    panel.window.show_message(Message("Failed", "error", action_label="Show", action=lambda: ran.append(1)))
    panel.window.show_message(Message("Then this", "warning"))
    button = next(b for b in panel.window.messages.findChildren(QPushButton) if b.text() == "Show")
    assert button.height() >= 40
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert ran == [1]
    assert _texts(panel) == ["Then this"]


def test_a_message_is_read_and_closed_by_key(panel: Panel) -> None:
    panel.window.show_message(Message("Failed", "error"))
    for _ in range(2):
        QTest.keyClick(QApplication.focusWidget() or panel.window, Qt.Key.Key_F6)
    here = focused()
    assert panel.window.messages.isAncestorOf(here)
    QTest.keyClick(here, Qt.Key.Key_Escape)
    assert not panel.window.messages.isVisible()


def test_html_in_a_message_is_text(panel: Panel) -> None:
    panel.window.show_message(Message("<b>bold</b>", "error"))
    label = next(label for label in panel.window.messages.findChildren(QLabel) if "bold" in label.text())
    assert label.textFormat() == Qt.TextFormat.PlainText
