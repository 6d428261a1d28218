"""Tools with which an agent reaches others: entangled agents, their shared notes, and the human."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from chainbot_desktop.agents.kind import AgentContext, Conversations, Run
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.plan import Arguments, Plan, described, parsed
from chainbot_desktop.agents.tools.shown import line, plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo
from chainbot_desktop.core.errors import ChainBotError

_TEXT_LIMIT = 64 * 1024


class _MessageArguments(Arguments):
    recipient: str = Field(min_length=1, max_length=200, description="Name or id of an agent that you are entangled with.")
    text: str = Field(min_length=1, max_length=_TEXT_LIMIT)


class _NoArguments(Arguments):
    pass


class _NoteArguments(Arguments):
    text: str = Field(min_length=1, max_length=_TEXT_LIMIT, description="The note; the others of the link read it.")


class _QuestionArguments(Arguments):
    question: str = Field(min_length=1, max_length=8192, description="The question, with all that is needed to answer it.")


class SendMessage:
    def __init__(self, context: AgentContext, conversations: Conversations) -> None:
        self._context = context
        self._conversations = conversations

    @property
    def info(self) -> ToolInfo:
        return described("send_message", "Send a message to an agent that you are entangled with.", _MessageArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_MessageArguments, arguments)

        async def carry_out() -> str:
            try:
                told = await self._conversations.tell(self._context.agent_id, wanted.recipient, wanted.text, run_id=run.row.id)
            except ChainBotError as error:
                raise ToolFailed(str(error)) from None
            return told.note or f"Delivered to {wanted.recipient}."

        title = line(f"Tell {wanted.recipient}")
        return _plan(wanted.recipient, title, wanted.text, carry_out)


class ReadNotes:
    def __init__(self, context: AgentContext, conversations: Conversations) -> None:
        self._context = context
        self._conversations = conversations

    @property
    def info(self) -> ToolInfo:
        return described("read_notes", "Read the notes shared with the agents of your data links.", _NoArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        parsed(_NoArguments, arguments)

        async def carry_out() -> str:
            try:
                return await self._conversations.notebook(self._context.agent_id) or "[no notes yet]"
            except ChainBotError as error:
                raise ToolFailed(str(error)) from None

        return _plan("notes", "Read the shared notes", "", carry_out)


class AppendNote:
    def __init__(self, context: AgentContext, conversations: Conversations) -> None:
        self._context = context
        self._conversations = conversations

    @property
    def info(self) -> ToolInfo:
        return described("append_note", "Append to the notes shared with the agents of your data links.", _NoteArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_NoteArguments, arguments)

        async def carry_out() -> str:
            try:
                await self._conversations.note(self._context.agent_id, wanted.text, run_id=run.row.id)
            except ChainBotError as error:
                raise ToolFailed(str(error)) from None
            return "Noted."

        return _plan("notes", "Append to the shared notes", wanted.text, carry_out)


class AskHuman:
    """A question is an approval whose answer is the result: durable, on every panel, answered once."""

    @property
    def info(self) -> ToolInfo:
        return described("ask_human", "Ask the human a question and wait for the answer.", _QuestionArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_QuestionArguments, arguments)

        async def carry_out() -> str:
            raise RuntimeError("a question is answered by its approval")

        return Plan(
            targets=(Target("name", ("human",)),),
            title="A question for you",
            detail=plain(wanted.question),
            detail_kind="question",
            carry_out=carry_out,
            question=True,
        )


def _plan(target: str, title: str, detail: str, carry_out: Any) -> Plan:
    return Plan(
        targets=(Target("name", (target,)),),
        title=title,
        detail=plain(detail),
        detail_kind="text",
        carry_out=carry_out,
        scope=f"tell:{target}",
    )
