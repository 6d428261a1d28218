"""What can be done with several agents at once: only what makes sense for each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.agent_map.control import AgentControl
from chainbot_desktop.ui.agent_map.foot_bar import BarAction
from chainbot_desktop.ui.agent_map.map_parts import MapParts
from chainbot_desktop.ui.agent_map.text_sheet import TextSheet
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets.sheet import Sheet

_NAMED = 12
"""So many agents are named in a question; of more it is said how many there are."""
_DANGERS = {"kill": "Kill", "remove": "Remove"}
_WHAT_IT_DOES = {
    "kill": "What they are doing is cut off at once.",
    "remove": "Their definitions, logs, links and own folders are deleted. What they did stays in the journal.",
}


class Many(QObject):
    message = Signal(object)

    def __init__(self, parts: MapParts, control: AgentControl) -> None:
        super().__init__(parts.view)
        self._host, self._control, self._themes = parts.view, control, parts.themes
        self._tasks, self._actor, self._name_of = parts.tasks, parts.actor, parts.name_of
        actor = parts.actor
        agents = control.parts.agents
        self._do: Mapping[str, Callable[[str], Awaitable[object]]] = {
            "pause": lambda id_: agents.pause(id_, actor=actor),
            "resume": lambda id_: agents.resume(id_, actor=actor),
            "stop": lambda id_: agents.stop(id_, actor=actor),
            "start": lambda id_: agents.restart(id_, actor=actor),
            "restart": lambda id_: agents.restart(id_, actor=actor),
            "kill": lambda id_: agents.kill(id_, actor=actor),
            "remove": lambda id_: agents.remove(id_, actor=actor),
        }

    def common(self, ids: Sequence[str]) -> set[str]:
        """The ids of the actions that each of them offers."""
        common: set[str] | None = None
        for id_ in ids:
            offered = {action.id for action in self._control.actions_of(id_)}
            common = offered if common is None else common & offered
            if not common:
                break
        return common or set()

    def actions(self, ids: Sequence[str]) -> list[BarAction]:
        common = self.common(ids)
        found = [BarAction("Message", lambda: self._ask_message(ids), "chat")] if "message" in common else []
        for id_, label, icon in (
            ("stop", "Stop", "stop"), ("pause", "Pause", "pause"), ("resume", "Resume", "play"), ("start", "Start", "power"),
            ("restart", "Restart", "restart"),
        ):  # fmt: skip
            if id_ in common:
                found.append(BarAction(label, lambda id_=id_: self._all(id_, ids), icon))  # type: ignore[misc]
        return found

    def dangers(self, ids: Sequence[str]) -> list[BarAction]:
        common = self.common(ids)
        return [
            BarAction(f"{label}…", lambda id_=id_: self._ask(id_, ids), "bolt" if id_ == "kill" else "trash", danger=True)  # type: ignore[misc]
            for id_, label in _DANGERS.items()
            if id_ in common
        ]

    def coordinate(self, ids: Sequence[str], link_id: Callable[[], Awaitable[str]]) -> None:
        """One task to all, over the link between them, which `link_id` finds or makes."""
        links = self._control.parts.links
        assert links is not None

        async def give(task: str) -> None:
            await links.coordinate(await link_id(), task, actor=self._actor)

        def send(text: str, _: str) -> None:
            self._spawn("coordinate", [("", lambda: give(text))])

        TextSheet(self._host, self._themes, f"One task for these {len(ids)}", "Coordinate", send).open()

    def _ask_message(self, ids: Sequence[str]) -> None:
        agents = self._control.parts.agents

        def send(text: str, _: str) -> None:
            self._spawn("message", [(id_, lambda id_=id_: agents.message(id_, text, actor=self._actor)) for id_ in ids])  # type: ignore[misc]

        TextSheet(self._host, self._themes, f"Message to {len(ids)} agents", "Send", send).open()

    def _ask(self, action: str, ids: Sequence[str]) -> None:
        label = _DANGERS[action]
        sheet = Sheet(
            self._host, f"{label} {len(ids)} agents?" if len(ids) > 1 else f"{label} {self._name_of(ids[0])}?", self._themes
        )
        names = [self._name_of(id_) for id_ in ids[:_NAMED]]
        more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
        sheet.add_text(f"{', '.join(names)}{more}")
        sheet.add_text(_WHAT_IT_DOES[action], "small")
        sheet.add_action(label, lambda: self._all(action, ids), kind="danger")
        sheet.add_gap()
        sheet.first = sheet.add_action("Keep them" if len(ids) > 1 else "Keep it")
        sheet.open()

    def _all(self, action: str, ids: Sequence[str]) -> None:
        self._spawn(action, [(id_, lambda id_=id_: self._do[action](id_)) for id_ in ids])  # type: ignore[misc]

    def _spawn(self, what: str, work: Sequence[tuple[str, Callable[[], Awaitable[object]]]]) -> None:
        self._tasks.spawn(f"map: {what} many", self._each(work))

    async def _each(self, work: Sequence[tuple[str, Callable[[], Awaitable[object]]]]) -> None:
        """All at once, each whatever becomes of the others; one sentence says what did not work."""
        answers = await asyncio.gather(*(do() for _, do in work), return_exceptions=True)
        refused: list[tuple[str, ChainBotError]] = []
        for (id_, _), answer in zip(work, answers, strict=True):
            if isinstance(answer, ChainBotError):
                refused.append((id_, answer))
            elif isinstance(answer, BaseException):
                raise answer
        if refused:
            id_, error = refused[0]
            who = f"{self._name_of(id_)}: " if id_ else ""
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            self.message.emit(Message(f"{who}{error.message}{more}", "error", error.hint))
