"""Screens of answering agents for a person to look at; what they show is asserted elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.ports import AgentCommand, TalkAgent, TalkQuestion
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.talks import FakeTalk
from tests.ui.chat.test_answers import answers, streaming
from tests.ui.chat.windows import open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]

PLAN = """\
The import order is the cause. **Two changes** make it good:

1. load the settings before the journal
2. close the journal last

```python
async with open_house(settings) as house:
    await house.journal.append(started)
```
"""

CODER = (
    AgentCommand("review", "Review the changes of this branch and say what to mend", "what to look at"),
    AgentCommand("release-notes", "Write the notes of the next release"),
    AgentCommand("init", "Look through the project and write down how it is built"),
)


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        talk = FakeTalk("Ada", "Tests", "Long name of an agent")
        talk.add("Watcher", "waiting", kind="command", takes_tasks=False, waiting_for="a change in src")
        talk.add("Writer", "stopped", reason="Stopped by admin.")
        async with open_window(tmp_path, theme_source, size, talk=talk) as window:
            tag = f"chat-{size[0]}-{name}-agents"
            await window.types("@", enter=False)
            await asyncio.sleep(0.05)
            shoot(window.view, f"{tag}-names")
            window.view.composer.set_text("")
            await window.types("@Ada what is wrong with the start?")
            await window.until(lambda: streaming(window))
            talk.last.think("The log first.")
            talk.last.step("read chainbot.log")
            talk.last.step("search “journal” in src")
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-begins")
            for word in PLAN.split(" "):
                talk.last.say(word + " ")
                await asyncio.sleep(0.005)
            await window.until(lambda: streaming(window)[0].unrendered == 0)
            await window.types("and look at the tests too", enter=False)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-writes")
            window.view.composer.set_text("")
            talk.last.finish()
            await window.until(lambda: not streaming(window))
            await window.types("@Tests @Ada remove what is not used")
            await window.until(lambda: len(streaming(window)) == 2)
            tests, ada = list(talk.runs.values())[1:]
            tests.step("run make test")
            tests.waits("your approval")
            ada.say("I begin with `agents/`")
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-waits")
            tests.finish(
                state="failed", reason="The key of openai was refused. Look at it in the settings, or choose a local model."
            )
            ada.finish("It is a small model that says this.", data={"demonstration": True, "model": "local/smollm2"})
            await window.until(lambda: not streaming(window))
            window.view.messages.toggle_fold(answers(window)[0])
            window.view.messages.scroll_to_bottom()
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-ended")
            window.view.messages.verticalScrollBar().setValue(0)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-steps")
            talk.waiting = [
                TalkQuestion("1", "n", "Tests", "Run a command", "rm -r build && make test", False, "To test anew.")
            ]
            for line in ("/agents", "/approve"):
                await window.types(line)
                await window.until(lambda: not window.view.composer.text)
            await asyncio.sleep(0.2)
            window.view.messages.scroll_to_bottom()
            shoot(window.view, f"{tag}-commands")
            talk.visitors = [TalkAgent("guest-1", "Night Watch", "guest", "idle", guest=True)]
            await window.types("@Ni", enter=False)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-guest-offered")
            window.view.composer.set_text("")
            talk.here["guest-1"] = talk.visitors[0]
            await window.types('@"Night Watch" is the front door shut?')
            await window.until(lambda: len(streaming(window)) == 1)
            talk.last.sent("ALEX OS, no answer yet")
            window.view.messages.scroll_to_bottom()
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-guest")
            talk.last.finish("It is shut.")
            del talk.here["guest-1"]
            talk.add("Claude", kind="coder", commands=CODER)
            await window.types("/re", enter=False)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-offered")
            window.view.composer.set_text("")
            await window.types("@Claude /", enter=False)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-offered-named")

    on_loop(look())
