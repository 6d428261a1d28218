"""Conversations: what there is, what is found in them, and what is done to a whole one."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer
from api.chat_here import chat_of, cursor_of, place_of
from api.conversation_documents import activity_document, conversation_document, hit_document
from api.conversation_schemas import (
    Activity,
    ConversationChange,
    ConversationDocument,
    ConversationPage,
    ConversationParameters,
    NewConversation,
    Taken,
)
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import REPEATS, SERVICES, UNDOS
from api.reading import parse_model, parse_query, read_body, read_object
from chainbot_desktop.chat.commands import Undoable
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.json_codec import parse_object
from chainbot_desktop.store.conversation_pages import PageQuery, position

_BASE = "/api/conversations"


async def list_conversations(request: web.Request) -> web.Response:
    asked = parse_query(request.query, ConversationParameters)
    if asked.q:
        return await _search(request, asked.q, asked.limit)
    query = PageQuery(asked.order, asked.archived, asked.pinned, place_of(asked.cursor, asked.order), asked.limit + 1)
    found = await chat_of(request).page(query)
    items = found[: asked.limit]
    more = cursor_of(asked.order, position(items[-1], asked.order)) if len(found) > asked.limit else None
    return json_answer({"items": [conversation_document(row) for row in items], "next": more, "hits": None})


async def _search(request: web.Request, words: str, limit: int) -> web.Response:
    chat = chat_of(request)
    titled = (await chat.titled(words))[:limit]
    hits = await chat.find(words, limit)
    documents = [conversation_document(row) for row in titled]
    return json_answer({"items": documents, "next": None, "hits": [hit_document(hit) for hit in hits]})


async def create(request: web.Request) -> web.Response:
    chat = chat_of(request)
    body = await read_body(request)
    wanted = parse_model(parse_object(body), NewConversation)
    async with request.app[REPEATS].attempt(request, body) as attempt:
        if attempt.earlier is not None:
            return json_answer(conversation_document(await chat.conversation(attempt.fact().conversation_id)), 201)
        begun = await chat.begin(**wanted.model_dump(), actor=ADMIN, key=attempt.key)
    return json_answer(conversation_document(begun), 201)


async def get(request: web.Request) -> web.Response:
    return json_answer(conversation_document(await chat_of(request).conversation(request.match_info["id"])))


async def change(request: web.Request) -> web.Response:
    wanted = parse_model(await read_object(request), ConversationChange)
    chat, conversation_id, recall = chat_of(request), request.match_info["id"], request.app[SERVICES].recall
    given = {name: value for name, value in wanted.model_dump(exclude={"recall"}).items() if value is not None}
    if wanted.recall is not None and recall is None:
        raise Unavailable("This program recalls nothing now.", code="no_recall")
    changed = await chat.update(conversation_id, actor=ADMIN, **given)
    if wanted.recall is not None and recall is not None:
        await recall.set_on(conversation_id, on=wanted.recall)
        changed = await chat.conversation(conversation_id)
    return json_answer(conversation_document(changed))


async def delete(request: web.Request) -> web.Response:
    conversation_id = request.match_info["id"]
    return _taken(request, conversation_id, await chat_of(request).delete(conversation_id, actor=ADMIN))


async def clear(request: web.Request) -> web.Response:
    chat = chat_of(request)
    conversation_id = (await chat.conversation(request.match_info["id"])).id
    return _taken(request, conversation_id, await chat.clear(conversation_id, actor=ADMIN))


def _taken(request: web.Request, conversation_id: str, undoable: Undoable) -> web.Response:
    undo = request.app[UNDOS].keep(f"{_BASE}/{conversation_id}", undoable)
    return json_answer({"status": "success", "message": undoable.text, "undo": undo})


async def restore(request: web.Request) -> web.Response:
    chat, conversation_id = chat_of(request), request.match_info["id"]
    await request.app[UNDOS].undo(f"{_BASE}/{conversation_id}")
    return json_answer(conversation_document(await chat.conversation(conversation_id)))


async def activity(request: web.Request) -> web.Response:
    chat = chat_of(request)
    conversation = await chat.conversation(request.match_info["id"])
    streams = chat.answers.of(conversation.id) if chat.answers is not None else []
    return json_answer(activity_document(conversation.id, streams))


_ID = {"id": "Id of the conversation"}
_BODY = (400, 404, 408, 413, 415, 422, 503)
_UNDO = "It is gone for everybody at once, and erased when the time of `undo` is up."

ENDPOINTS = (
    Endpoint(
        "GET",
        _BASE,
        list_conversations,
        "Conversations, or what is found in them",
        "conversations",
        (Answer("", ConversationPage),),
        query=ConversationParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "POST",
        _BASE,
        create,
        "Begin a conversation",
        "conversations",
        (Answer("Begun", ConversationDocument, status=201),),
        description="With an `Idempotency-Key` only one is begun.",
        body=NewConversation,
        problems=(*_BODY, 409),
    ),
    Endpoint(
        "GET",
        _BASE + "/{id}",
        get,
        "One conversation",
        "conversations",
        (Answer("", ConversationDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "PATCH",
        _BASE + "/{id}",
        change,
        "Name it, pin it, put it away, choose its agents",
        "conversations",
        (Answer("As it is now", ConversationDocument),),
        body=ConversationChange,
        problems=(*_BODY, 409),
        parameters=_ID,
    ),
    Endpoint(
        "DELETE",
        _BASE + "/{id}",
        delete,
        "Delete it",
        "conversations",
        (Answer("Deleted", Taken),),
        description=_UNDO,
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _BASE + "/{id}/clear",
        clear,
        "Erase its messages",
        "conversations",
        (Answer("Cleared", Taken),),
        description=_UNDO,
        problems=(404, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _BASE + "/{id}/restore",
        restore,
        "Take back that it was deleted or cleared",
        "conversations",
        (Answer("As it is again", ConversationDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        _BASE + "/{id}/activity",
        activity,
        "Who is answering in it, and who waits for what",
        "conversations",
        (Answer("", Activity),),
        problems=(404, 503),
        parameters=_ID,
    ),
)
