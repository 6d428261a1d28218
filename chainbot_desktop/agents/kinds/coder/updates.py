"""What a coding agent tells while it works, handed on to the run: its words, thoughts, tool calls and plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acp import schema
from pydantic import ValidationError

from chainbot_desktop.agents.kinds.coder.showing import command_of, difference, diffs_of, paths_of, raw_text, text_of, words_of
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.tools.shown import cut, line
from chainbot_desktop.core.errors import TooLarge

_DETAIL = 20_000
_ENTRIES = 200
_COMMANDS = 500
_CALLS_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class CoderCommand:
    """A slash command that the coding agent offers; `hint` is what it takes."""

    name: str
    description: str
    hint: str = ""


class Updates:
    """Of one session. Takes each update at once, in their order."""

    def __init__(self, log: AgentLog) -> None:
        self._log = log
        self._titles: dict[str, str] = {}
        self._shown: set[str] = set()
        self._malformed = 0
        self.commands: tuple[CoderCommand, ...] = ()
        self.cost: float | None = None
        """US dollars of the whole session, as it said last."""

    def take(self, params: Any, session_id: str, turn: Turn | None) -> None:
        """`turn` is None between tasks and while an old session is loaded: what it repeats then was told before."""
        try:
            notification = schema.SessionNotification.model_validate(params)
        except ValidationError as error:
            self._note_malformed(error)
            return
        if notification.session_id != session_id:
            return
        update = notification.update
        if isinstance(update, schema.AvailableCommandsUpdate):
            self.commands = tuple(_command(command) for command in update.available_commands[:_COMMANDS])
        elif isinstance(update, schema.UsageUpdate):
            if update.cost is not None and update.cost.currency.upper() == "USD":
                self.cost = update.cost.amount
        elif turn is not None:
            self._tell(update, turn)

    def _tell(self, update: Any, turn: Turn) -> None:
        if isinstance(update, schema.AgentMessageChunk):
            turn.say(text_of(update.content))
        elif isinstance(update, schema.AgentThoughtChunk):
            turn.run.stream(text_of(update.content), channel="thinking")
        elif isinstance(update, schema.ToolCallStart):
            self._begin(update, turn)
        elif isinstance(update, schema.ToolCallProgress):
            self._go_on(update, turn)
        elif isinstance(update, schema.AgentPlanUpdate):
            turn.run.plan([(line(entry.content, 500), entry.status) for entry in update.entries[:_ENTRIES]])

    def _begin(self, call: schema.ToolCallStart, turn: Turn) -> None:
        turn.set_apart()
        title = self._titled(call.tool_call_id, call.title or call.kind or "")
        turn.run.step(title, detail=self._detail(call))

    def _go_on(self, call: schema.ToolCallProgress, turn: Turn) -> None:
        title = self._titled(call.tool_call_id, call.title or "")
        if call.status == "failed":
            turn.run.step(f"{title} failed", detail=cut(words_of(call) or raw_text(call.raw_output), _DETAIL))
        elif diffs_of(call) and call.tool_call_id not in self._shown:
            turn.run.step(title, detail=self._detail(call))

    def _detail(self, call: schema.ToolCall | schema.ToolCallUpdate) -> str:
        diffs = diffs_of(call)
        if diffs:
            self._shown.add(call.tool_call_id)
            return cut("\n".join(_difference(diff) for diff in diffs), _DETAIL)
        said = command_of(call.raw_input) or raw_text(call.raw_input) or "\n".join(paths_of(call))
        return cut(said, _DETAIL)

    def _titled(self, call_id: str, title: str) -> str:
        """Its title, or the one that this call had before."""
        known = self._titles.get(call_id, "A tool call")
        if title.strip():
            known = line(title.strip(), 500)
            self._titles[call_id] = known
        if len(self._titles) > _CALLS_KNOWN:
            oldest = next(iter(self._titles))
            del self._titles[oldest]
            self._shown.discard(oldest)
        return known

    def _note_malformed(self, error: ValidationError) -> None:
        self._malformed += 1
        if self._malformed == 1:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            self._log.add("system", f"It sends updates that are not of the protocol ({place[:200]}: {first['msg']}).")


def _difference(diff: schema.Diff) -> str:
    try:
        return difference(diff)
    except TooLarge as error:
        return error.message


def _command(command: schema.AvailableCommand) -> CoderCommand:
    hint = command.input.root.hint if command.input is not None else ""
    return CoderCommand(line(command.name, 100), line(command.description, 500), line(hint, 200))
