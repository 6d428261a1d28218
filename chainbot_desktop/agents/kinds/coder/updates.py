"""What a coding agent tells while it works, handed on to the run: its words, thoughts, tool calls and plan."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from acp import schema
from pydantic import ValidationError

from chainbot_desktop.agents.kinds.coder.choosing import mode_of
from chainbot_desktop.agents.kinds.coder.showing import command_of, difference, diffs_of, paths_of, raw_text, text_of, words_of
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.tools.shown import cut, line
from chainbot_desktop.core.errors import TooLarge
from chainbot_desktop.core.ports import AgentCommand

_DETAIL = 20_000
"""Characters."""
_ROWS = 400
"""More of one step would push everything else out of the agent's log."""
_ENTRIES = 200
_COMMANDS = 500
_CALLS_KNOWN = 1000


class Updates:
    """Of one session. Takes each update at once, in their order."""

    def __init__(self, log: AgentLog) -> None:
        self._log = log
        self._titles: dict[str, str] = {}
        self._shown: set[str] = set()
        self._malformed = 0
        self.commands: tuple[AgentCommand, ...] = ()
        self.offered = asyncio.Event()
        """It has told its commands."""
        self.mode = ""
        """The mode that it works in, by its id; empty where it has none."""
        self.cost: float | None = None
        """US dollars of the whole session, as it said last."""

    def take(self, params: Any, session_id: str, turn: Turn | None) -> None:
        """`turn` is None between tasks and while an old session is loaded: what it repeats then was told before."""
        try:
            notification = schema.SessionNotification.model_validate(params)
        except ValidationError as error:
            self._note_malformed(error)
            return
        if session_id and notification.session_id != session_id:
            return  # with no session yet, it is of the one that is about to be
        update = notification.update
        if isinstance(update, schema.AvailableCommandsUpdate):
            self.commands = tuple(_command(command) for command in update.available_commands[:_COMMANDS])
            self.offered.set()
        elif isinstance(update, schema.UsageUpdate):
            if update.cost is not None and update.cost.currency.upper() == "USD":
                self.cost = update.cost.amount
        elif isinstance(update, schema.CurrentModeUpdate):
            self._change_mode(line(update.current_mode_id, 200))
        elif isinstance(update, schema.ConfigOptionUpdate):
            self._change_mode(mode_of(None, update.config_options) or self.mode)
        elif turn is not None:
            self._tell(update, turn)

    def _change_mode(self, mode: str) -> None:
        if mode != self.mode:
            self._log.add("system", f"It works in the mode {mode!r} now.")
        self.mode = mode

    def _tell(self, update: Any, turn: Turn) -> None:
        if isinstance(update, schema.AgentMessageChunk):
            turn.say(text_of(update.content))
        elif isinstance(update, schema.AgentThoughtChunk):
            turn.think(text_of(update.content))
        elif isinstance(update, schema.ToolCallStart):
            self._begin(update, turn)
        elif isinstance(update, schema.ToolCallProgress):
            self._go_on(update, turn)
        elif isinstance(update, schema.AgentPlanUpdate):
            turn.plan([(line(entry.content, 500), entry.status) for entry in update.entries[:_ENTRIES]])

    def _begin(self, call: schema.ToolCallStart, turn: Turn) -> None:
        turn.set_apart()
        title = self._titled(call.tool_call_id, call.title or call.kind or "")
        turn.step(title, detail=self._detail(call))

    def _go_on(self, call: schema.ToolCallProgress, turn: Turn) -> None:
        title = self._titled(call.tool_call_id, call.title or "")
        if call.status == "failed":
            turn.step(f"{title} failed", detail=_shown(words_of(call) or raw_text(call.raw_output)))
        elif diffs_of(call) and call.tool_call_id not in self._shown:
            turn.step(title, detail=self._detail(call))

    def _detail(self, call: schema.ToolCall | schema.ToolCallUpdate) -> str:
        diffs = diffs_of(call)
        if diffs:
            self._shown.add(call.tool_call_id)
            return _shown(_differences(diffs))
        said = command_of(call.raw_input) or raw_text(call.raw_input) or "\n".join(paths_of(call))
        return _shown(said)

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


def _differences(diffs: Sequence[schema.Diff]) -> str:
    """No more of them than are shown."""
    found: list[str] = []
    for diff in diffs:
        try:
            found.append(difference(diff, brief=True))
        except TooLarge as error:
            found.append(error.message)
        if sum(map(len, found)) > _DETAIL:
            break
    left_out = len(diffs) - len(found)
    return "\n".join(found) + (f"\n… and {left_out} more files" if left_out else "")


def _shown(text: str) -> str:
    rows = text.split("\n")
    left_out = len(rows) - _ROWS
    if left_out > 0:
        rows[_ROWS * 3 // 4 : -(_ROWS // 4)] = [f"… {left_out} lines left out …"]
    return cut("\n".join(rows), _DETAIL)


def _command(command: schema.AvailableCommand) -> AgentCommand:
    hint = command.input.root.hint if command.input is not None else ""
    return AgentCommand(line(command.name, 100), line(command.description, 500), line(hint, 200))
