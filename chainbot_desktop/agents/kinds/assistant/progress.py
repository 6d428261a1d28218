"""What is kept of a task on its way, so that after a crash it goes on from there and no tool is carried out twice.

A call is noted before it is carried out and its result afterwards. A call that was noted and has no result may have had its effect
already: it is not repeated, and the model is told to look.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelRequest, ModelResponse, ToolCallPart, UserPromptPart

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.core.errors import Conflict


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to; `failed` where the model is to read it as a failure."""

    text: str
    failed: bool = False


_UNKNOWN = Outcome("The program ended while this was carried out: look whether it had its effect before you do it again.", True)


class Progress:
    """Of one run. Only the calls of the newest answer are remembered by name: those before it are in the messages."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._answer = ""
        self._calls: dict[str, Outcome | None] = {}
        self._heard: list[str] = []
        self._messages: Sequence[ModelMessage] = ()
        self.requests = 0

    async def recall(self) -> list[ModelMessage] | None:
        """The exchange up to where an earlier life of the program came; None where this run begins now."""
        kept = await self._run.history()
        if kept is None:
            return None
        try:
            head, _, body = kept.partition(b"\n")
            found = json.loads(head)
            messages = ModelMessagesTypeAdapter.validate_json(body)
            calls = {name: Outcome(**outcome) if outcome else _UNKNOWN for name, outcome in found["calls"].items()}
            self._answer, self._heard, self.requests = str(found["answer"]), list(found["heard"]), int(found["requests"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Conflict(
                "What was kept of this task cannot be read by this version.", hint="Give the task again.", code="unreadable_history"
            ) from None
        self._calls, self._messages = {**calls}, messages
        return messages

    def outcome(self, messages: Sequence[ModelMessage], call_id: str) -> Outcome | None:
        """What is known of this call of the newest answer: then it must not be carried out."""
        self._turn_to(messages)
        return self._calls.get(call_id)

    async def begin(self, messages: Sequence[ModelMessage], call_id: str, requests: int) -> None:
        """Durable on return."""
        self._turn_to(messages)
        self._messages, self.requests = messages, requests
        self._calls[call_id] = None
        await self._save()

    async def end(self, call_id: str, outcome: Outcome) -> None:
        self._calls[call_id] = outcome
        await self._save()

    async def keep(self, messages: Sequence[ModelMessage], requests: int) -> None:
        """Before a human is waited for."""
        self._turn_to(messages)
        self._messages, self.requests = messages, requests
        await self._save()

    def hear(self, texts: Sequence[str]) -> None:
        """Said to the agent meanwhile, and not yet in the messages. Kept with what is kept next."""
        self._heard.extend(texts)

    @property
    def unsaid(self) -> str:
        """What was heard and the model has not been told: not for a life of the program that tells it by itself."""
        return "\n\n".join(self._heard)

    def _turn_to(self, messages: Sequence[ModelMessage]) -> None:
        answer = newest_answer(messages)
        if answer != self._answer:
            self._answer = answer
            self._calls.clear()
            self._heard.clear()  # this answer was given with them in sight

    async def _save(self) -> None:
        head = {
            "answer": self._answer,
            "calls": {name: asdict(outcome) if outcome is not None else None for name, outcome in self._calls.items()},
            "heard": self._heard,
            "requests": self.requests,
        }
        body = ModelMessagesTypeAdapter.dump_json(list(self._messages))
        await self._run.save_history(json.dumps(head).encode() + b"\n" + body)


def newest_answer(messages: Sequence[ModelMessage]) -> str:
    """A name for the model's last answer that stays the same over a restart."""
    return next((message.timestamp.isoformat() for message in reversed(messages) if isinstance(message, ModelResponse)), "")


def own_call_id(messages: Sequence[ModelMessage], call_id: str) -> str:
    """Some servers count their calls anew in each answer: an approval of one must not be taken for the next."""
    return f"{call_id[:100]}.{sha256(newest_answer(messages).encode()).hexdigest()[:8]}"


def open_calls(messages: Sequence[ModelMessage]) -> list[ToolCallPart]:
    """The calls of the model's last answer that have no result yet."""
    answered: set[str] = set()
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            return [part for part in message.parts if isinstance(part, ToolCallPart) and part.tool_call_id not in answered]
        if isinstance(message, ModelRequest):
            answered.update(part.tool_call_id or "" for part in message.parts if not isinstance(part, UserPromptPart) and hasattr(part, "tool_call_id"))
    return []
