"""Whose turn it is where a message names nobody, and what may be brought along to a turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chainbot_desktop.core.ports import Preferences, TalkAgent, TalkRecall
from chainbot_desktop.store.conversation_rows import Conversation

_KEPT = "chat.turns"
_MOST_KEPT = 500
"""Conversations of which it is known who was asked last."""


@dataclass(frozen=True, slots=True)
class RecallResult:
    """What was found for a turn. `summary` stands for all messages up to number `summary_through`; empty where there is none."""

    recalled: tuple[TalkRecall, ...] = ()
    summary: str = ""
    summary_through: int = 0


class TurnSource(Protocol):
    """Finds what belongs to a task. Use on the loop's thread."""

    async def recall(self, conversation: Conversation, task: str, agent_id: str) -> RecallResult:
        """ChainBotError says why nothing could be found; the task is given all the same, and that is said."""
        ...


class Turns:
    """Use on the loop's thread, after `open`."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self._last: dict[str, str] = {}

    async def open(self) -> None:
        known = await self._preferences.get(_KEPT)
        self._last = {**known, **self._last} if isinstance(known, dict) else self._last

    def whose(self, conversation: Conversation, lead: str, agents: Sequence[TalkAgent]) -> tuple[TalkAgent, ...]:
        """Who answers a message that names nobody."""
        members = members_of(conversation, agents)
        if conversation.turn_order == "all" and members:
            return tuple(members)
        if conversation.turn_order == "round_robin" and members:
            return (self._next(conversation.id, members),)
        return tuple(agent for agent in agents if agent.id == lead)

    async def took(self, conversation_id: str, agent_id: str) -> None:
        """It was asked: the next one is who comes after it."""
        self._last.pop(conversation_id, None)
        self._last[conversation_id] = agent_id
        for oldest in list(self._last)[:-_MOST_KEPT]:
            del self._last[oldest]
        await self._preferences.set(_KEPT, self._last)

    def _next(self, conversation_id: str, members: Sequence[TalkAgent]) -> TalkAgent:
        """Who cannot take a task now is passed over; where nobody can, the next one is to say why."""
        last = self._last.get(conversation_id, "")
        place = next((index + 1 for index, agent in enumerate(members) if agent.id == last), 0)
        in_turn = [*members[place:], *members[:place]]
        return next((agent for agent in in_turn if _can_be_asked(agent)), in_turn[0])


def members_of(conversation: Conversation, agents: Sequence[TalkAgent]) -> list[TalkAgent]:
    """Those that take part and run here, in the order in which they came."""
    here = {agent.id: agent for agent in agents if not agent.guest and agent.takes_tasks}
    return [here[member] for member in conversation.members if member in here]


def everybody(conversation: Conversation, agents: Sequence[TalkAgent]) -> list[TalkAgent]:
    """Whom `@all` means: the members, else all agents that run here and take tasks."""
    members = members_of(conversation, agents)
    return members or [agent for agent in agents if not agent.guest and _can_be_asked(agent)]


def _can_be_asked(agent: TalkAgent) -> bool:
    return agent.takes_tasks and agent.state not in ("stopped", "failed", "stopping")
