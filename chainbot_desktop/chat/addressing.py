"""Who a message is for: `@name` in it, or the agent that leads the conversation. Pure; asking them is `agent_answers`' business."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ports import TalkAgent

_AT = re.compile(r"(?<![^\s(\[{,;:])@(?=[^\s@])")
_QUOTED = re.compile(r'"([^"\n]{1,200})"')
_BARE = re.compile(r"\w(?:[\w.-]*\w)?")
_CODE = re.compile(r"(`{3,}|~{3,}).*?(?:\1|\Z)|`[^`\n]*`", re.DOTALL)
_AFTER_NAME = re.compile(r"^[\s,;:]+")
_BETWEEN = re.compile(r"[\s,;:]*(?:and\s+(?=@))?")
_TYPED = re.compile(r'(?:^|(?<=[\s(\[{,;:]))@("?)([^\n"@]{0,200})$')
_MOST_OFFERED = 20
_MOST_NAMES = 500
"""Signs `@` of one message that are looked at: a pasted list of addresses is none of names."""


EVERYBODY = TalkAgent("@all", "all", "", "idle")
"""Stands for whom `@all` means."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """`task` is what the agents are to do, without the names at its beginning; `unknown` are names there that nobody has."""

    agents: tuple[TalkAgent, ...]
    unknown: tuple[str, ...]
    task: str
    by_turn: bool = False
    """It names nobody, and these are who answers then."""


@dataclass(frozen=True, slots=True)
class _Mention:
    start: int
    end: int
    name: str
    agent: TalkAgent | None


def addressed(text: str, agents: Sequence[TalkAgent], everybody: Sequence[TalkAgent] = ()) -> Addressed:
    """Names at the beginning address; without such, names anywhere in it do. In code an `@` is code.

    An unknown name counts at the beginning alone: further on it may be anything, a decorator or a person. `@all` is `everybody`,
    unless somebody is called that.
    InvalidInput where there are names and nothing to do.
    """
    named_all = any(agent.name.casefold() == EVERYBODY.name for agent in agents)
    mentions = _mentions(text, agents if named_all or not everybody else [*agents, EVERYBODY])
    leading, rest = _leading(text, mentions)
    if not leading:
        return Addressed(_unique(mentions, everybody), (), text)
    named = _unique(leading, everybody)
    unknown = tuple(dict.fromkeys(mention.name for mention in leading if mention.agent is None))
    task = text[rest:].strip()
    if named and not task:
        raise InvalidInput(
            f"Say what {named[0].name} should do.",
            hint=f"For example {at_name(named[0].name)} what did you do last?",
            code="empty_task",
        )
    return Addressed(named, unknown, task)


def requests_in(text: str, agents: Sequence[TalkAgent]) -> list[tuple[TalkAgent, str]]:
    """What a text asks of agents: from a name that begins a line on to the next such name. Each agent once, in order."""
    mentions = _mentions(text, agents)
    groups: list[tuple[list[TalkAgent], int, int]] = []
    for mention in mentions:
        if mention.agent is None:
            continue
        goes_on = bool(groups) and _BETWEEN.fullmatch(text[groups[-1][2] : mention.start]) is not None
        if goes_on and "\n" not in text[groups[-1][2] : mention.start]:
            groups[-1] = ([*groups[-1][0], mention.agent], groups[-1][1], mention.end)
        elif not text[text.rfind("\n", 0, mention.start) + 1 : mention.start].strip():
            groups.append(([mention.agent], mention.start, mention.end))
    asked: dict[str, tuple[TalkAgent, str]] = {}
    for index, (named, _, end) in enumerate(groups):
        until = groups[index + 1][1] if index + 1 < len(groups) else len(text)
        task = _AFTER_NAME.sub("", text[end:until], count=1).strip()
        for agent in named if task else ():
            before = asked[agent.id][1] + "\n\n" if agent.id in asked else ""
            asked[agent.id] = (agent, before + task)
    return list(asked.values())


def named_in(text: str, agents: Sequence[TalkAgent]) -> list[TalkAgent]:
    """The agents whose names stand in a text that is still being written: a name counts when something follows it."""
    mentions = _mentions(text, agents)
    return list({m.agent.id: m.agent for m in mentions if m.agent is not None and m.end < len(text)}.values())


def find_agent(name: str, agents: Sequence[TalkAgent]) -> TalkAgent:
    """The agent of this name or id, with or without its `@`; InvalidInput names the closest one."""
    wanted = name.removeprefix("@").strip('"').casefold()
    for agent in agents:
        if wanted in (agent.name.casefold(), agent.id.casefold()):
            return agent
    raise InvalidInput(f"There is no agent {name!r} here.", hint=who_there_is(wanted, agents), code="no_such_agent")


def who_there_is(name: str, agents: Sequence[TalkAgent]) -> str:
    """The hint for a name that nobody has."""
    if not agents:
        return "No agent runs here yet: /spawn starts one."
    names = {agent.name.casefold(): agent.name for agent in agents}
    close = get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {at_name(names[close[0]])}?"
    shown = [at_name(agent.name) for agent in agents[:12]]
    return f"There are {', '.join(shown)}{' and more; /agents lists them' if len(agents) > 12 else ''}."


def at_name(name: str) -> str:
    """How a name is written in a message so that it is surely found again."""
    return f"@{name}" if _BARE.fullmatch(name) or '"' in name else f'@"{name}"'


def complete_mention(text: str, caret: int, agents: Sequence[TalkAgent]) -> list[Completion]:
    """What an `@` that is being typed before `caret` may become: agents that take tasks, those that begin so first."""
    match = _TYPED.search(text[:caret])
    if match is None:
        return []
    typed = match[2].casefold()
    fitting = [agent for agent in agents if agent.takes_tasks and typed in agent.name.casefold()]
    fitting.sort(key=lambda agent: (not agent.name.casefold().startswith(typed), agent.name.casefold()))
    if EVERYBODY.name.startswith(typed) and _can_mean_all(agents):
        fitting = [*fitting[: _MOST_OFFERED - 1], EVERYBODY]
    start = match.start()
    return [_completion(agent, text[:start], text[caret:]) for agent in fitting[:_MOST_OFFERED]]


def _can_mean_all(agents: Sequence[TalkAgent]) -> bool:
    takers = [agent for agent in agents if agent.takes_tasks and not agent.guest]
    return len(takers) > 1 and all(agent.name.casefold() != EVERYBODY.name for agent in agents)


def _completion(agent: TalkAgent, before: str, after: str) -> Completion:
    head = f"{before}{at_name(agent.name)} "
    return Completion(head + after.removeprefix(" "), at_name(agent.name), _about(agent), len(head))


def _about(agent: TalkAgent) -> str:
    if agent is EVERYBODY:
        return "everybody in this conversation"
    if agent.guest:
        return "guest of ALEX OS"
    doing = agent.activity or agent.waiting_for
    return f"{agent.kind}, {agent.state}" + (f": {doing}" if doing else "")


def _mentions(text: str, agents: Sequence[TalkAgent]) -> list[_Mention]:
    prose = _CODE.sub(lambda code: "\0" * len(code[0]), text)
    by_length = sorted(agents, key=lambda agent: -len(agent.name))
    found: list[_Mention] = []
    for at in islice(_AT.finditer(prose), _MOST_NAMES):
        mention = _mention_at(text, at.start(), by_length)
        if mention is not None:
            found.append(mention)
    return found


def _mention_at(text: str, at: int, by_length: Sequence[TalkAgent]) -> _Mention | None:
    quoted = _QUOTED.match(text, at + 1)
    if quoted is not None:
        agent = next((a for a in by_length if a.name.casefold() == quoted[1].strip().casefold()), None)
        return _Mention(at, quoted.end(), quoted[1], agent)
    for agent in by_length:
        end = at + 1 + len(agent.name)
        if text[at + 1 : end].casefold() == agent.name.casefold() and not _goes_on(text, end):
            return _Mention(at, end, agent.name, agent)
    bare = _BARE.match(text, at + 1)
    return _Mention(at, bare.end(), bare[0], None) if bare is not None else None


def _goes_on(text: str, end: int) -> bool:
    """Whether a word goes on at `end`: `@test` is not meant by `@tests`, nor by `@test-runner`."""
    return re.match(r"\w|[.-]\w", text[end : end + 2]) is not None


def _leading(text: str, mentions: Sequence[_Mention]) -> tuple[list[_Mention], int]:
    """The mentions with which the text begins, and where what follows them begins."""
    leading: list[_Mention] = []
    position = len(text) - len(text.lstrip())
    for mention in mentions:
        if mention.start != position:
            break
        leading.append(mention)
        gap = _BETWEEN.match(text, mention.end)
        position = gap.end() if gap is not None else mention.end
    return leading, position


def _unique(mentions: Iterable[_Mention], everybody: Sequence[TalkAgent]) -> tuple[TalkAgent, ...]:
    named: dict[str, TalkAgent] = {}
    for mention in mentions:
        if mention.agent is not None:
            named |= {agent.id: agent for agent in (everybody if mention.agent is EVERYBODY else (mention.agent,))}
    return tuple(named.values())
