"""Attaching, editing and completing in the composer, as a person does it: with the clipboard, a drag, a finger and keys."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QInputDevice,
    QPointingDevice,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.chat.attachments import attachments_of
from chainbot_desktop.core.ports import AgentCommand, TalkAttachment
from chainbot_desktop.ui.chat.attachment_intake import AttachmentIntake
from chainbot_desktop.ui.chat.view import ChatView
from chainbot_desktop.ui.code_agent.chooser import PathChooser, choose_path
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.workspace import Workspace
from tests.helpers.talks import FakeTalk
from tests.ui.chat.windows import Window, open_window

Play = Callable[[Window], Coroutine[Any, Any, None]]
Scene = Callable[..., None]
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def play(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> Scene:
    """Run a scene in a fresh window over this test's folder; call it again for a restart of the program."""

    def run(scene: Play, size: tuple[int, int] = (720, 452), talk: FakeTalk | None = None) -> None:
        async def work() -> None:
            async with open_window(tmp_path, theme_source, size, talk=talk) as window:
                await window.until(lambda: window.view._looked)
                await scene(window)

        on_loop(work())

    return run


@pytest.fixture(scope="module")
def finger() -> QPointingDevice:
    return QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen)


def picture(width: int = 60, height: int = 40, color: str = "teal") -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    return image


def files(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def words(text: str) -> QMimeData:
    mime = QMimeData()
    mime.setText(text)
    return mime


def paste(window: Window, mime: QMimeData) -> None:
    """With the keyboard."""
    QGuiApplication.clipboard().setMimeData(mime)
    window.view.composer.edit.setFocus()
    window.key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def drag(widget: QWidget, mime: QMimeData, *, drop: bool = True) -> bool:
    """Over the middle of a widget, as the system sends it: to the innermost that accepts drops. Whether it was accepted."""
    target: QWidget = widget
    at = widget.rect().center()
    while not target.acceptDrops():
        at = target.mapToParent(at)
        parent = target.parentWidget()
        assert parent is not None, "nothing accepts drops here"
        target = parent
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, copy | Qt.DropAction.MoveAction, mime, left, none)
    QApplication.sendEvent(target, enter)
    if drop and enter.isAccepted():
        event = QDropEvent(QPointF(at), copy | Qt.DropAction.MoveAction, mime, left, none)
        QApplication.sendEvent(target, event)
        assert event.dropAction() == copy, "a file manager would delete what was moved here"
    return enter.isAccepted()


def tap(widget: QWidget, finger: QPointingDevice, at: QPoint | None = None) -> None:
    point = at or widget.rect().center()
    QTest.touchEvent(widget, finger).press(0, point, widget).commit()
    QTest.touchEvent(widget, finger).release(0, point, widget).commit()


def intake_of(window: Window) -> AttachmentIntake:
    return window.view.composer.intake


async def attached(window: Window, count: int) -> list[TalkAttachment]:
    intake = intake_of(window)
    await window.until(lambda: not intake.is_busy and len(intake.items) == count)
    return list(intake.ready)


async def posted(window: Window) -> tuple[str, tuple[TalkAttachment, ...]]:
    """The newest message, when there is one."""
    await window.until(lambda: window.view.messages.cards)
    message = window.view.messages.cards[-1].message
    return message.text, attachments_of(message.detail)


def test_a_pasted_picture_is_attached_as_png_and_sent_without_a_word(play: Scene) -> None:
    async def scene(window: Window) -> None:
        mime = QMimeData()
        mime.setImageData(picture())
        paste(window, mime)
        (attachment,) = await attached(window, 1)
        assert (attachment.media_type, attachment.name[-4:]) == ("image/png", ".png")
        await window.until(lambda: intake_of(window).items[0].picture is not None)
        chip = window.view.composer.tray.chips[0]
        assert chip.isVisible()
        window.key(Qt.Key.Key_Return)
        text, sent = await posted(window)
        assert (text, sent) == ("", (attachment,))
        assert not window.view.composer.tray.isVisible()
        assert window.service.attachments is not None
        body = await window.service.attachments.body(attachment)
        assert QImage.fromData(body or b"").size() == picture().size()

    play(scene)


def test_pasted_files_are_attached_and_what_cannot_be_says_why(play: Scene, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    (tmp_path / "empty").touch()
    (tmp_path / "program").write_bytes(b"\x7fELF" + bytes(2000))

    async def scene(window: Window) -> None:
        paste(window, files(tmp_path / "a.py", tmp_path / "empty", tmp_path, tmp_path / "program"))
        found = await attached(window, 2)
        assert [attachment.name for attachment in found] == ["a.py", "program"]
        composer = window.view.composer
        await window.until(lambda: "empty is empty" in composer.error.text() and "is a folder" in composer.error.text())
        assert composer.tray.note.isVisible()
        assert "only the name of program" in composer.tray.note.text()
        assert "2 KB · name only" in composer.tray.chips[1].accessibleName()

    play(scene)


def test_cells_of_a_table_are_pasted_as_words_not_as_their_picture(play: Scene) -> None:
    async def scene(window: Window) -> None:
        mime = words("a\tb")
        mime.setImageData(picture())
        paste(window, mime)
        assert window.view.composer.text == "a\tb"
        assert not intake_of(window).items

    play(scene)


def test_a_drop_shows_its_target_and_attaches(play: Scene, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# notes\n")
    (tmp_path / "more.md").write_text("# more\n")

    async def scene(window: Window) -> None:
        view = window.view
        shade = view.drop_target.shade
        assert drag(view.messages.viewport(), files(tmp_path / "notes.md", tmp_path / "more.md"), drop=False)
        assert shade.isVisible()
        assert shade.words == "Drop to attach these 2 files"
        assert shade.geometry() == view.rect()
        QApplication.sendEvent(view, QDragLeaveEvent())
        assert not shade.isVisible()
        assert drag(view.composer.edit, files(tmp_path / "notes.md", tmp_path / "more.md"))
        assert not shade.isVisible()
        assert {attachment.name for attachment in await attached(window, 2)} == {"notes.md", "more.md"}
        mime = QMimeData()
        mime.setImageData(picture())
        assert drag(view.composer.edit.viewport(), mime)
        assert (await attached(window, 3))[2].media_type == "image/png"
        window.view.composer.insert("see ")
        assert drag(view.composer.edit.viewport(), words("https://example.com"))
        assert view.composer.text == "see https://example.com"
        assert not drag(view.messages.viewport(), QMimeData())

    play(scene)


def test_a_very_long_text_may_become_a_file_and_words_again(play: Scene) -> None:
    log = "\n".join(f"line {number}" for number in range(2000))

    async def scene(window: Window) -> None:
        composer = window.view.composer
        await window.types("before after", enter=False)
        cursor = composer.edit.textCursor()
        cursor.setPosition(len("before "))
        composer.edit.setTextCursor(cursor)
        paste(window, words(log))
        assert composer.text == f"before {log}after"
        assert composer.offer.isVisible()
        assert composer.offer.button.text() == "Make it a file"
        QTest.mouseClick(composer.offer.button, Qt.MouseButton.LeftButton)
        (attachment,) = await attached(window, 1)
        assert (attachment.name, attachment.size) == ("pasted.txt", len(log))
        assert composer.text == "before after"
        assert composer.offer.button.text() == "Undo"
        QTest.mouseClick(composer.offer.button, Qt.MouseButton.LeftButton)
        await attached(window, 0)
        assert composer.text == f"before {log}after"
        assert not composer.offer.isVisible()
        composer.edit.undo()
        assert composer.text == "before after", "the field's own undo knows it as well"

    play(scene)


def test_a_text_longer_than_a_message_becomes_a_file_at_once(play: Scene) -> None:
    async def scene(window: Window) -> None:
        paste(window, words("x" * (1024 * 1024 + 1)))
        (attachment,) = await attached(window, 1)
        assert attachment.size == 1024 * 1024 + 1
        assert window.view.composer.text == ""
        assert "more than a message may have" in window.view.composer.offer.label.text()

    play(scene)


def test_a_draft_keeps_what_is_attached_over_a_restart_and_by_conversation(play: Scene, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept")
    ids: list[str] = []

    async def attach(window: Window) -> None:
        ids.append((await window.service.begin("one")).id)
        ids.append((await window.service.begin("other")).id)
        await window.opens(ids[0])
        drag(window.view, files(tmp_path / "kept.txt"))
        await attached(window, 1)
        await window.opens(ids[1])
        assert not window.view.composer.tray.chips
        await window.opens(ids[0])
        assert [item.name for item in intake_of(window).items] == ["kept.txt"]

    async def again(window: Window) -> None:
        await window.until(lambda: window.view.conversation_id == ids[0])
        await attached(window, 1)
        await window.types("with words")
        assert (await posted(window))[1][0].name == "kept.txt"

    async def third(window: Window) -> None:
        await window.until(lambda: window.view.conversation_id == ids[0])
        assert not intake_of(window).items

    play(attach)
    play(again)
    play(third)


def test_what_is_still_read_when_another_conversation_is_opened_goes_into_its_own_draft(play: Scene, tmp_path: Path) -> None:
    async def scene(window: Window) -> None:
        one, other = await window.service.begin("one"), await window.service.begin("other")
        await window.opens(one.id)
        path = tmp_path / "large.bin"
        path.write_bytes(os.urandom(8 << 20))
        drag(window.view, files(path))
        assert intake_of(window).is_busy
        await window.opens(other.id)
        assert window.service.attachments is not None
        service = window.service.attachments
        await window.until(lambda: service.draft(one.id))
        assert not intake_of(window).items
        assert service.draft(other.id) == ()
        await window.opens(one.id)
        assert [item.name for item in intake_of(window).items] == ["large.bin"]

    play(scene)


def test_reading_can_be_stopped_and_a_message_waits_for_it(play: Scene, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(8 << 20))

    async def scene(window: Window) -> None:
        composer = window.view.composer
        await window.types("look at this", enter=False)
        drag(window.view, files(path))
        chip = composer.tray.chips[0]
        await window.until(lambda: chip.progress.isVisible() and chip.cross.accessibleName() == "Stop attaching large.bin")
        window.key(Qt.Key.Key_Return, to=composer.edit)
        assert "still being read" in composer.error.text()
        assert composer.text == "look at this"
        assert not composer.send.isEnabled()
        QTest.mouseClick(chip.cross, Qt.MouseButton.LeftButton)
        await attached(window, 0)
        assert composer.send.isEnabled()

    play(scene)


def test_no_more_than_ten_and_nothing_twice(play: Scene, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(11)]
    for path in paths:
        path.write_text(path.name)

    async def scene(window: Window) -> None:
        drag(window.view, files(paths[0], paths[0]))
        await attached(window, 1)
        assert "0.txt is attached already" in window.view.composer.error.text()
        drag(window.view, files(*paths[1:]))
        await attached(window, 10)
        assert "may carry 10 attachments" in window.view.composer.error.text()

    play(scene)


def test_chips_by_keyboard_and_by_finger(play: Scene, tmp_path: Path, finger: QPointingDevice) -> None:
    paths = [tmp_path / f"a file with a long name {number}.txt" for number in range(5)]
    for path in paths:
        path.write_text(path.name)

    async def scene(window: Window) -> None:
        composer = window.view.composer
        drag(window.view, files(*paths))
        await attached(window, 5)
        crosses = [chip.cross for chip in composer.tray.chips]
        assert all(cross.width() >= 48 and cross.height() >= 48 for cross in crosses)
        composer.edit.setFocus()
        window.key(Qt.Key.Key_Tab)
        window.key(Qt.Key.Key_Tab)
        assert crosses[0].hasFocus(), "Tab goes from the field over Send to the chips"
        for _ in range(4):
            window.key(Qt.Key.Key_Right)
        assert crosses[4].hasFocus()
        middle = crosses[4].mapTo(composer, crosses[4].rect().center())
        assert 0 < middle.x() < composer.width(), "the row is scrolled to what has the keyboard"
        window.key(Qt.Key.Key_Delete)
        await attached(window, 4)
        assert composer.tray.chips[3].cross.hasFocus(), "the keyboard goes to the next one"
        await asyncio.sleep(0)
        tap(composer.tray.chips[3].cross, finger)
        found = await attached(window, 3)
        assert [attachment.name for attachment in found] == [path.name for path in paths[:3]]

    play(scene)


def test_the_clip_offers_what_can_be_attached(play: Scene, finger: QPointingDevice, tmp_path: Path) -> None:
    (tmp_path / "chosen.txt").write_text("chosen")

    async def scene(window: Window) -> None:
        composer = window.view.composer
        QGuiApplication.clipboard().setText("from the clipboard")
        composer.incoming.choose_file = lambda origin, done: done(tmp_path / "chosen.txt")
        assert (composer.attach_button.width(), composer.attach_button.height()) == (48, 48)
        tap(composer.attach_button, finger)
        menu = window.view.findChild(MenuSheet)
        assert menu is not None
        assert [row.text() for row in menu.rows] == ["File…", "Paste", "Selection in the editor", "Log lines", "Event"]
        assert all(row.height() >= 56 for row in menu.rows)
        tap(menu.rows[0], finger)
        assert (await attached(window, 1))[0].name == "chosen.txt"
        QTest.mouseClick(composer.attach_button, Qt.MouseButton.LeftButton)
        window.view.findChildren(MenuSheet)[-1].rows[1].click()
        assert composer.text == "from the clipboard"
        QTest.mouseClick(composer.attach_button, Qt.MouseButton.LeftButton)
        window.view.findChildren(MenuSheet)[-1].rows[3].click()
        assert window.opened == [("watchtower", {"page": "logs"})]
        assert "Send to chat" in composer.hint.text()

    play(scene)


def test_a_file_is_chosen_inside_the_window(play: Scene, tmp_path: Path, finger: QPointingDevice) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "seeds.csv").write_text("a;b\n")

    async def scene(window: Window) -> None:
        view = window.view
        workspace = Workspace(shelf, window.chat.store.journal, tmp_path / "drafts")

        async def choose(origin: QWidget, done: Callable[[Path], object]) -> None:
            path = await choose_path(origin, workspace, view._themes, view._tasks, "open", shelf)
            if path is not None:
                done(path)

        view.composer.incoming.choose_file = lambda origin, done: view._tasks.spawn("choose", choose(origin, done))
        tap(view.composer.attach_button, finger)
        tap(view.findChildren(MenuSheet)[-1].rows[0], finger)
        await window.until(lambda: view.findChild(PathChooser) is not None)
        chooser = view.findChild(PathChooser)
        assert chooser is not None
        await window.until(lambda: chooser.list.model().rowCount() == 1)
        tap(chooser.list.viewport(), finger, chooser.list.visualRect(chooser.list.model().index(0, 0)).center())
        assert (await attached(window, 1))[0].media_type == "text/csv"
        await workspace.close()

    play(scene)


def test_what_other_windows_send_is_attached(play: Scene, tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("file")

    async def scene(window: Window) -> None:
        for content in (
            {"kind": "selection", "name": "main.py, lines 3 to 9", "text": "x = 1\n", "language": "py"},
            {"kind": "log", "name": "log-1.txt", "text": "ERROR it broke"},
            {"kind": "event", "name": "event-5", "text": "{}", "language": "json"},
            {"kind": "file", "path": str(tmp_path / "f.txt")},
        ):
            window.view.present({"attach": content})
        found = await attached(window, 4)
        assert {(attachment.name, attachment.media_type) for attachment in found} == {
            ("main.py, lines 3 to 9", "text/plain"),
            ("log-1.txt", "text/plain"),
            ("event-5.json", "application/json"),
            ("f.txt", "text/plain"),
        }
        window.view.present({"attach": {"kind": "selection", "text": 5}})
        assert "cannot be attached" in window.view.composer.error.text()
        await window.until(lambda: window.view.conversation_id)
        assert window.service.attachments is not None
        service = window.service.attachments
        await window.until(lambda: len(service.draft(window.view.conversation_id)) == 4)
        assert len(await window.service.conversations()) == 1, "four things that are attached at once begin one conversation"

    play(scene)


def test_what_is_sent_before_the_window_was_looked_at_goes_into_the_conversation_that_was_open_last(
    play: Scene, theme_source: ThemeSource
) -> None:
    async def first(window: Window) -> None:
        await window.opens((await window.service.begin("Greenhouse")).id)
        await window.until(lambda: not window.view._tasks.names)

    async def again(window: Window) -> None:
        fresh = ChatView(window.service, theme_source, window.view._tasks)
        fresh.present({"attach": {"kind": "log", "name": "early.log", "text": "early"}})
        intake = fresh.composer.intake
        await window.until(lambda: intake.ready)
        fresh.resize(720, 452)
        fresh.show()
        fresh.shown_first_time()
        await window.until(lambda: fresh.conversation_id)
        assert [item.name for item in intake.items] == ["early.log"]
        assert window.service.attachments is not None
        service = window.service.attachments
        await window.until(lambda: service.draft(fresh.conversation_id) == intake.ready)
        assert [conversation.title for conversation in await window.service.conversations()] == ["Greenhouse"]
        await window.until(lambda: not window.view._tasks.names)
        fresh.close()
        fresh.deleteLater()

    play(first)
    play(again)


def test_what_is_refused_comes_back_with_its_attachments(play: Scene) -> None:
    async def scene(window: Window) -> None:
        window.view.present({"attach": {"kind": "log", "name": "a.log", "text": "x"}})
        await attached(window, 1)
        await window.types("/help")
        composer = window.view.composer
        await window.until(composer.error.isVisible)
        assert "takes no attachments" in composer.error.text()
        assert composer.text == "/help"
        assert [item.name for item in intake_of(window).items] == ["a.log"]

    play(scene)


def test_editing_a_message_sends_it_anew_and_gives_back_what_was_begun(play: Scene) -> None:
    async def scene(window: Window) -> None:
        composer = window.view.composer
        resent: list[tuple[str, str, tuple[TalkAttachment, ...]]] = []
        composer.resend_requested.connect(lambda *what: resent.append(what))
        window.view.present({"attach": {"kind": "log", "name": "draft.log", "text": "of the draft"}})
        (draft,) = await attached(window, 1)
        await window.types("half written", enter=False)
        assert window.service.attachments is not None
        old = (await window.service.attachments.add_text("old.txt", "old")).attachment
        composer.begin_edit("m-1", "as it was", [old])
        assert composer.editing.bar.isVisible()
        assert "it will be sent in a branch" in composer.editing.bar.label.text()
        assert (composer.text, intake_of(window).ready) == ("as it was", (old,))
        assert composer.send.text() == "Resend"
        await window.types(", and more")
        assert resent == [("m-1", "as it was, and more", (old,))]
        assert (composer.text, intake_of(window).ready) == ("half written", (draft,))
        assert not composer.editing.bar.isVisible()
        composer.refused_edit(*resent[0], "The branch could not be made.")
        assert composer.text == "as it was, and more"
        assert "could not be made" in composer.error.text()
        window.key(Qt.Key.Key_Escape)
        assert (composer.text, intake_of(window).ready) == ("half written", (draft,))
        conversation_id = window.view.conversation_id
        await window.until(lambda: not window.view._tasks.names)
        assert (await window.service.conversation(conversation_id)).draft == "half written"
        assert window.service.attachments.draft(conversation_id) == (draft,)

    play(scene)


def test_what_is_refused_during_an_edit_waits_for_its_end(play: Scene) -> None:
    async def scene(window: Window) -> None:
        composer = window.view.composer
        attachments = window.service.attachments
        assert attachments is not None
        late = (await attachments.add_text("late.txt", "late")).attachment
        await window.types("begun", enter=False)
        composer.begin_edit("m-1", "old words")
        composer.refused("not sent", "The disk is full.", [late])
        assert (composer.text, composer.error.text()) == ("old words", "The disk is full.")
        window.key(Qt.Key.Key_Escape)
        assert (composer.text, intake_of(window).ready) == ("not sent\nbegun", (late,))

    play(scene)


def test_an_edit_is_left_when_another_conversation_is_opened(play: Scene) -> None:
    async def scene(window: Window) -> None:
        one, other = await window.service.begin("one"), await window.service.begin("other")
        await window.opens(one.id)
        await window.types("draft of one", enter=False)
        window.view.composer.begin_edit("m-1", "old words")
        await window.opens(other.id)
        assert not window.view.composer.editing.is_on
        assert window.view.composer.text == ""
        await window.opens(one.id)
        assert window.view.composer.text == "draft of one"

    play(scene)


@pytest.mark.parametrize("height", [452, 230, 170])
def test_the_field_is_seen_however_little_room_an_on_screen_keyboard_leaves(
    play: Scene, tmp_path: Path, height: int, finger: QPointingDevice
) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(5000))

    async def scene(window: Window) -> None:
        view, composer = window.view, window.view.composer
        await window.until(lambda: view.height() == 452)
        composer.begin_edit("m", "\n".join("many lines" for _ in range(10)))
        drag(view, files(tmp_path / "a.bin"))
        await attached(window, 1)
        composer.show_hint("A hint that is so long that it may need more than one line where the window is narrow. " * 2)
        composer.show_error("An error that is so long that it may need more than one line where the window is narrow. " * 2)
        view.setMinimumHeight(0)
        view.resize(720, height)
        await window.until(lambda: view.height() == height and view.main.height() == height)
        for _ in range(5):
            await asyncio.sleep(0.01)
        for widget in (composer.edit, composer.send, composer.attach_button):
            bottom = widget.mapTo(view, QPoint(0, widget.height())).y()
            top = widget.mapTo(view, QPoint(0, 0)).y()
            assert (top >= view.header.height() - 1, bottom <= height) == (True, True), widget
        assert composer.edit.height() >= 48
        caret = composer.edit.cursorRect()
        assert composer.edit.viewport().rect().contains(caret.center()), "the caret is in sight"
        assert composer.shelf.isVisible()
        assert composer.shelf.mapTo(view, QPoint(0, 0)).y() >= view.header.height() - 1
        hidden = composer.shelf.verticalScrollBar().maximum()
        assert hidden > 0 or height == 452, "what has no room is scrolled to"

    play(scene)


def test_completion_rows_fit_a_finger_and_stand_under_the_name_of_their_agent(play: Scene, finger: QPointingDevice) -> None:
    talk = FakeTalk("Ada")
    talk.add("Coder", kind="coder", commands=(AgentCommand("rename", "Give a thing a name"), AgentCommand("review", "Look")))

    async def scene(window: Window) -> None:
        await window.types("/re", enter=False)
        popup = window.view.composer.popup
        await window.until(popup.isVisible)
        assert popup.heads == ("Commands of the panel", "Coder")
        assert popup.offered[-1].label == "/review"
        assert popup._list.visualRect(popup._model.index(1, 0)).height() >= 56
        for _ in popup.offered[1:]:
            window.key(Qt.Key.Key_Down)
        assert popup.chosen == popup.offered[-1], "the heads are jumped over"
        index = popup._list.currentIndex()
        tap(popup._list.viewport(), finger, popup._list.visualRect(index).center())
        await window.until(lambda: window.view.composer.text == "/review ")
        window.view.composer.edit.selectAll()
        await window.types("/rev", enter=False)
        await window.until(lambda: popup.isVisible() and popup.heads == ("Coder",))
        head = popup._list.visualRect(popup._model.index(0, 0)).center()
        tap(popup._list.viewport(), finger, head)
        await asyncio.sleep(0.02)
        assert window.view.composer.text == "/rev", "a head is no command"

    play(scene, talk=talk)
