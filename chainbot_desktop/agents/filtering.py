"""Which agents are meant: by state, by kind, by words. The map and the API ask the same question, so it has one answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from chainbot_desktop.agents.records import Agent
from chainbot_desktop.agents.vocabulary import AgentState


@dataclass(frozen=True, slots=True)
class AgentFilter:
    """What is empty lets everything through. `words` are casefolded; all of them must be found."""

    states: frozenset[AgentState] = frozenset()
    kinds: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it can leave anything out."""
        return bool(self.states or self.kinds or self.words)

    def searching(self, text: str) -> Self:
        """The same, with the words of `text` instead of its own."""
        return type(self)(self.states, self.kinds, tuple(text.casefold().split()))

    def admits(self, agent: Agent) -> bool:
        if (self.states and agent.state not in self.states) or (self.kinds and agent.kind not in self.kinds):
            return False
        return not self.words or self._mentions(agent)

    def _mentions(self, agent: Agent) -> bool:
        text = f"{agent.name} {agent.kind} {agent.id} {agent.status} {agent.activity} {agent.user}".casefold()
        return all(word in text for word in self.words)


EVERYTHING = AgentFilter()
