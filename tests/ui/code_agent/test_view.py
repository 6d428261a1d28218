"""The window as a person uses it: keys, clicks, and a disk on which others write too."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QListView, QTabBar, QWidget

from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.ui.code_agent.chooser import PathChooser
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.overlay import Overlay
from chainbot_desktop.ui.widgets.sheet import Sheet
from chainbot_desktop.workspace import Change
from tests.ui.code_agent.conftest import Desk, OpenDesk

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def press(desk: Desk, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(desk.focus_target, key, modifiers)


def write(desk: Desk, text: str) -> None:
    """QTest's own `keyClicks` knows ASCII only."""
    for character in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(desk.focus_target, QKeyEvent(kind, 0, Qt.KeyboardModifier.NoModifier, character))


def overlays(desk: Desk, kind: type[Overlay] = Sheet) -> list[Overlay]:
    return [overlay for overlay in desk.view.findChildren(kind) if overlay.is_open]


def click(widget: QWidget, label: str) -> None:
    """The visible button with that text or name."""
    for button in widget.findChildren(QAbstractButton):
        if button.isVisible() and (label in (button.text(), button.accessibleName())):
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            return
    raise AssertionError(f"there is no button {label}")


def _first_row_is(rows: QListView, label: str) -> bool:
    return rows.model().rowCount() > 0 and rows.model().index(0, 0).data() == label


async def sheet(desk: Desk, kind: type[Overlay] = Sheet) -> Overlay:
    await desk.until(lambda: overlays(desk, kind))
    return overlays(desk, kind)[-1]


def test_open_edit_save(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a.py").write_text("x = 1\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a.py")
            desk.editor.focus()
            write(desk, "# ")
            assert desk.text == "# x = 1\n"
            assert desk.view.unsaved() == ["a.py"]
            await desk.until(lambda: desk.badges[-1:] == [1])
            press(desk, Qt.Key.Key_S, CTRL)
            await desk.until(lambda: not desk.view.unsaved())
            assert (folder / "a.py").read_text() == "# x = 1\n"
            assert desk.badges[-1] == 0
            (event,) = await desk.store.journal.read(EventQuery(types=("file_saved",)))
            assert event.event.data.path == "a.py"
            press(desk, Qt.Key.Key_Z, CTRL)
            assert desk.view.unsaved() == ["a.py"]

    on_loop(story())


def test_a_selection_and_a_whole_text_are_sent_to_the_chat(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a.py").write_text("one = 1\ntwo = 2  # ä\nthree = 3\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            sent: list[tuple[str, object]] = []
            desk.view.open_requested.connect(lambda key, content: sent.append((key, content)))
            await desk.open("a.py")
            desk.view.actions_.send_to_chat()
            text = (folder / "a.py").read_text()
            assert sent.pop() == ("chat", {"attach": {"kind": "selection", "name": "a.py", "text": text}})
            desk.editor.select(8, len(text.encode()) - 11)
            desk.view._on_text_menu(QPoint(0, 0))
            click(await sheet(desk, MenuSheet), "Send to chat")
            content = {"kind": "selection", "name": "a, line 2.py", "text": "two = 2  # ä"}
            assert sent.pop() == ("chat", {"attach": content})
            desk.editor.select(0, len(text.encode()))
            desk.view.actions_.send_to_chat()
            assert sent.pop()[1]["attach"]["name"] == "a, lines 1–3.py"  # type: ignore[index]  # it is a mapping

    on_loop(story())


def test_the_tree_opens_files_by_click_and_by_key(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "deep.txt").write_text("deep")
    (folder / "top.txt").write_text("top")

    async def story() -> None:
        async with desk_of(folder) as desk:
            view, model = desk.view.tree.view, desk.view.tree.model
            await desk.until(lambda: model.rowCount() == 2)
            first = model.index(0, 0)
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(first).center())
            await desk.until(lambda: model.rowCount(first) == 1)
            assert view.visualRect(first).height() >= 48
            deep = model.index(0, 0, first)
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(deep).center())
            await desk.until(lambda: desk.name == "deep.txt")
            assert desk.focus_target.hasFocus()
            view.setCurrentIndex(model.index(1, 0))
            QTest.keyClick(view, Qt.Key.Key_Return)
            await desk.until(lambda: desk.name == "top.txt")

    on_loop(story())


def test_the_tree_follows_the_disk(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "b").write_text("")

    async def story() -> None:
        async with desk_of(folder) as desk:
            model = desk.view.tree.model
            await desk.until(lambda: model.rowCount() == 1)

            async def shows(*names: str) -> None:
                await desk.workspace.watch.look()
                await desk.until(lambda: [model.index(row, 0).data() for row in range(model.rowCount())] == list(names))

            (folder / "a").write_text("")
            await shows("a", "b")
            (folder / "c").mkdir()
            await shows("c", "a", "b")
            (folder / "a").unlink()
            await shows("c", "b")
            (folder / "b").unlink()
            (folder / "c").rmdir()
            await shows("Empty")
            (folder / ".git").write_text("")
            await shows("Empty")
            desk.view.tree.show_hidden(True)
            await shows(".git")

    on_loop(story())


def test_a_folder_that_cannot_be_read_is_a_row(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "gone").mkdir()

    async def story() -> None:
        async with desk_of(folder) as desk:
            model = desk.view.tree.model
            await desk.until(lambda: model.rowCount() == 1)
            index = model.index(0, 0)
            (folder / "gone").rmdir()
            model.fetchMore(index)
            await desk.until(lambda: model.rowCount(index) == 1)
            assert "does not exist" in model.index(0, 0, index).data()

    on_loop(story())


@pytest.mark.parametrize(
    ("answer", "content", "closed"), [("Save", "new", True), ("Discard", "old", True), ("Cancel", "old", False)]
)
def test_closing_asks_when_something_would_be_lost(
    answer: str, content: str, closed: bool, folder: Path, desk_of: OpenDesk, on_loop: OnLoop
) -> None:
    (folder / "a").write_text("old")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            press(desk, Qt.Key.Key_A, CTRL)
            write(desk, "new")
            button = desk.view.tabs.tabButton(0, QTabBar.ButtonPosition.RightSide)
            assert "not saved" in button.accessibleName()
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            question = await sheet(desk)
            click(question, answer)
            await desk.until(lambda: not overlays(desk) and desk.view.tabs.count() == (0 if closed else 1))
            assert (folder / "a").read_text() == content
            if not closed:
                assert desk.text == "new"
                desk.editor.mark_saved()

    on_loop(story())


def test_an_unchanged_tab_closes_at_once(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_text("a")
    (folder / "b").write_text("b")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            await desk.open("b")
            press(desk, Qt.Key.Key_W, CTRL)
            await desk.until(lambda: desk.name == "a")
            press(desk, Qt.Key.Key_W, CTRL)
            await desk.until(lambda: desk.view.documents.current is None)
            assert desk.view.stack.currentWidget() is desk.view._nothing

    on_loop(story())


def test_changed_on_disk_can_be_reloaded_or_kept(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    path = folder / "a"
    path.write_text("one")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            path.write_text("theirs")
            await desk.workspace.watch.look()
            bar = desk.view.notice_bar
            assert bar.isVisible()
            click(bar, "Reload")
            await desk.until(lambda: desk.text == "theirs")
            assert not bar.isVisible()
            assert not desk.view.unsaved()
            press(desk, Qt.Key.Key_Z, CTRL)
            assert desk.text == "one", "what was there comes back with undo"
            path.write_text("theirs again")
            await desk.workspace.watch.look()
            click(bar, "Keep mine")
            await desk.until(lambda: not bar.isVisible())
            press(desk, Qt.Key.Key_S, CTRL)
            await desk.until(lambda: path.read_text() == "one")
            assert not overlays(desk)

    on_loop(story())


@pytest.mark.parametrize(("answer", "disk", "text"), [("Overwrite", "mine", "mine"), ("Reload", "theirs", "theirs")])
def test_a_conflict_at_saving_is_asked_about(
    answer: str, disk: str, text: str, folder: Path, desk_of: OpenDesk, on_loop: OnLoop
) -> None:
    path = folder / "a"
    path.write_text("one")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            press(desk, Qt.Key.Key_A, CTRL)
            write(desk, "mine")
            path.write_text("theirs")
            press(desk, Qt.Key.Key_S, CTRL)
            click(await sheet(desk), answer)
            await desk.until(lambda: not desk.view.unsaved())
            assert (path.read_text(), desk.text) == (disk, text)

    on_loop(story())


def test_a_deleted_file_is_said_and_saved_again(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    path = folder / "a"
    path.write_text("only copy")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            path.unlink()
            await desk.workspace.watch.look()
            assert desk.view.unsaved() == ["a"]
            click(desk.view.notice_bar, "Save again")
            await desk.until(path.exists)
            await desk.until(lambda: not desk.view.notice_bar.isVisible())
            assert path.read_text() == "only copy"

    on_loop(story())


def test_a_character_too_many_offers_utf_8(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    path = folder / "old.txt"
    path.write_bytes(b"caf\xe9\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("old.txt")
            assert desk.view.notice_bar.isVisible()
            write(desk, "€")
            press(desk, Qt.Key.Key_S, CTRL)
            click(await sheet(desk), "Save as UTF-8")
            await desk.until(lambda: not desk.view.unsaved())
            assert path.read_text() == "€café\n"
            assert desk.document.form.label == "UTF-8"

    on_loop(story())


def test_new_and_save_as_through_the_sheet(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "taken.py").write_text("theirs")

    async def story() -> None:
        async with desk_of(folder, (720, 452)) as desk:
            click(desk.view._nothing, "New")
            await desk.until(lambda: desk.name == "untitled-1")
            write(desk, "x=1")
            press(desk, Qt.Key.Key_S, CTRL)
            chooser = await sheet(desk, PathChooser)
            assert isinstance(chooser, PathChooser)
            chooser.field.setText("taken.py")
            click(chooser, "Save")
            click(await sheet(desk), "Save as…")
            again = await sheet(desk, PathChooser)
            assert isinstance(again, PathChooser)
            again.field.setText("fresh.py")
            QTest.keyClick(again.field, Qt.Key.Key_Return)
            await desk.until(lambda: desk.name == "fresh.py" and not desk.view.unsaved())
            assert (folder / "fresh.py").read_text() == "x=1"
            assert (folder / "taken.py").read_text() == "theirs"
            assert desk.editor.language.key == "python"

    on_loop(story())


def test_the_chooser_walks_and_opens(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "inner").mkdir()
    (folder / "inner" / "found.txt").write_text("found")

    async def story() -> None:
        async with desk_of(folder, (720, 452)) as desk:
            QTest.keyClick(desk.view, Qt.Key.Key_O, CTRL)
            chooser = await sheet(desk, PathChooser)
            assert isinstance(chooser, PathChooser)
            rows = chooser.list
            for label in ("inner", "found.txt"):
                await desk.until(partial(_first_row_is, rows, label))
                index = rows.model().index(0, 0)
                assert rows.visualRect(index).height() >= 48
                QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualRect(index).center())
            await desk.until(lambda: desk.name == "found.txt")
            assert not overlays(desk, PathChooser)
            QTest.keyClick(desk.focus_target, Qt.Key.Key_O, CTRL | SHIFT)
            chooser = await sheet(desk, PathChooser)
            assert isinstance(chooser, PathChooser)
            chooser.field.setText(str(folder / "inner"))
            click(chooser, "Open this folder")
            await desk.until(lambda: desk.workspace.root == folder / "inner")
            await desk.until(lambda: desk.view.tree.model.index(0, 0).data() == "found.txt")
            desk.view.present({"path": "nothing.txt"})
            await desk.until(lambda: desk.messages)
            assert "does not exist" in desk.messages[-1].text
            assert desk.messages[-1].severity == "error"

    on_loop(story())


def test_find_and_replace(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_text("one two\nONE twö one\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            bar = desk.view.find_bar
            press(desk, Qt.Key.Key_F, CTRL)
            assert bar.isVisible()
            QTest.keyClicks(bar.field, "one")
            QTest.keyClick(bar.field, Qt.Key.Key_Return)
            editor = desk.editor
            assert (editor.selection, bar.count.text()) == ((0, 3), "1 of 3")
            QTest.keyClick(bar.field, Qt.Key.Key_Return)
            assert editor.selection == (8, 11)
            QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
            QTest.keyClick(bar.field, Qt.Key.Key_Return, SHIFT)
            assert (editor.selection, bar.count.text()) == ((17, 20), "3 of 3")
            QTest.mouseClick(bar.case, Qt.MouseButton.LeftButton)
            assert bar.count.text().endswith("2")
            QTest.keyClick(bar.field, Qt.Key.Key_H, CTRL)
            QTest.keyClicks(bar.replacement, "1")
            click(bar, "Replace all")
            assert desk.text == "1 two\nONE twö 1\n"
            assert bar.count.text() == "2 replaced"
            editor.undo()
            assert desk.text == "one two\nONE twö one\n"
            bar.regex.setChecked(True)
            bar.field.setText("(")
            QTest.keyClick(bar.field, Qt.Key.Key_Return)
            assert bar.count.text() == "Bad pattern"
            QTest.keyClick(bar.field, Qt.Key.Key_Escape)
            assert not bar.isVisible()
            assert desk.focus_target.hasFocus()

    on_loop(story())


def test_go_to_line(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_text("line\n" * 300)

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            press(desk, Qt.Key.Key_G, CTRL)
            question = await sheet(desk)
            (field,) = question.findChildren(QLineEdit)
            QTest.keyClicks(field, "250:3")
            QTest.keyClick(field, Qt.Key.Key_Return)
            await desk.until(lambda: desk.editor.caret == (250, 3))
            await desk.until(lambda: desk.view.strip.place.text() == "Line 250, column 3")
            press(desk, Qt.Key.Key_G, CTRL)
            question = await sheet(desk)
            QTest.keyClicks(question.findChildren(QLineEdit)[0], "soon")
            click(question, "Go")
            await desk.until(lambda: desk.messages)
            assert "no line number" in desk.messages[0].text

    on_loop(story())


def test_a_presented_folder_is_opened_and_then_the_file_in_it(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    work = folder / "work"
    work.mkdir()
    (work / "b.py").write_text("b\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            desk.view.present({"folder": str(work), "path": "b.py"})
            await desk.until(lambda: desk.name == "b.py")
            assert desk.view._workspace.root == work

    on_loop(story())


def test_presented_content(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a.py").write_text("a\nb\nc\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            desk.view.present({"path": "a.py", "line": 3})
            await desk.until(lambda: desk.name == "a.py")
            assert desk.editor.caret[0] == 3
            desk.view.present({"path": str(folder / "a.py"), "line": 2})
            await desk.until(lambda: desk.editor.caret[0] == 2)
            assert len(desk.view.documents) == 1
            desk.view.present({"text": "import os\n", "name": "snippet.py"})
            await desk.until(lambda: desk.name == "snippet.py")
            assert desk.text == "import os\n"
            assert desk.view.unsaved() == ["snippet.py"]
            assert desk.editor.language.key == "python"

    on_loop(story())


def test_tabs_carets_and_folder_are_remembered(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    for name in ("a", "b", os.fsdecode(b"caf\xe9")):
        (folder / name).write_text("line\n" * 50)

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            desk.editor.go_to(40, 2)
            desk.view.present({"path": folder / os.fsdecode(b"caf\xe9")})
            await desk.until(lambda: desk.name == "caf\ufffd")
            await desk.open("b")
            desk.view.actions_.toggle_wrap()
            desk.view.documents.bring_to_front(desk.view.documents.at(0))
        (folder / "b").unlink()
        async with desk_of(folder) as desk:
            assert [document.name for document in desk.view.documents] == ["a", "caf\ufffd"]
            assert desk.name == "a"
            assert desk.editor.caret == (40, 2)
            assert desk.view.actions_.word_wrap
            assert any("does not exist" in message.text for message in desk.messages)
            assert await desk.store.preferences.get("code-agent.folder") == str(folder)

    on_loop(story())


def test_unsaved_text_comes_back_after_a_crash(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_text("on disk\n")

    async def story() -> None:
        async with desk_of(folder, crash=True) as desk:
            desk.view.copies._delay_ms = 1
            await desk.open("a")
            write(desk, "typed ")
            desk.view.actions_.new_text()
            await desk.until(lambda: desk.name == "untitled-1")
            write(desk, "never saved 😀")
            await desk.until(lambda: len(list((folder.parent / "drafts").glob("*.draft"))) == 2)
            drafts = folder.parent / "drafts"
            await desk.until(lambda: any("never saved 😀" in path.read_text() for path in drafts.glob("*.draft")))
        (folder / "a").write_text("changed meanwhile\n")
        async with desk_of(folder) as desk:
            await desk.until(desk.view.recovery_bar.isVisible)
            click(desk.view.recovery_bar, "Restore")
            await desk.until(lambda: len(desk.view.unsaved()) == 2)
            texts = {document.name: document for document in desk.view.documents}
            assert texts["untitled-1"].editor.text().decode() == "never saved 😀"
            assert texts["a"].editor.text() == b"typed on disk\n"
            assert texts["a"].disk is Change.CHANGED
            assert (folder / "a").read_text() == "changed meanwhile\n"
            for document in texts.values():
                document.editor.mark_saved()
            await desk.until(lambda: not list((folder.parent / "drafts").glob("*.draft")))

    on_loop(story())


def test_saving_for_the_shell_before_it_ends(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_text("")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a")
            write(desk, "kept")
            answers: list[bool] = []
            desk.view.save_unsaved(answers.append)
            await desk.until(lambda: answers)
            assert answers == [True]
            assert (folder / "a").read_text() == "kept"

    on_loop(story())


def test_line_ending_and_encoding_are_chosen_by_touch(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_bytes(b"a\nb\n")

    async def story() -> None:
        async with desk_of(folder, (720, 452)) as desk:
            await desk.open("a")
            for first, choice in (("Line endings: LF", "CRLF (Windows)"), ("Encoding: UTF-8", "Save as UTF-16 LE")):
                QTest.mouseClick(desk.view.strip, Qt.MouseButton.LeftButton, pos=QPoint(300, 10))
                click(await sheet(desk, MenuSheet), first)
                click(await sheet(desk, MenuSheet), choice)
            press(desk, Qt.Key.Key_S, CTRL)
            await desk.until(lambda: not desk.view.unsaved())
            assert (folder / "a").read_bytes() == b"\xff\xfe" + "a\r\nb\r\n".encode("utf-16-le")

    on_loop(story())


def test_files_lie_over_the_text_on_a_small_screen(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a").write_text("a")

    async def story() -> None:
        async with desk_of(folder, (720, 452)) as desk:
            view = desk.view
            await desk.open("a")
            assert not view.tree.isVisible()
            width = view.stack.width()
            click(view, "Files (Ctrl+B)")
            assert view.tree.isVisible()
            assert view.stack.width() == width
            await desk.until(lambda: view.tree.model.rowCount() == 1)
            index = view.tree.model.index(0, 0)
            QTest.mouseClick(
                view.tree.view.viewport(), Qt.MouseButton.LeftButton, pos=view.tree.view.visualRect(index).center()
            )
            await desk.until(lambda: not view.tree.isVisible())
            click(view, "Files (Ctrl+B)")
            QTest.mouseClick(view.drawer, Qt.MouseButton.LeftButton, pos=QPoint(700, 200))
            QTest.mouseClick(view.drawer._scrim, Qt.MouseButton.LeftButton, pos=QPoint(700, 200))
            assert not view.tree.isVisible()

    on_loop(story())


def test_keys_reach_their_commands(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    (folder / "a.py").write_text("one\ntwo\n")

    async def story() -> None:
        async with desk_of(folder) as desk:
            await desk.open("a.py")
            editor = desk.editor
            press(desk, Qt.Key.Key_D, CTRL)
            assert desk.text == "one\none\ntwo\n"
            press(desk, Qt.Key.Key_Slash, CTRL)
            assert desk.text.startswith("# one\none")
            press(desk, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
            assert desk.text == "one\n# one\ntwo\n"
            press(desk, Qt.Key.Key_K, CTRL | SHIFT)
            assert desk.text == "one\ntwo\n"
            press(desk, Qt.Key.Key_Plus, CTRL)
            press(desk, Qt.Key.Key_Plus, CTRL)
            press(desk, Qt.Key.Key_Minus, CTRL)
            assert editor.zoom == 1
            press(desk, Qt.Key.Key_0, CTRL)
            assert editor.zoom == 0
            press(desk, Qt.Key.Key_N, CTRL)
            await desk.until(lambda: desk.name == "untitled-1")
            press(desk, Qt.Key.Key_Tab, CTRL)
            await desk.until(lambda: desk.name == "a.py")
            await desk.view.operations.reload(desk.document)

    on_loop(story())


def test_names_of_commands_and_keys_are_unique(folder: Path, desk_of: OpenDesk, on_loop: OnLoop) -> None:
    async def story() -> None:
        async with desk_of(folder) as desk:
            commands = desk.view.commands()
            assert len({command.id for command in commands}) == len(commands)
            keys = [command.shortcut for command in commands if command.shortcut]
            assert len(set(keys)) == len(keys)

    on_loop(story())
