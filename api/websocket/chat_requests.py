"""What clients ask of conversations over a WebSocket, and the messages that they are told of."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from api.chat_posts import NewPost, post
from api.conversation_documents import chat_message_document
from api.conversation_pages import read_page
from api.door import ADMIN
from api.repeating import Repeats, key_of
from api.undos import Undos
from api.websocket.connection import Connection, Later
from api.websocket.frames import event_frame, message_frame
from api.websocket.requests import ChatHistory, ChatMessage, SlashCommand
from chainbot_desktop.chat.commands import is_command
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, Unavailable
from chainbot_desktop.core.events import MessagePosted, Recorded
from chainbot_desktop.core.tasks import Tasks

_log = logging.getLogger(__name__)


_MOST_WAITING = 100
"""Requests of one client that wait for the one under way."""

ChatRequest = ChatMessage | SlashCommand | ChatHistory


class ChatDesk:
    """Use on the loop's thread. `chat` is None where this program has no conversations."""

    def __init__(self, chat: ChatService | None, tasks: Tasks, repeats: Repeats, undos: Undos) -> None:
        self._chat = chat
        self._tasks = tasks
        self._repeats = repeats
        self._undos = undos
        self._waiting: WeakKeyDictionary[Connection, deque[ChatRequest]] = WeakKeyDictionary()

    def present(self, recorded: Recorded[Any]) -> bytes | Later:
        """The frame of an event; that of a message has its text, read when the client can take it."""
        if self._chat is None or not isinstance(recorded.event, MessagePosted):
            return event_frame(recorded)
        return lambda: self._with_text(recorded)

    def take(self, connection: Connection, request: ChatRequest) -> None:
        """Carry it out after what this client asked before; a command may take minutes, and the client is heard meanwhile."""
        waiting = self._waiting.setdefault(connection, deque())
        if len(waiting) >= _MOST_WAITING:
            raise Unavailable(
                f"{len(waiting)} requests of this connection wait.", hint="Send it again later.", code="too_many_waiting"
            )
        waiting.append(request)
        if len(waiting) == 1:
            self._tasks.spawn(f"chat of WebSocket {connection.identity.id}", self._work(connection, waiting))

    async def _work(self, connection: Connection, waiting: deque[ChatRequest]) -> None:
        while waiting:
            try:
                await self._answer(connection, waiting[0])
            except Exception:  # the border of a request: one frame is one
                _log.exception("a frame of WebSocket %s failed", connection.identity.id)
                said = "The program made a mistake; it was logged."
                connection.tell("error", {"code": "internal_error", "message": said, "hint": ""})
            waiting.popleft()

    async def _answer(self, connection: Connection, request: ChatRequest) -> None:
        try:
            if self._chat is None:
                raise Unavailable("This program has no conversations now.", code="no_chat")
            if isinstance(request, ChatHistory):
                page = await read_page(self._chat, request.conversation_id, request)
                connection.tell("chat_history", {**page, "request_id": request.request_id})
            else:
                document = await self._post(self._chat, request)
                connection.tell("accepted", {**document, "request_id": request.request_id})
        except ChainBotError as error:
            said = {"code": error.code, "message": error.message, "hint": error.hint}
            connection.tell("error", {**said, "request_id": request.request_id, "conversation_id": request.conversation_id})

    async def _post(self, chat: ChatService, request: ChatMessage) -> dict[str, Any]:
        if isinstance(request, SlashCommand) and not is_command(request.text):
            raise InvalidInput("This is no slash command.", hint="/help lists them.", code="not_a_command")
        body = orjson.dumps(request.model_dump(exclude={"type", "idempotency_key", "request_id"}))
        async with self._repeats.attempt_with(key_of(request.idempotency_key, "/ws/chat", body)) as attempt:
            return await post(chat, self._undos, NewPost(request.conversation_id, request, ADMIN), attempt)

    async def _with_text(self, recorded: Recorded[MessagePosted]) -> bytes:
        assert self._chat is not None
        try:
            message = await self._chat.message(recorded.event.data.message_id)
        except ChainBotError as error:  # the client hears of the message all the same, and can ask for it
            _log.warning("a message could not be read for a WebSocket: %s", error)
            message = None
        return message_frame(recorded, chat_message_document(message) if message is not None else None)
