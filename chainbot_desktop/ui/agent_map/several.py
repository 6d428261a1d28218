"""The same asked of several agents at once, and one message that says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError, Conflict
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.agent_map.text_sheet import TextSheet
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets.sheet import Sheet

Deed = Callable[[str], Coroutine[Any, Any, Any]]
_DONE: Mapping[str, str] = {
    "stop": "stopped",
    "pause": "paused",
    "resume": "resumed",
    "start": "started",
    "restart": "restarted",
    "kill": "killed",
    "remove": "removed",
    "message": "told",
}
_NAMED = 12
"""So many agents are named in a question; of more it is said how many there are."""
_REASONS = 3
"""Refusals that the message gives the reason of."""


class Several:
    """Use on the loop's thread. `tell` shows a `Message`."""

    def __init__(
        self,
        parts: RuntimeParts,
        host: QWidget,
        themes: ThemeSource,
        tasks: Tasks,
        actor: str,
        name_of: Callable[[str], str],
        tell: Callable[[object], object],
    ) -> None:
        self._parts = parts
        self._host = host
        self._themes = themes
        self._tasks = tasks
        self._actor = actor
        self._name_of = name_of
        self._tell = tell

    def run(self, action_id: str, agent_ids: Sequence[str]) -> None:
        if action_id == "message":
            self._ask_message(agent_ids)
        elif action_id in ("kill", "remove"):
            self._ask(action_id, agent_ids)
        else:
            self._start(action_id, agent_ids, self._deed(action_id))

    def _ask_message(self, agent_ids: Sequence[str]) -> None:
        def send(text: str, _: str) -> None:
            self._start("message", agent_ids, lambda agent_id: self._say_to(agent_id, text))

        TextSheet(self._host, self._themes, f"Message to {len(agent_ids)} agents", "Send", send).open()

    def _ask(self, action_id: str, agent_ids: Sequence[str]) -> None:
        word = "Kill" if action_id == "kill" else "Remove"
        sheet = Sheet(self._host, f"{word} {len(agent_ids)} agents?", self._themes)
        names = ", ".join(self._name_of(agent_id) for agent_id in agent_ids[:_NAMED])
        sheet.add_text(names if len(agent_ids) <= _NAMED else f"{names} and {len(agent_ids) - _NAMED} more")
        sheet.add_text(
            "Their processes are ended without being asked; what they do now is lost."
            if action_id == "kill"
            else "Their definitions, logs, links and own folders are deleted. What they did stays in the journal."
        )
        start = partial(self._start, action_id, agent_ids, self._deed(action_id))
        sheet.add_action(f"{word} {len(agent_ids)}", start, kind="danger")
        sheet.add_gap()
        sheet.first = sheet.add_action("Keep them")
        sheet.open()

    def _deed(self, action_id: str) -> Deed:
        agents = self._parts.agents
        deeds: Mapping[str, Callable[..., Coroutine[Any, Any, Any]]] = {
            "stop": agents.stop,
            "pause": agents.pause,
            "resume": agents.resume,
            "start": agents.restart,
            "restart": agents.restart,
            "kill": agents.kill,
            "remove": agents.remove,
        }
        return partial(deeds[action_id], actor=self._actor)

    async def _say_to(self, agent_id: str, text: str) -> None:
        if self._parts.agents.live(agent_id) is not None or self._parts.links is None:
            await self._parts.agents.message(agent_id, text, actor=self._actor)
        else:
            await self._parts.links.tell_guest(agent_id, text, actor=self._actor)

    def _start(self, action_id: str, agent_ids: Sequence[str], deed: Deed) -> None:
        named = [(agent_id, self._name_of(agent_id)) for agent_id in agent_ids]
        self._tasks.spawn(f"panel: {action_id} {len(named)} agents", self._do(action_id, named, deed))

    async def _do(self, action_id: str, named: Sequence[tuple[str, str]], deed: Deed) -> None:
        refusals = await asyncio.gather(*(self._refusal(agent_id, name, deed) for agent_id, name in named))
        self._tell(outcome(_DONE[action_id], len(named), [refusal for refusal in refusals if refusal]))

    async def _refusal(self, agent_id: str, name: str, deed: Deed) -> str:
        try:
            await deed(agent_id)
        except Conflict as error:
            return error.message
        except ChainBotError as error:
            return f"{name}: {error.message}"
        return ""


def outcome(done: str, asked: int, refusals: Sequence[str]) -> Message:
    """How many were, and why the others were not: "4 stopped, 1 could not: Ada is stopped already." """
    well = asked - len(refusals)
    if not refusals:
        return Message(f"{well} {done}.", "success")
    reasons = " ".join(refusals[:_REASONS])
    more = f" And {len(refusals) - _REASONS} more." if len(refusals) > _REASONS else ""
    counted = f"{well} {done}, {len(refusals)} could not: " if well else f"None of {asked} {done}: "
    return Message(f"{counted}{reasons}{more}", "warning" if well else "error")
