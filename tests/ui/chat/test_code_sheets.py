"""Code blocks as a finger uses them: a patch is shown before it is applied, and taken back; screens to look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QPushButton, QWidget

from chainbot_desktop.app.panel_looks import PanelLooks
from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.panel_commands import PanelCommands
from chainbot_desktop.chat.patch_fitting import HunkFit
from chainbot_desktop.chat.patch_preview import FilePreview
from chainbot_desktop.chat.patches import Hunk
from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.code_sheets import PatchSheet, file_lines
from chainbot_desktop.ui.chat.message_actions import MessageOffers
from chainbot_desktop.ui.chat.message_card import Hit, MessageCard
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from tests.helpers.workspaces import Files, open_files
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]

MAIN = """import json
from pathlib import Path


def load(path):
    with open(path) as file:
        return json.load(file)


def total(rows):
    result = 0
    for row in rows:
        result += row["count"]
    return result
"""

PATCH = """\
diff --git a/src/main.py b/src/main.py
--- a/src/main.py
+++ b/src/main.py
@@ -3,5 +3,4 @@

-def load(path):
-    with open(path) as file:
-        return json.load(file)
+def load(path: Path) -> list[dict]:
+    return json.loads(path.read_text(encoding="utf-8"))


@@ @@
 def total(rows):
-    result = 0
-    for row in rows:
-        result += row["count"]
-    return result
+    return sum(row["count"] for row in rows)
diff --git a/tests/test_main.py b/tests/test_main.py
new file mode 100644
--- /dev/null
+++ b/tests/test_main.py
@@ -0,0 +1,5 @@
+from src.main import total
+
+
+def test_total():
+    assert total([{"count": 1}, {"count": 2}]) == 3
"""
BAD = PATCH.replace("     result = 0", "     result = 1").replace("-    result = 0", "-    amount = 0") + (
    "--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-KEY=1\n+KEY=2\n"
)


class FakeRunner:
    """Remembers what it was asked to run."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def languages(self) -> frozenset[str]:
        return frozenset({"python", "sh"})

    async def run(self, language: str, code: str, *, conversation_id: str, actor: str) -> str:
        if "refuse" in code:
            raise Conflict("The settings deny this.", hint="tools.policy holds the rules.")
        self.asked.append((language, code, conversation_id))
        return "code:1"


@asynccontextmanager
async def coding(
    folder: Path, themes: ThemeSource, text: str, size: tuple[int, int] = (720, 452)
) -> AsyncIterator[tuple[Window, Files, MessageCard, FakeRunner]]:
    (folder / "files").mkdir()
    async with open_files(folder / "files") as files:
        (files.root / "src").mkdir()
        (files.root / "src" / "main.py").write_text(MAIN)
        runner = FakeRunner()
        actions = CodeActions(files.files, runner, lambda: "~/work/garden")
        async with open_window(folder, themes, size, code=actions) as window:
            made = await window.service.begin("Garden")
            await window.service.post(made.id, text, actor="agent:Ada")
            await window.opens(made.id)
            await window.until(lambda: window.view.messages.cards)
            yield window, files, window.view.messages.cards[0], runner


def block(card: MessageCard) -> int:
    return next(index for index in range(len(card.rendered.blocks)) if card.code(index) is not None)


def open_sheet(window: Window) -> PatchSheet | None:
    return next((sheet for sheet in window.view.findChildren(PatchSheet) if sheet.is_open), None)


async def applied(window: Window, card: MessageCard) -> PatchSheet:
    window.view.messages.hit_clicked.emit(card, Hit("apply", block=block(card)))
    await window.until(lambda: open_sheet(window))
    await asyncio.sleep(0.05)
    sheet = open_sheet(window)
    assert sheet is not None
    return sheet


def test_a_patch_is_shown_applied_and_taken_back(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def play() -> None:
        async with coding(tmp_path, theme_source, f"Try this:\n\n```diff\n{PATCH}```") as (window, files, card, _):
            tree = files.tree()
            sheet = await applied(window, card)
            assert sheet.summary.text() == "2 files, 8 lines more, 7 fewer."
            shown = sheet.text.toPlainText()
            assert "src/main.py  changes  +3 −7" in shown
            assert "tests/test_main.py  new file  +5 −0" in shown
            assert files.tree() == tree
            assert sheet.text.hasFocus()
            window.key(Qt.Key.Key_Tab)
            sheet.apply.setFocus()
            window.key(Qt.Key.Key_Space)
            await window.until(lambda: window.told)
            assert "sum(row" in (files.root / "src" / "main.py").read_text()
            assert (files.root / "tests" / "test_main.py").exists()
            [told] = window.told
            assert (told.text, told.action_label) == ("Applied to src/main.py, tests/test_main.py.", "Undo")
            assert told.action is not None
            told.action()
            await window.until(lambda: files.tree() == tree)

    on_loop(play())


def test_what_does_not_fit_cannot_be_applied_and_says_why(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def play() -> None:
        async with coding(tmp_path, theme_source, f"```diff\n{BAD}```") as (window, files, card, _):
            tree = files.tree()
            sheet = await applied(window, card)
            assert not sheet.apply.isVisible()
            shown = sheet.text.toPlainText()
            assert "Does not fit: The file has no line “amount = 0”." in shown
            assert "Cannot be applied: .env is private." in shown
            assert sheet.summary.text().endswith("2 do not fit: nothing can be applied.")
            assert sheet.text.firstVisibleBlock().blockNumber() == 0
            window.key(Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier, to=sheet)
            assert "tests/test_main.py" in sheet.text.firstVisibleBlock().text() or sheet.text.verticalScrollBar().value() > 0
            window.key(Qt.Key.Key_Escape)
            await asyncio.sleep(0.01)
            assert open_sheet(window) is None
            assert files.tree() == tree

    on_loop(play())


def test_somebody_was_first_is_told_and_nothing_is_written(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def play() -> None:
        async with coding(tmp_path, theme_source, f"```diff\n{PATCH}```") as (window, files, card, _):
            sheet = await applied(window, card)
            (files.root / "src" / "main.py").write_text("other\n")
            sheet.apply.click()
            await window.until(lambda: window.told)
            assert window.told[0].severity == "error"
            assert "changed by somebody else" in window.told[0].text
            assert not (files.root / "tests").exists()

    on_loop(play())


def test_run_asks_for_it_and_tells_a_refusal(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def play() -> None:
        text = "```python\nprint(1)\n```\n\n```sh\necho refuse\n```"
        async with coding(tmp_path, theme_source, text) as (window, _, card, runner):
            blocks = [index for index in range(len(card.rendered.blocks)) if card.code(index) is not None]
            window.view.messages.hit_clicked.emit(card, Hit("run", block=blocks[0]))
            await window.until(lambda: runner.asked)
            [(language, code, conversation)] = runner.asked
            assert (language, code.strip(), conversation) == ("python", "print(1)", window.view.conversation_id)
            window.view.messages.hit_clicked.emit(card, Hit("run", block=blocks[1]))
            await window.until(lambda: window.told)
            assert (window.told[0].text, window.told[0].severity) == ("The settings deny this.", "error")

    on_loop(play())


def menu_texts(window: Window) -> list[str]:
    return [b.text() for menu in window.view.findChildren(MenuSheet) if menu.is_open for b in menu.findChildren(QPushButton)]


def test_the_menu_offers_what_a_block_and_a_message_are_for(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def play() -> None:
        text = f"```diff\n{PATCH}```\n\n```rust src/a.rs\nfn main() {{}}\n```\n\n```python\nprint(1)\n```"
        async with coding(tmp_path, theme_source, text) as (window, _, card, _run):
            actions = window.view._message_actions
            actions._offers = MessageOffers(code=actions._offers.code)
            middle = window.view.mapToGlobal(QPoint(100, 100))
            actions.show_menu(card, middle, "")
            found = menu_texts(window)
            assert found.count("Apply to the workspace: diff") == 1
            assert "Apply to the workspace: rust" in found
            assert "Run: python" in found
            assert not {"Run: diff", "Apply to the workspace: python", "Branch from here", "Remember"} & set(found)
            window.key(Qt.Key.Key_Escape)
            done: list[tuple[str, str]] = []

            def note(name: str) -> Callable[[Message], None]:
                return lambda message: done.append((name, message.text[:7]))

            actions._offers = MessageOffers(
                branch=note("branch"),
                edit=note("edit"),
                merge_back=note("merge"),
                is_branch=lambda: True,
                remember=note("note"),
            )
            actions.show_menu(card, middle, "")
            found = menu_texts(window)
            assert [t for t in found if t in ("Edit and resend", "Branch from here", "Merge back", "Remember")] == [
                "Branch from here",
                "Merge back",
                "Remember",
            ]
            next(
                b for m in window.view.findChildren(MenuSheet) if m.is_open for b in m.rows if b.text() == "Merge back"
            ).click()
            assert done == [("merge", "```diff")]
            await window.service.post(window.view.conversation_id, "mine")
            await window.until(lambda: len(window.texts) == 2)
            actions.show_menu(window.view.messages.cards[1], middle, "")
            found = menu_texts(window)
            assert "Edit and resend" in found
            assert "Merge back" not in found
            window.key(Qt.Key.Key_Escape)

    on_loop(play())


def test_nothing_in_a_preview_is_invisible() -> None:
    hunk = Hunk(3, ("-a\u202eb\x1b[2K", "+\tc\u200b"))
    shown = [text for _, text in file_lines(FilePreview("p\u202e.py", "", "create", (HunkFit(hunk, 3),)))]
    assert shown[0].startswith("p\\u202e.py  new file")
    assert shown[2:4] == ["-a\\u202eb\\x1b[2K", "+\tc\\u200b"]


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        for kind, text in (("fits", PATCH), ("misfits", BAD)):
            (tmp_path / kind).mkdir()
            async with coding(tmp_path / kind, theme_source, f"Here:\n\n```diff\n{text}```", size) as (window, _, card, _run):
                sheet = await applied(window, card)
                await asyncio.sleep(0.1)
                shoot(window.view, f"code-{kind}-{size[0]}-{name}")
                if kind == "misfits":
                    sheet.step(1)
                    sheet.step(1)
                    await asyncio.sleep(0.05)
                    shoot(window.view, f"code-{kind}-last-{size[0]}-{name}")
                    sheet.dismiss()
                    window.view._message_actions.show_menu(card, window.view.mapToGlobal(QPoint(300, 60)), "")
                    await asyncio.sleep(0.05)
                    shoot(window.view, f"code-menu-{size[0]}-{name}")
                    window.key(Qt.Key.Key_Escape)
                    await window.service.post(window.view.conversation_id, "/help")
                    await asyncio.sleep(0.3)
                    window.view.messages.verticalScrollBar().setValue(window.view.messages.verticalScrollBar().maximum())
                    await asyncio.sleep(0.2)
                    shoot(window.view, f"code-help-{size[0]}-{name}")

    on_loop(look())


def test_attach_by_a_command_puts_a_chip_over_the_composer(on_loop: Run, theme_source: ThemeSource, tmp_path: Path) -> None:
    async def play() -> None:
        async with coding(tmp_path, theme_source, "hello") as (window, files, _, _run):
            looks = PanelLooks(theme_source, lambda name, value: None)
            PanelCommands(looks, lambda: files.root).register_in(window.service.commands)
            await window.types("/theme light ")
            await window.until(lambda: theme_source.choice == "light" and window.told)
            [told] = window.told
            assert (told.text, told.action_label) == ("The panel is light now, its text normal.", "Undo")
            assert told.action is not None
            told.action()
            await window.until(lambda: theme_source.choice != "light")
            await window.types("/attach src/main.py ")
            await window.until(lambda: window.view.composer.intake.ready)
            assert [attached.name for attached in window.view.composer.intake.ready] == ["main.py"]
            assert window.view.composer.text == ""

    on_loop(play())
