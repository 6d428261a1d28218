"""The slash commands about what agents have with each other: /entangle, /release, /coordinate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from chainbot_desktop.chat.addressing import addressed, at_name, find_agent
from chainbot_desktop.chat.commands import (
    Answer,
    Argument,
    Choice,
    CommandRegistry,
    CommandSpec,
    Invocation,
    Place,
    Undoable,
)
from chainbot_desktop.chat.links import panel_link
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.nearest_words import nearest
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.core.ports import AgentControl, AgentLink, SharedPart, SharedWork, TalkAgent
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)

UNDO_SECONDS = 10.0
_WORDS = {"data": "share a notebook now", "control": "takes directions from", "dependency": "waits for"}
_SETTLED = ("succeeded", "failed", "cancelled", "told")


class Announcer(Protocol):
    """Says something in a conversation that nobody asked for in this moment."""

    async def say(self, conversation_id: str, text: str) -> None: ...


class LinkCommands:
    """`agents` are all that can be linked: those that run here, and guests."""

    def __init__(
        self, control: AgentControl, agents: Callable[[], Sequence[TalkAgent]], announcer: Announcer, tasks: Tasks
    ) -> None:
        self._control = control
        self._agents = agents
        self._announcer = announcer
        self._tasks = tasks

    def register_in(self, registry: CommandRegistry) -> None:
        registry.sources |= {"link": lambda begun: self._link_choices(), "linkable": lambda begun: self._choices()}
        first = Argument("agent", required=True, kinds=("linkable",))
        second = Argument("other agent", required=True, kinds=("linkable",))
        kind = Argument("kind", offers=lambda: [Choice(name, told) for name, told in self._control.link_kinds().items()])
        examples = ("/entangle @Ada @Bob", "/entangle @Ada @Tests control")
        text = "Link two agents: data (the usual kind), control or dependency."
        registry.register(CommandSpec("entangle", text, (first, second, kind), examples, "Agents"), self.entangle)
        which = Argument("link or agent", required=True, kinds=("link", "linkable"))
        other = Argument("other agent", kinds=("linkable",))
        examples = ("/release @Ada @Bob", "/release Reviews")
        text = "Take a link between agents away; what was said over it goes too."
        registry.register(CommandSpec("release", text, (which, other), examples, "Agents"), self.release)
        whom = Argument("agents or link", required=True, kinds=("link", "worker"))
        task = Argument("task", required=True, raw=True)
        examples = ("/coordinate @Ada @Bob look for typing errors in docs", "/coordinate Reviews look at the last commit")
        text = "Give several agents, or all of a link, one task."
        registry.register(CommandSpec("coordinate", text, (whom, task), examples, "Agents"), self.coordinate)

    async def entangle(self, invocation: Invocation, place: Place) -> Answer:
        first, second = (self._agent(invocation.given[name]) for name in ("agent", "other agent"))
        kinds = self._control.link_kinds()
        kind = invocation.given.get("kind", "data").lower()
        if kind not in kinds:
            raise InvalidInput(
                f"There is no kind of link {kind!r}.", hint=nearest(kind, kinds, "Kinds are"), code="bad_argument"
            )
        if first.id == second.id:
            raise InvalidInput(f"{first.name} cannot be linked with itself.", hint="Name another agent.", code="bad_argument")
        if any(kind == link.kind and {first.id, second.id} <= set(link.agents) for link in self._own_links()):
            raise Conflict(f"{first.name} and {second.name} have a {kind} link already.", code="linked_already")
        link = await self._control.entangle((first.id, second.id), kind, actor=place.actor)
        one, other = self._shown(first.id), self._shown(second.id)
        said = f"{one} and {other} {_WORDS[kind]}." if kind == "data" else f"{other} {_WORDS[kind]} {one}."
        return Answer(f"{said} `/release {link.id}` takes that away.")

    async def release(self, invocation: Invocation, place: Place) -> Answer:
        for link in (links := self._meant(invocation.given["link or agent"], invocation.given.get("other agent", ""))):
            await self._control.release(link.id, actor=place.actor)

        async def again() -> None:
            for link in links:
                await self._control.entangle(link.agents, link.kind, link.name, actor=place.actor)

        told = ", ".join(f"{link.kind} link of {self._members(link)}" for link in links)
        count = "The link is" if len(links) == 1 else "The links are"
        undoable = Undoable(f"{count} released.", again, UNDO_SECONDS)
        return Answer(f"Released: {told}.", undoable=undoable)

    async def coordinate(self, invocation: Invocation, place: Place) -> Answer:
        agents, link, task = self._whom(invocation)
        ids = tuple(agent.id for agent in agents)
        work = await self._control.coordinate(task, agents=ids, link_id=link.id if link else "", actor=place.actor)
        follower = _Follower(self._announcer, place.conversation_id)

        async def follow() -> None:
            follower.follow(self._control, work.id, self._tasks)

        return Answer(_plan_words(work), after=follow)

    def _whom(self, invocation: Invocation) -> tuple[Sequence[TalkAgent], AgentLink | None, str]:
        if not invocation.typed.startswith("@"):
            return (), self._link(invocation.given["agents or link"]), invocation.given["task"]
        meant = addressed(invocation.typed, self._agents())
        if meant.unknown:
            find_agent(meant.unknown[0], self._agents())
        if not meant.agents:
            raise InvalidInput("Nobody is named.", hint=f"Write {invocation.spec.examples[0]}.", code="missing_argument")
        return meant.agents, None, meant.task

    def _agent(self, name: str) -> TalkAgent:
        return find_agent(name, self._agents())

    def _own_links(self) -> list[AgentLink]:
        return [link for link in self._control.links() if link.made_here]

    def _meant(self, which: str, other: str) -> list[AgentLink]:
        """The links of two agents, or the one of this name or id."""
        if not other:
            try:
                return [self._link(which)]
            except NotFound as unknown:
                if not any(which.removeprefix("@").casefold() == agent.name.casefold() for agent in self._agents()):
                    raise
                raise InvalidInput(
                    f"{which} is an agent: of which link?",
                    hint="Name the other agent too: /release @Ada @Bob.",
                    code="missing_argument",
                ) from unknown
        pair = {self._agent(which).id, self._agent(other).id}
        found = [link for link in self._own_links() if pair == set(link.agents)]
        larger = [link for link in self._own_links() if pair < set(link.agents)]
        if not found:
            hint = f"They are in a larger one: /release {larger[0].id}." if larger else "/entangle makes one."
            raise NotFound(f"{which} and {other} have no link of their own.", hint=hint)
        return found

    def _link(self, which: str) -> AgentLink:
        links = self._control.links()
        wanted = which.casefold()
        found = next((link for link in links if wanted in (link.id.casefold(), link.name.casefold())), None)
        if found is None:
            names = [link.name or link.id for link in links]
            hint = nearest(which, names, "Links are") if names else "There is none yet: /entangle makes one."
            raise NotFound(f"There is no link {which!r}.", hint=hint)
        return found

    def _choices(self) -> list[Choice]:
        return [Choice(at_name(a.name), "guest of ALEX OS" if a.guest else f"{a.kind}, {a.state}") for a in self._agents()]

    def _link_choices(self) -> list[Choice]:
        return [
            Choice(link.name or link.id, f"{link.kind}: {', '.join(map(self._control.name_of, link.agents))}")
            for link in self._own_links()
        ]

    def _members(self, link: AgentLink) -> str:
        return " and ".join(self._shown(agent_id) for agent_id in link.agents)

    def _shown(self, agent_id: str) -> str:
        return f"[{escape_markdown(self._control.name_of(agent_id))}]({panel_link('agent-map', {'agent_id': agent_id})})"


class _Follower:
    """Says in a conversation what comes of shared work: each part when it is there, the whole at the end."""

    def __init__(self, announcer: Announcer, conversation_id: str) -> None:
        self._announcer = announcer
        self._conversation_id = conversation_id
        self._told: set[int] = set()

    def follow(self, control: AgentControl, work_id: str, tasks: Tasks) -> None:
        tasks.spawn(f"chat-coordination-{work_id}", self._follow(control, work_id))

    async def _follow(self, control: AgentControl, work_id: str) -> None:
        stirred = asyncio.Event()
        end = control.on_work(lambda work: stirred.set() if work.id == work_id else None)
        try:
            while not (work := await control.work(work_id)).ended:
                await self._tell(work)
                await stirred.wait()
                stirred.clear()
            await self._tell(work)
            await self._announcer.say(self._conversation_id, _end_words(work))
        except NotFound as gone:
            _log.info("what came of the shared work %s is not told: %s", work_id, gone)
        finally:
            end()

    async def _tell(self, work: SharedWork) -> None:
        for place, part in enumerate(work.parts):
            if part.state in _SETTLED and place not in self._told:
                self._told.add(place)
                done = sum(other.state in (*_SETTLED, "skipped") for other in work.parts)
                await self._announcer.say(self._conversation_id, _part_words(part, done, len(work.parts)))


def _plan_words(work: SharedWork) -> str:
    asked = [_bold(part.name) for part in work.parts if part.state != "skipped"]
    lines = [f"Asked together: {', '.join(asked)}. Each answer is told as it comes."]
    lines += [
        f"- {_bold(part.name)} gets no part: {escape_markdown(part.reason)}" for part in work.parts if part.state == "skipped"
    ]
    return "\n".join([lines[0], "", *lines[1:]]).strip()


def _part_words(part: SharedPart, done: int, all_parts: int) -> str:
    how = {"succeeded": "answers", "failed": "could not finish", "cancelled": "was stopped", "told": "was told, over ALEX OS"}
    text = part.answer if part.state == "succeeded" else escape_markdown(part.reason)
    return f"{_bold(part.name)} {how[part.state]} ({done} of {all_parts}).\n\n{text}".strip()


def _end_words(work: SharedWork) -> str:
    if work.merged_by:
        return f"All together, by {_bold(work.merged_by)}:\n\n{work.answer}"
    how = {"succeeded": "The shared task has ended.", "failed": "Nobody could finish the shared task."}
    return f"{how.get(work.state, 'The shared task was stopped.')} {escape_markdown(work.note)}".strip()


def _bold(name: str) -> str:
    return f"**{escape_markdown(name)}**"
