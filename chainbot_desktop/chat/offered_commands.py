"""The slash commands that agents offer by themselves. A line that begins with one is a task of its agent, word for word.

The panel's own commands win: behind `@name`, a line reaches the agent whatever it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chainbot_desktop.chat.addressing import Addressed, addressed, at_name, named_in
from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ports import AgentCommand, TalkAgent

_NAME = re.compile(r"""[^\s/@"']\S{0,99}""")
_BEGUN = re.compile(r"/(\S*)(?=\s|$)")
_LOOKED_AT = 2_000
"""Characters before the caret: a command is at the beginning."""


@dataclass(frozen=True, slots=True)
class Offered:
    agent: TalkAgent
    command: AgentCommand

    @property
    def usage(self) -> str:
        hint = " ".join(visible(self.command.hint).split())
        return f"/{visible(self.command.name)}" + (f" <{hint}>" if hint else "")

    @property
    def help(self) -> str:
        """Whose it is and what it does, on one line."""
        description = " ".join(visible(self.command.description).split())
        return f"{visible(self.agent.name)}: {description}" if description else visible(self.agent.name)


class OfferedCommands:
    """`agents` are those of now. `is_own` says whether a name is a command of the panel's own.

    `prepare` is called with the id of an agent that somebody begins to write to: some offer what they have only then.
    """

    def __init__(
        self,
        agents: Callable[[], Sequence[TalkAgent]],
        is_own: Callable[[str], bool],
        prepare: Callable[[str], None] = lambda agent_id: None,
    ) -> None:
        self._agents = agents
        self._is_own = is_own
        self._prepare = prepare

    def all(self) -> list[Offered]:
        """Those that can be typed without naming the agent."""
        return [offered for offered in _of(self._agents()) if not self._is_own(offered.command.name)]

    def addressed(self, text: str, lead: str) -> Addressed | None:
        """Whom a line is for that begins with such a command; None where it does not. The agent `lead` wins over others.

        InvalidInput where several others offer it.
        """
        match = _BEGUN.match(text)
        if match is None:
            return None
        agents = [offered.agent for offered in self.all() if offered.command.name == match[1]]
        if not agents:
            return None
        chosen = next((agent for agent in agents if agent.id == lead), agents[0])
        if len(agents) > 1 and chosen.id != lead:
            names = ", ".join(at_name(agent.name) for agent in agents)
            raise InvalidInput(
                f"Several agents know /{match[1]}: {names}.",
                hint=f"Name one, for example {at_name(chosen.name)} {text[: match.end()]}.",
                code="ambiguous_command",
            )
        return Addressed((chosen,), (), text)

    def expect(self, text: str, lead: str) -> None:
        """A person writes `text` where `lead` leads: whoever it names, or the lead where it begins with a slash, may get ready."""
        agents = self._agents()
        begun = text[:_LOOKED_AT]
        meant = [agent for agent in agents if agent.id == lead] if begun.startswith("/") else named_in(begun, agents)
        for agent in meant:
            if agent.takes_tasks:
                self._prepare(agent.id)

    def complete(self, text: str, caret: int) -> list[Completion]:
        """What a slash at the beginning may become, or one behind the name of an agent."""
        typed = text[: min(caret, _LOOKED_AT)]
        if typed.startswith("/"):
            named, begun, offers = "", typed, self.all()
        else:
            meant = _one_agent(typed, self._agents())
            if meant is None:
                return []
            agent, begun = meant
            named, offers = typed.removesuffix(begun), _of([agent])
        if caret > _LOOKED_AT or not (match := _BEGUN.fullmatch(begun)):
            return []
        fitting = [offered for offered in offers if offered.command.name.casefold().startswith(match[1].casefold())]
        return [_completion(offered, named, text[caret:], several=_is_shared(offered, offers)) for offered in fitting]


def _of(agents: Sequence[TalkAgent]) -> list[Offered]:
    return [
        Offered(agent, command)
        for agent in agents
        if agent.takes_tasks
        for command in {command.name: command for command in agent.commands if _NAME.fullmatch(command.name)}.values()
    ]


def _one_agent(typed: str, agents: Sequence[TalkAgent]) -> tuple[TalkAgent, str] | None:
    """The agent that a beginning names, and what is written behind its name."""
    if not typed.startswith("@"):
        return None
    try:
        meant = addressed(typed, agents)
    except InvalidInput:  # nothing stands behind it yet
        return None
    if len(meant.agents) != 1 or meant.unknown or not typed.endswith(meant.task):
        return None
    return meant.agents[0], meant.task


def _is_shared(offered: Offered, offers: Sequence[Offered]) -> bool:
    return sum(other.command.name == offered.command.name for other in offers) > 1


def _completion(offered: Offered, named: str, after: str, *, several: bool) -> Completion:
    name = f"{at_name(offered.agent.name)} " if several and not named else named
    head = f"{name}/{offered.command.name} "
    return Completion(head + after.removeprefix(" "), offered.usage, offered.help, len(head), visible(offered.agent.name))
