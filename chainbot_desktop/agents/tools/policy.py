"""What agents' tools may do: allow, ask a human, or deny. Pure rules over canonical targets, the same whatever their order.

Of the rules that meet a target the most specific wins: first by the tool that it names, then by its pattern, then by where it is
from (the agent's own over the settings', these over what is built in), and among equals the stricter one. A denial that meets a
target is final, however specific anything else is. What no rule meets is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from chainbot_desktop.agents.tools.patterns import Target, meets, names_host, weight
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.settings import ToolRule

Action = Literal["allow", "ask", "deny"]
_STRICTNESS: Mapping[Action, int] = {"allow": 0, "ask": 1, "deny": 2}

NETWORK = "network"
"""What a confined command is judged as, besides itself, when it wants the network."""


class Source(IntEnum):
    """Where a rule is from; a higher one wins between rules that are equally specific."""

    BUILT_IN = 0
    SETTINGS = 1
    AGENT = 2


_SOURCE_WORDS = {Source.BUILT_IN: "built in", Source.SETTINGS: "settings", Source.AGENT: "agent"}


@dataclass(frozen=True, slots=True)
class SourcedRule:
    rule: ToolRule
    source: Source

    def __str__(self) -> str:
        return f"{self.rule.action} {self.rule.tool} {self.rule.pattern} ({_SOURCE_WORDS[self.source]})"

    def covers(self, tool: str, target: Target) -> bool:
        return fnmatchcase(tool, self.rule.tool) and meets(self.rule.pattern, target, wide=self.rule.action != "allow")

    @property
    def rank(self) -> tuple[tuple[int, int], tuple[int, int], int, int]:
        return weight(self.rule.tool), weight(self.rule.pattern), int(self.source), _STRICTNESS[self.rule.action]


@dataclass(frozen=True, slots=True)
class Decision:
    """`rule` in words, for a card and the journal; `by_default` where nobody but the program itself said so."""

    action: Action
    rule: str
    by_default: bool


def _allow(*tools: str) -> tuple[ToolRule, ...]:
    return tuple(ToolRule(tool=tool, action="allow") for tool in tools)


BUILT_IN: tuple[ToolRule, ...] = (
    ToolRule(action="ask"),
    *_allow("list_files", "read_file", "search_files", "git_status", "git_diff", "git_log"),
    *_allow("query_journal", "send_message", "read_notes", "append_note"),
)
"""Reading inside the workspace, the journal and talking along existing links are allowed; everything else is asked."""


class AgentPolicy(BaseModel):
    """The `policy` of an agent's configuration or of a persona."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[ToolRule, ...] = ()


class Policy:
    """The rules of one agent."""

    def __init__(self, settings: Sequence[ToolRule] = (), agent: Sequence[ToolRule] = ()) -> None:
        sources = ((BUILT_IN, Source.BUILT_IN), (settings, Source.SETTINGS), (agent, Source.AGENT))
        self._rules = tuple(SourcedRule(rule, source) for rules, source in sources for rule in rules)

    def decide(self, tool: str, targets: Sequence[Target]) -> Decision:
        """What is said to a call that reaches all of `targets`: the strictest of what is said to each."""
        decisions = [self._decide_one(target.tool or tool, target) for target in targets]
        return max(decisions, key=lambda decision: _STRICTNESS[decision.action])

    def denies_altogether(self, tool: str) -> bool:
        """Whether there is nothing that the tool could be called with."""
        return any(
            sourced.rule.action == "deny" and sourced.rule.pattern == "*" and fnmatchcase(tool, sourced.rule.tool)
            for sourced in self._rules
        )

    def names_host(self, tool: str, host: str, port: int) -> bool:
        """Whether a person allowed (or wants to be asked for) this very host and port."""
        return any(
            sourced.source is not Source.BUILT_IN
            and sourced.rule.action != "deny"
            and fnmatchcase(tool, sourced.rule.tool)
            and names_host(sourced.rule.pattern, host, port)
            for sourced in self._rules
        )

    def _decide_one(self, tool: str, target: Target) -> Decision:
        met = [sourced for sourced in self._rules if sourced.covers(tool, target)]
        winner = max(met, key=lambda sourced: (sourced.rule.action == "deny", sourced.rank))
        return Decision(winner.rule.action, str(winner), winner.source is Source.BUILT_IN)


def agent_rules(policy: Mapping[str, Any]) -> tuple[ToolRule, ...]:
    """The rules of an agent's `policy`; InvalidInput says what is wrong with it."""
    try:
        return AgentPolicy.model_validate(policy).rules
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"The agent's policy is wrong at {place or 'its top'}: {first['msg']}.",
            hint='It looks like {"rules": [{"tool": "run_command", "pattern": "git status *", "action": "allow"}]}.',
        ) from None
