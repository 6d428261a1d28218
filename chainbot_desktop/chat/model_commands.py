"""The slash commands about what drives an agent and what that may cost: /model, /persona, /budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from chainbot_desktop.chat.addressing import find_agent
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
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.nearest_words import nearest
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.ports import AgentControl, ModelSource, Spending, TalkAgent

UNDO_SECONDS = 10.0
_LISTED = 12
_AUTOMATIC = "automatic"
_LIMIT = re.compile(r"(tokens|cost)=(.+)", re.IGNORECASE)
_NUMBER = re.compile(r"\$?(\d[\d_,]*(?:\.\d+)?)([kKmM]?)")
_LIMIT_HINT = "Write tokens=200000, cost=1.50, tokens=off, or off for no limit at all."


class ModelCommands:
    """`agents` are those that run here."""

    def __init__(self, control: AgentControl, agents: Callable[[], Sequence[TalkAgent]]) -> None:
        self._control = control
        self._agents = agents

    def register_in(self, registry: CommandRegistry) -> None:
        registry.sources["model"] = lambda begun: self._model_choices()
        registry.sources["persona"] = lambda begun: self._personas
        self._personas: list[Choice] = []
        agent = Argument("@agent", kinds=("agent",))
        model = Argument("model", kinds=("model",), rest=True)
        examples: tuple[str, ...] = ("/model", "/model @Ada", "/model @Ada local", f"/model @Ada {_AUTOMATIC}")
        text = "The models that are there and how they are; with an agent, which one drives it, or another one for it."
        registry.register(CommandSpec("model", text, (agent, model), examples, "Models"), self.model)
        persona = Argument("persona", kinds=("persona",))
        known = Argument("@agent", required=True, kinds=("agent",))
        examples = ("/persona @Ada", "/persona @Ada analyst")
        text = "Which role an agent plays, or another one for it."
        registry.register(CommandSpec("persona", text, (known, persona), examples, "Models"), self.persona)
        limits = Argument("limits", choices=("tokens=", "cost=", "off"), many=True)
        examples = ("/budget", "/budget @Ada", "/budget @Ada tokens=200000 cost=1.50", "/budget @Ada off")
        text = "What was used today and what is left; with an agent, its own, or other limits for it."
        registry.register(CommandSpec("budget", text, (agent, limits), examples, "Models"), self.budget)

    async def load(self) -> None:
        """Learn what completion offers: personas lie on the disk."""
        self._personas = [Choice(name, text) for name, text in (await self._control.personas()).items()]

    async def model(self, invocation: Invocation, place: Place) -> Answer:
        if "@agent" not in invocation.given:
            sources = await self._control.look_at_models()
            return Answer("\n".join(_source_line(source) for source in sources) + "\n\n`/model @agent model` changes one.")
        agent = find_agent(invocation.given["@agent"], self._agents())
        before = self._control.setup(agent.id).model
        if before is None:
            raise InvalidInput(f"{agent.name} is a {agent.kind} agent: it has no model.", hint="/model lists the models.")
        wanted = invocation.given.get("model", "").strip()
        if not wanted:
            return Answer(f"{_bold(agent.name)} is driven by {_model(before)}.")
        wanted = "" if wanted.lower() == _AUTOMATIC else wanted
        await self._check_model(agent, wanted)
        await self._control.change_setup(agent.id, model=wanted, actor=place.actor)

        async def back() -> None:
            await self._control.change_setup(agent.id, model=before, actor=place.actor)

        undoable = Undoable(f"The model of {agent.name} was changed.", back, UNDO_SECONDS)
        return Answer(
            f"{_bold(agent.name)} is driven by {_model(wanted)} now, before that by {_model(before)}.", undoable=undoable
        )

    async def _check_model(self, agent: TalkAgent, wanted: str) -> None:
        # A coding agent knows its own models; ours are looked at before anything is changed.
        if not wanted or agent.kind == "coder":
            return
        try:
            await self._control.check_model(wanted)
        except NotFound as unknown:
            names = [choice.text for choice in self._model_choices()]
            raise InvalidInput(unknown.message, hint=nearest(wanted, names, "There are"), code="no_such_model") from None

    async def persona(self, invocation: Invocation, place: Place) -> Answer:
        agent = find_agent(invocation.given["@agent"], self._agents())
        before = self._control.setup(agent.id).persona
        if before is None:
            raise InvalidInput(f"{agent.name} is a {agent.kind} agent: it plays no persona.", hint="Assistants do.")
        await self.load()
        known = {choice.text: choice.help for choice in self._personas}
        wanted = invocation.given.get("persona", "").lower()
        if not wanted:
            listed = "\n".join(f"- `{name}` {escape_markdown(text)}" for name, text in known.items())
            return Answer(f"{_bold(agent.name)} is {_code(before)}. There are:\n\n{listed}")
        if wanted not in known:
            raise InvalidInput(
                f"There is no persona {wanted!r}.", hint=nearest(wanted, known, "There are"), code="no_such_persona"
            )
        await self._control.change_setup(agent.id, persona=wanted, actor=place.actor)

        async def back() -> None:
            await self._control.change_setup(agent.id, persona=before, actor=place.actor)

        undoable = Undoable(f"The persona of {agent.name} was changed.", back, UNDO_SECONDS)
        return Answer(f"{_bold(agent.name)} is {_code(wanted)} now, before that {_code(before)}.", undoable=undoable)

    async def budget(self, invocation: Invocation, place: Place) -> Answer:
        if "@agent" not in invocation.given:
            everybody = f"- **All together:** {_spending_words(self._control.spending())}"
            each = [f"- {_bold(a.name)}: {_spending_words(self._control.spending(a.id))}" for a in self._agents()]
            return Answer("\n".join(["Used today (UTC):", "", everybody, *each]))
        agent = find_agent(invocation.given["@agent"], self._agents())
        words = invocation.words("limits")
        if not words:
            return Answer(f"{_bold(agent.name)} used today (UTC): {_spending_words(self._control.spending(agent.id))}")
        before = self._control.spending(agent.id)
        await self._control.limit(agent.id, _limits(words), actor=place.actor)

        async def back() -> None:
            old = {"day_tokens": before.most_tokens, "day_cost": before.most_cost}
            await self._control.limit(agent.id, old, actor=place.actor)

        undoable = Undoable(f"The limits of {agent.name} were changed.", back, UNDO_SECONDS)
        return Answer(f"{_bold(agent.name)}, today: {_spending_words(self._control.spending(agent.id))}", undoable=undoable)

    def _model_choices(self) -> list[Choice]:
        found = [Choice(_AUTOMATIC, "the order of the settings decides")]
        for source in self._control.models():
            if source.state == "unconfigured":
                continue
            how = "demonstration model" if source.demonstration else source.state
            found.append(Choice(source.name, f"{how}, {source.default_model or 'its usual model'}"))
            found += [Choice(f"{source.name}/{model}", f"{source.name}, {how}") for model in source.models]
        return found


def _source_line(source: ModelSource) -> str:
    words = [f"- **{escape_markdown(source.name)}:** {source.state if source.state != 'unconfigured' else 'not set up'}"]
    if source.reason:
        words.append(f" ({escape_markdown(source.reason.rstrip('.'))})")
    if source.demonstration:
        words.append(", a demonstration model: its answers are often wrong")
    if source.models:
        more = f" and {len(source.models) - _LISTED} more" if len(source.models) > _LISTED else ""
        words.append(f"; models {', '.join(map(_code, source.models[:_LISTED]))}{more}")
    return "".join(words)


def _spending_words(spending: Spending) -> str:
    tokens = f"{spending.tokens:,} tokens"
    if spending.most_tokens is not None:
        tokens += f" of {spending.most_tokens:,} ({max(0, spending.most_tokens - spending.tokens):,} left)"
    cost = f"${spending.cost:.2f}"
    if spending.most_cost is not None:
        cost += f" of ${spending.most_cost:.2f} (${max(0.0, spending.most_cost - spending.cost):.2f} left)"
    unpriced = f"; the price of {spending.unpriced:,} requests is not known" if spending.unpriced else ""
    no_limit = ", no limit of its own" if spending.most_tokens is None and spending.most_cost is None else ""
    return f"{tokens}, {cost}{unpriced}{no_limit}."


def _limits(words: Sequence[str]) -> dict[str, float | None]:
    if [word.lower() for word in words] == ["off"]:
        return {"day_tokens": None, "day_cost": None}
    found: dict[str, float | None] = {}
    for word in words:
        match = _LIMIT.fullmatch(word)
        if match is None:
            raise InvalidInput(f"{word!r} is no limit.", hint=_LIMIT_HINT, code="bad_argument")
        name = f"day_{match[1].lower()}"
        if name in found:
            raise InvalidInput(f"{match[1]} is given twice.", hint=_LIMIT_HINT, code="bad_argument")
        found[name] = _amount(name, match[2])
    return found


def _amount(name: str, text: str) -> float | None:
    if text.lower() == "off":
        return None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{text!r} is no amount.", hint=_LIMIT_HINT, code="bad_argument")
    value = float(match[1].replace(",", "").replace("_", "")) * {"k": 1e3, "m": 1e6}.get(match[2].lower(), 1)
    if value <= 0:
        raise InvalidInput("A limit is more than nothing.", hint="/pause lets an agent rest.", code="bad_argument")
    if name == "day_tokens" and value != int(value):
        raise InvalidInput(f"{text!r} is no whole number of tokens.", hint=_LIMIT_HINT, code="bad_argument")
    return int(value) if name == "day_tokens" else value


def _model(name: str) -> str:
    return _code(name) if name else "what the order of the settings gives"


def _bold(name: str) -> str:
    return f"**{escape_markdown(name)}**"


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`"
