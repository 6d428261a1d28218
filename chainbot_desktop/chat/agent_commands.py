"""The slash commands about agents. They are there where agents can run; what they do goes through `core.ports.AgentTalk`."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from chainbot_desktop.chat.addressing import Addressed, at_name, find_agent
from chainbot_desktop.chat.agent_answers import AgentAnswers
from chainbot_desktop.chat.commands import Answer, Argument, Choice, CommandRegistry, CommandSpec, Invocation, Place, Run
from chainbot_desktop.chat.fenced_text import fenced
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.nearest_words import nearest
from chainbot_desktop.chat.spawn_words import parse_config
from chainbot_desktop.core.errors import Conflict, InvalidInput
from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.core.ports import LifeAction, TalkAgent, TalkQuestion
from chainbot_desktop.store.conversation_rows import Conversation

_LIFE: tuple[tuple[LifeAction, str, str], ...] = (
    ("stop", "Stop an agent: it is asked to end, and after 5 s it is made to.", "was stopped"),
    ("kill", "Stop an agent at once, without asking it.", "was killed"),
    ("restart", "Stop an agent and start it again.", "starts again"),
    ("pause", "Let an agent rest before its next step.", "pauses"),
    ("resume", "Let a paused agent go on.", "goes on"),
)
_MOST_DETAIL = 20_000
_NUMBERED = re.compile(r"#?(\d{1,6})(?:\s+|$)(.*)", re.DOTALL)


class AgentCommands:
    """`conversation` gives the conversation of an id. Requests to a human get a number when they are first shown, and keep it."""

    def __init__(self, answers: AgentAnswers, conversation: Callable[[str], Awaitable[Conversation]]) -> None:
        self._answers = answers
        self._talk = answers.talk
        self._conversation = conversation
        self._shown: dict[int, TalkQuestion] = {}

    def register_in(self, registry: CommandRegistry) -> None:
        registry.sources |= {
            "agent": lambda begun: agent_choices(self._answers.agents),
            "worker": lambda begun: agent_choices([agent for agent in self._answers.agents if agent.takes_tasks]),
            "agent kind": lambda begun: [Choice(name, title) for name, title in self._talk.kinds().items()],
        }
        kind, name = Argument("kind", required=True, kinds=("agent kind",)), Argument("name", required=True)
        config = Argument("configuration", raw=True)
        agent = Argument("agent", required=True, kinds=("agent",))
        worker = Argument("agent", required=True, kinds=("worker",))
        task = Argument("task", required=True, raw=True)
        number = Argument("number", raw=True)

        def add(name: str, text: str, arguments: tuple[Argument, ...], examples: tuple[str, ...], run: Run) -> None:
            registry.register(CommandSpec(name, text, arguments, examples, "Agents", for_agents=name == "agents"), run)

        add("agents", "The agents that run here, and how they are.", (), ("/agents",), self.agents)
        examples: tuple[str, ...] = ("/spawn assistant Ada", '/spawn command Tests command=["make", "test"] restart=always')
        add("spawn", "Start a new agent.", (kind, name, config), examples, self.spawn)
        for action, text, done in _LIFE:
            add(action, text, (agent,), (f"/{action} @Tests",), partial(self._live, action, done))
        add("run", "Give an agent a task.", (worker, task), ("/run @Ada sum up the log",), self.run)
        examples = ("/approve", "/approve 1", "/approve 1 run", "/approve 2 the blue one")
        text = "What waits for you; with a number, allow it (also for the whole run), or answer it."
        add("approve", text, (number,), examples, self.approve)
        examples = ("/deny 1", "/deny 1 not on this branch")
        add("deny", "Refuse what an agent asks for.", (number,), examples, self.deny)
        add("stopall", "Stop every agent.", (), ("/stopall",), self.stop_all)

    async def agents(self, invocation: Invocation, place: Place) -> Answer:
        agents = self._answers.agents
        if not agents:
            kinds = ", ".join(f"`{kind}`" for kind in self._talk.kinds())
            return Answer(f"No agent runs here yet. `/spawn kind name` starts one; kinds are {kinds}.")
        rows = "\n".join(f"| {_cell(a.name)} | {_cell(a.kind)} | {a.state} | {_cell(_doing(a))} |" for a in agents)
        return Answer(f"| Agent | Kind | State | What it does |\n|---|---|---|---|\n{rows}")

    async def spawn(self, invocation: Invocation, place: Place) -> Answer:
        kind, name = invocation.given["kind"].lower(), invocation.given["name"].removeprefix("@")
        kinds = self._talk.kinds()
        if kind not in kinds:
            raise InvalidInput(f"There is no kind {kind!r}.", hint=nearest(kind, kinds, "Kinds are"), code="bad_argument")
        await self._talk.spawn(kind, name, parse_config(invocation.given.get("configuration", "")), actor=place.actor)
        return Answer(f"{_bold(name)} starts. Write {_code(at_name(name))} and what it should do.")

    async def run(self, invocation: Invocation, place: Place) -> Answer:
        agent = find_agent(invocation.given["agent"], self._answers.agents)
        conversation = await self._conversation(place.conversation_id)
        task = invocation.given["task"]
        return Answer(
            f"Asking {_bold(agent.name)}.",
            after=lambda: self._answers.ask(conversation, Addressed((agent,), (), task), actor=place.actor),
        )

    async def approve(self, invocation: Invocation, place: Place) -> Answer:
        given = invocation.given.get("number", "").strip()
        if not given:
            return Answer(await self._listed())
        number, question, words = await self._question(given, place)
        for_run = not question.is_question and words.lower() == "run"
        if words and not question.is_question and not for_run:
            raise InvalidInput(
                f"Request {number} wants no words.",
                hint=f"Write /approve {number}, or /approve {number} run for the whole run.",
            )
        if question.is_question and not words:
            raise InvalidInput(f"Request {number} is a question.", hint=f"Write /approve {number} and your answer.")
        answer = words if question.is_question else ""
        await self._decide(number, question, "approve_run" if for_run else "approve", answer, place)
        said = "was answered" if question.is_question else "is approved for its run" if for_run else "is approved"
        return Answer(f"Request {number} of {_bold(question.agent_name)} {said}: {escape_markdown(question.title)}")

    async def deny(self, invocation: Invocation, place: Place) -> Answer:
        given = invocation.given.get("number", "").strip()
        if not given:
            return Answer(await self._listed())
        number, question, words = await self._question(given, place)
        await self._decide(number, question, "deny", words, place)
        return Answer(f"Request {number} of {_bold(question.agent_name)} is denied: {escape_markdown(question.title)}")

    async def stop_all(self, invocation: Invocation, place: Place) -> Answer:
        names, runs = await self._talk.stop_all(actor=place.actor)
        if not names:
            return Answer("No agent was running.")
        tasks = f" {runs} {'task' if runs == 1 else 'tasks'} ended with them." if runs else ""
        return Answer(f"Stopped: {', '.join(map(_bold, names))}.{tasks}")

    async def _live(self, action: LifeAction, done: str, invocation: Invocation, place: Place) -> Answer:
        agent = find_agent(invocation.given["agent"], self._answers.agents)
        await self._talk.act(agent.id, action, actor=place.actor)
        return Answer(f"{_bold(agent.name)} {done}.")

    # Requests to a human

    async def _listed(self) -> str:
        waiting = await self._talk.questions()
        if not waiting:
            return "Nothing waits for you."
        return "\n\n".join(self._described(self._number(question), question) for question in waiting)

    def _described(self, number: int, question: TalkQuestion) -> str:
        lines = [f"**{number}.** {_bold(question.agent_name)} asks: {escape_markdown(question.title)}"]
        if question.why:
            lines.append(f"Why: {escape_markdown(question.why)}")
        lines.append(fenced(question.detail[:_MOST_DETAIL]))
        if len(question.detail) > _MOST_DETAIL:
            lines.append(f"This is the beginning; all {len(question.detail):,} characters are on the card.")
        verb = f"`/approve {number} your answer`" if question.is_question else f"`/approve {number}` or `/approve {number} run`"
        lines.append(f"{verb}, `/deny {number} reason`")
        return "\n\n".join(lines)

    def _number(self, question: TalkQuestion) -> int:
        for number, known in self._shown.items():
            if known.id == question.id:
                self._shown[number] = question
                return number
        number = max(self._shown, default=0) + 1
        self._shown[number] = question
        return number

    async def _question(self, given: str, place: Place) -> tuple[int, TalkQuestion, str]:
        """The request of a number that was shown: nobody approves what they have not seen."""
        match = _NUMBERED.fullmatch(given)
        if match is None:
            raise InvalidInput(
                f"{given.split(maxsplit=1)[0]!r} is no number of a request.",
                hint="/approve without a number shows what waits.",
                code="bad_argument",
            )
        question = self._shown.get(int(match[1]))
        if question is None:
            raise InvalidInput(
                f"No request {match[1]} was shown yet.", hint="/approve without a number shows what waits.", code="bad_argument"
            )
        return int(match[1]), question, match[2].strip()

    async def _decide(self, number: int, question: TalkQuestion, decision: Decision, answer: str, place: Place) -> None:
        try:
            await self._talk.decide(question, decision, answer=answer, actor=place.actor)
        except Conflict as error:
            raise Conflict(f"Request {number}: {error.message}", hint=error.hint, code=error.code) from None


def agent_choices(agents: Sequence[TalkAgent]) -> list[Choice]:
    return [Choice(at_name(agent.name), f"{agent.kind}, {agent.state}{_and_doing(agent)}") for agent in agents]


def _and_doing(agent: TalkAgent) -> str:
    doing = _doing(agent)
    return f": {doing}" if doing else ""


def _doing(agent: TalkAgent) -> str:
    if agent.state == "waiting" and agent.waiting_for:
        return f"waits for {agent.waiting_for}"
    return agent.activity or agent.reason


def _bold(name: str) -> str:
    return f"**{escape_markdown(name)}**"


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"


def _cell(text: str) -> str:
    return escape_markdown(text) or " "
