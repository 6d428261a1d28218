"""Answers while they are written, for those who have the chat open.

What a client was told of an answer is a position in its text. The next frame is made when the client can take one, from there on: a
slow client gets larger pieces, and nothing is dropped, repeated or kept for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from api.conversation_documents import activity_document
from api.websocket.connection import Connection
from api.websocket.frames import ALL, frame
from chainbot_desktop.chat.agent_answers import AgentAnswers
from chainbot_desktop.chat.answer_stream import AnswerStream

RESPONSE, ACTIVITY = "agent_response", "chat_activity"
CHAT = "chat"
_MOST_TEXT = 128 * 1024
"""Characters in one frame; the others come with the next."""


@dataclass(slots=True)
class _Told:
    """What a client knows of an answer: so many of its characters, and how it was. `frames` counts what it was sent of it."""

    stream: AnswerStream
    length: int = 0
    frames: int = 0
    state: tuple[str, ...] = ()


@dataclass(slots=True)
class _Account:
    """Of one client. `due` are the runs, then the conversations, that have to be looked at."""

    runs: dict[str, _Told] = field(default_factory=dict)
    activities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    due_runs: dict[str, None] = field(default_factory=dict)
    due_conversations: dict[str, None] = field(default_factory=dict)


class AnswerFeed:
    """Use on the loop's thread. `AgentAnswers` tells of changes 20 times a second at most: so often is an account looked through."""

    def __init__(self, answers: AgentAnswers, connections: Callable[[], Iterable[Connection]]) -> None:
        self._answers = answers
        self._connections = connections
        self._accounts: WeakKeyDictionary[Connection, _Account] = WeakKeyDictionary()
        self._cancel: Callable[[], None] | None = None

    def open(self) -> None:
        self._cancel = self._answers.on_change(self._on_change)

    def close(self) -> None:
        if self._cancel is not None:
            self._cancel()

    def begin(self, connection: Connection) -> None:
        """Tell a client of everything, from the text so far on; also one that starts over."""
        if connection.window in (CHAT, ALL):
            self._accounts[connection] = account = _Account()
            connection.source = lambda: self._next(connection, account)
            self._mark(account, self._answers.streams)
            connection.look()

    def _on_change(self) -> None:
        streams = self._answers.streams
        for connection in self._connections():
            account = self._accounts.get(connection)
            if account is not None:
                self._mark(account, streams)
                connection.look()

    def _mark(self, account: _Account, streams: Sequence[AnswerStream]) -> None:
        """Everything may be different: what is under way, and what this client believes to be."""
        for stream in streams:
            account.runs.setdefault(stream.run_id, _Told(stream))
            account.activities.setdefault(stream.conversation_id, [])
        account.due_runs |= dict.fromkeys(account.runs)
        account.due_conversations |= dict.fromkeys(account.activities)

    def _next(self, connection: Connection, account: _Account) -> bytes | None:
        while account.due_runs:
            run_id = next(iter(account.due_runs))
            data = self._news_of(account, run_id) if connection.wants_message(RESPONSE) else None
            if data is None:
                del account.due_runs[run_id]
            else:
                return frame(RESPONSE, CHAT, data)
        while account.due_conversations:
            conversation_id, _ = account.due_conversations.popitem()
            activity = self._new_activity(account, conversation_id) if connection.wants_message(ACTIVITY) else None
            if activity is not None:
                return frame(ACTIVITY, CHAT, activity)
        return None

    def _news_of(self, account: _Account, run_id: str) -> dict[str, Any] | None:
        """What the client is to be told of an answer now; None where it knows all."""
        told = account.runs[run_id]
        stream = told.stream
        if stream.length < told.length:  # it was begun anew
            told.length = told.frames = 0
        begun = told.length
        piece = stream.text[begun : begun + _MOST_TEXT] if stream.length > begun else ""
        told.length += len(piece)
        whole = told.length >= stream.length
        # That it has ended is said with its last piece.
        state = (stream.state, stream.waiting_for, stream.trouble) if whole else (told.state or ("working", "", ""))
        if told.frames and not piece and state == told.state:
            if stream.state == "ended" and not stream.trouble:
                del account.runs[run_id]
            return None
        name = "delta" if told.frames else "text"
        told.frames += 1
        told.state = state
        return {
            "conversation_id": stream.conversation_id,
            "run_id": run_id,
            "agent_id": stream.agent_id,
            "name": stream.agent_name,
            "thread": stream.thread or None,
            "state": state[0],
            "waiting_for": state[1],
            "trouble": state[2],
            "seq": told.frames,
            "offset": begun,
            # Half of a character has no UTF-8.
            name: piece.encode("utf-8", "replace").decode(),
        }

    def _new_activity(self, account: _Account, conversation_id: str) -> dict[str, Any] | None:
        """How a conversation's answers are, where that is different. That one grows is told by itself."""
        document = activity_document(conversation_id, self._answers.of(conversation_id))
        for answer in document["answers"]:
            del answer["length"]
        if account.activities[conversation_id] == document["answers"]:
            return None
        account.activities[conversation_id] = document["answers"]
        if not document["answers"]:
            del account.activities[conversation_id]
        return document
