"""The guide's table of commands and the commands that there are agree, and every example can be parsed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainbot_desktop.chat.commands import CommandRegistry
from chainbot_desktop.chat.conversation_commands import ConversationCommands
from chainbot_desktop.chat.link_commands import LinkCommands
from chainbot_desktop.chat.model_commands import ModelCommands
from chainbot_desktop.chat.panel_commands import PanelCommands
from chainbot_desktop.core.errors import InvalidInput, NotFound
from tests.helpers.chats import open_chat
from tests.helpers.talks import FakeTalk

DOCS = Path(__file__).resolve().parents[3] / "docs" / "commands.md"
_ROW = re.compile(r"^\| `(/[^`]+)` \| `(/[^`]+)` \| (.+) \|$", re.MULTILINE)


class FakeLooks:
    """A panel that looks like nothing."""

    def __init__(self) -> None:
        self.theme, self.size = "dark", "normal"
        self.chosen: list[tuple[str, str]] = []

    sizes = ("smaller", "normal", "larger", "large", "largest")

    def choose(self, theme: str, size: str) -> None:
        self.theme, self.size = theme, size
        self.chosen.append((theme, size))


async def all_commands(folder: Path) -> CommandRegistry:
    async with open_chat(folder, talk=FakeTalk("Ada")) as chat:
        registry = chat.service.commands
        nobody = None
        for commands in (
            ConversationCommands(nobody, lambda: ()),  # type: ignore[arg-type]
            LinkCommands(nobody, lambda: (), nobody, nobody),  # type: ignore[arg-type]
            ModelCommands(nobody, lambda: ()),  # type: ignore[arg-type]
            PanelCommands(FakeLooks(), lambda: None),
        ):
            commands.register_in(registry)
        return registry


async def test_the_table_and_the_commands_agree(tmp_path: Path) -> None:
    registry = await all_commands(tmp_path)
    table = {usage.replace("\\|", "|"): help_text for usage, _, help_text in _ROW.findall(DOCS.read_text(encoding="utf-8"))}
    assert table == {spec.usage: spec.help for spec in registry.specs}


async def test_every_example_can_be_typed(tmp_path: Path) -> None:
    registry = await all_commands(tmp_path)
    for spec in registry.specs:
        assert spec.examples, spec.name
        for example in spec.examples:
            assert registry.parse(example).spec is spec
    for usage, example, _ in _ROW.findall(DOCS.read_text(encoding="utf-8")):
        assert registry.parse(example).spec.usage == usage.replace("\\|", "|")


async def test_every_command_has_a_group_and_completes_by_a_typing_error(tmp_path: Path) -> None:
    registry = await all_commands(tmp_path)
    assert {spec.group for spec in registry.specs} == {"Conversation", "Agents", "Models", "Panel"}
    for spec in registry.specs:
        if len(spec.name) >= 5:
            swapped = spec.name[:2] + spec.name[3] + spec.name[2] + spec.name[4:]
            found = [completion.label.split()[0] for completion in registry.complete(f"/{swapped}")]
            assert f"/{spec.name}" in found, swapped


async def test_the_theme_changes_with_a_way_back(tmp_path: Path) -> None:
    async with open_chat(tmp_path) as chat:
        looks = FakeLooks()
        PanelCommands(looks, lambda: None).register_in(chat.service.commands)
        made = await chat.service.begin("Talk")

        async def says(text: str) -> tuple[str, str]:
            answer = (await chat.service.post(made.id, text)).answer
            return answer.text, answer.undoable.text if answer.undoable is not None else ""

        assert await says("/theme") == ("The panel is dark, its text normal. `/theme light` makes it light.", "")
        posted = await chat.service.post(made.id, "/theme light large")
        assert posted.answer.undoable is not None
        assert (looks.theme, looks.size) == ("light", "large")
        await posted.answer.undoable.undo()
        assert (looks.theme, looks.size) == ("dark", "normal")
        assert await says("/theme smaller") == ("", "The panel is dark now, its text smaller.")
        assert await says("/theme dark") == ("The panel is dark already, its text smaller.", "")
        for text, hint in (("/theme lihgt", "Did you mean light?"), ("/theme smaller large", "Write /theme dark large.")):
            with pytest.raises(InvalidInput) as caught:
                await chat.service.post(made.id, text)
            assert caught.value.hint == hint
        assert looks.chosen == [("light", "large"), ("dark", "normal"), ("dark", "smaller")]


async def test_attach_hands_a_file_to_the_composer(tmp_path: Path) -> None:
    root = tmp_path / "work"
    root.mkdir()
    (root / "bed 3.txt").write_text("dry")
    async with open_chat(tmp_path, talk=FakeTalk()) as chat:
        PanelCommands(FakeLooks(), lambda: root).register_in(chat.service.commands)
        made = await chat.service.begin("Talk")
        for text in ("/attach bed 3.txt", f"/attach {root}/bed 3.txt"):
            opened = (await chat.service.post(made.id, text)).answer.open
            assert opened is not None
            assert opened.window == "chat"
            assert opened.content == {"attach": {"kind": "file", "path": str(root / "bed 3.txt")}}
        assert await chat.service.before(made.id, None, 5) == []
        for text in ("/attach bed 4.txt", "/attach .", "/attach ~nobodyhere/x", "/attach a\0b", f"/attach {'x' * 5000}"):
            with pytest.raises(NotFound, match="There is no file"):
                await chat.service.post(made.id, text)
