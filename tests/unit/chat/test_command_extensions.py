"""Commands of other packages: installed for real, and every way in which one can be broken."""

from __future__ import annotations

import asyncio
import importlib
import logging
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from chainbot_desktop.chat.command_extensions import GROUP, ChatHost, load_extensions
from chainbot_desktop.chat.commands import CommandRegistry
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, Unavailable
from tests.helpers.chats import Chat

DOCS = Path(__file__).resolve().parents[3] / "docs" / "commands.md"


def example() -> tuple[str, str]:
    """The module and the entry points that the guide shows."""
    text = DOCS.read_text(encoding="utf-8")
    module = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    points = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert module is not None
    assert points is not None
    return module[1], points[1]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python finds packages in, as `pip install` leaves one."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def install(folder: Path, name: str, module: str, points: str) -> None:
    (folder / f"{name}.py").write_text(module)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    importlib.invalidate_caches()
    sys.modules.pop(name, None)


async def load(chat: Chat, seconds: float = 30.0) -> CommandRegistry:
    await load_extensions(chat.service.commands, ChatHost(chat.service), seconds=seconds)
    return chat.service.commands


async def says(chat: Chat, text: str, actor: str | None = None) -> str:
    conversation = (await chat.service.conversations() or [await chat.service.begin("Talk")])[0]
    return (await chat.service.post(conversation.id, text, actor=actor)).answer.text


async def test_the_example_of_the_guide_works_when_it_is_installed(chat: Chat, installed: Path) -> None:
    module, points = example()
    ini = points.replace('[project.entry-points."chainbot.commands"]', "[chainbot.commands]").replace('"', "")
    install(installed, "chainbot_wordcount", module, ini)
    await load(chat)
    assert chat.service.commands.broken == {}
    await says(chat, "one two three")
    assert await says(chat, "/words 5") == "The last 1 messages have 3 words."
    with pytest.raises(InvalidInput) as caught:
        await says(chat, "/words many")
    assert "/words 20" in caught.value.hint
    assert "- `/words [messages]`" in await says(chat, "/help")
    assert "**More**" in await says(chat, "/help")
    assert [completion.text for completion in chat.service.commands.complete("/wor")] == ["/words "]
    with pytest.raises(ChainBotError) as refused:
        await says(chat, "/words", actor="agent:x")
    assert refused.value.code == "not_for_agents"


BROKEN = {
    "no_module": ("", "thing = no_such_module_at_all:commands"),
    "no_function": ("x = 1\n", "thing = no_function:commands"),
    "raises": ("def commands(host):\n    raise RuntimeError('no *key*')\n", "thing = raises:commands"),
    "exits": ("def commands(host):\n    return 5\n", "thing = exits:commands"),
    "odd": ("def commands(host):\n    return [1]\n", "thing = odd:commands"),
    "syntax": ("def commands(:\n", "thing = syntax:commands"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_one_is_named_and_takes_nothing_down(
    chat: Chat, installed: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    module, point = BROKEN[name]
    install(installed, name, module, f"[chainbot.commands]\n{point}\n")
    with caplog.at_level(logging.ERROR):
        registry = await load(chat)
    assert list(registry.broken) == ["thing"]
    assert "thing" in caplog.text
    text = await says(chat, "/help")
    assert "**Installed, and broken**" in text
    assert "- `/thing`:" in text
    with pytest.raises(InvalidInput) as caught:
        await says(chat, "/thing")
    assert "does not work" in caught.value.hint
    assert "good" in await says(chat, "/status")


MODULE = """
import asyncio
from chainbot_desktop.chat.commands import Answer, CommandSpec

async def good(invocation, place):
    return Answer("fine")

async def bug(invocation, place):
    return 1 / 0

async def slow(invocation, place):
    await asyncio.Event().wait()

async def silent(invocation, place):
    return None

def plain(invocation, place):
    raise KeyError("before it is a coroutine")

async def late(invocation, place):
    async def after():
        raise KeyError("late")
    return Answer("said", after=after)

def commands(host):
    return [(CommandSpec(name, "Does it.", for_agents=name == "good"), run) for name, run in (
        ("help", good), ("good", good), ("good", bug), ("Bad Name", good), ("bug", bug), ("slow", slow),
        ("silent", silent), ("plain", plain), ("late", late))]
"""


async def test_what_goes_wrong_while_it_runs_is_said(chat: Chat, installed: Path, caplog: pytest.LogCaptureFixture) -> None:
    install(installed, "several", MODULE, "[chainbot.commands]\nseveral = several:commands\n")
    with caplog.at_level(logging.ERROR):
        registry = await load(chat, seconds=0.05)
    assert "the command /help of 'several'" in caplog.text
    assert "the command /good of 'several'" in caplog.text
    assert "small letters" in registry.broken["several"]
    assert "What can be typed here" in await says(chat, "/help help")
    assert await says(chat, "/good") == "fine"
    assert await says(chat, "/good", actor="agent:x") == "fine"
    for text, message in (
        ("/bug", "/bug failed: ZeroDivisionError"),
        ("/slow", "/slow did not answer within 0.05 s."),
        ("/silent", "/silent gave no answer."),
        ("/plain", "/plain failed: KeyError"),
        ("/late", "/late failed: KeyError"),
    ):
        with pytest.raises(Unavailable, match=re.escape(message)):
            await says(chat, text)
    assert "good" in await says(chat, "/status")


async def test_entry_points_of_ours_name_nothing_that_is_not_there() -> None:
    point = EntryPoint("x", "nowhere:commands", GROUP)
    registry = CommandRegistry()
    await load_extensions(registry, ChatHost(None), [point])  # type: ignore[arg-type]
    assert registry.broken["x"].startswith("ModuleNotFoundError")
    await asyncio.sleep(0)
