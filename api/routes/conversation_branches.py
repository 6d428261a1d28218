"""Conversations that grow out of others, a conversation as a file, and what one has taken of models."""

from __future__ import annotations

import logging
from contextlib import aclosing

from aiohttp import web

from api.answers import headers, json_answer, saved_as
from api.chat_here import chat_of
from api.chat_posts import attached, posted_document
from api.conversation_documents import chat_message_document, conversation_document
from api.conversation_pages import message_in
from api.conversation_schemas import (
    BranchOrder,
    ConversationDocument,
    EditedMessage,
    ExportParameters,
    MessageDocument,
    MeterDocument,
    PostedDocument,
)
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import DOOR, UNDOS
from api.reading import parse_model, parse_query, read_object
from chainbot_desktop.core.errors import ChainBotError

_log = logging.getLogger(__name__)


async def branch(request: web.Request) -> web.Response:
    wanted = parse_model(await read_object(request), BranchOrder)
    made = await chat_of(request).branch(request.match_info["id"], wanted.message_id, actor=ADMIN)
    return json_answer(conversation_document(made), 201)


async def fork(request: web.Request) -> web.Response:
    made = await chat_of(request).fork(request.match_info["id"], actor=ADMIN)
    return json_answer(conversation_document(made), 201)


async def edit(request: web.Request) -> web.Response:
    chat, conversation_id = chat_of(request), request.match_info["id"]
    message = await message_in(chat, conversation_id, request.match_info["message"])
    wanted = parse_model(await read_object(request), EditedMessage)
    posted = await chat.edit_and_resend(
        message.id,
        wanted.text,
        conversation_id=conversation_id,
        attachments=await attached(chat, wanted.attachments),
        to=wanted.to,
        actor=ADMIN,
    )
    return json_answer(posted_document(posted, request.app[UNDOS]), 201)


async def merge(request: web.Request) -> web.Response:
    chat = chat_of(request)
    message = await message_in(chat, request.match_info["id"], request.match_info["message"])
    return json_answer(chat_message_document(await chat.merge_back(message.id, actor=ADMIN)), 201)


async def export(request: web.Request) -> web.StreamResponse:
    asked = parse_query(request.query, ExportParameters)
    found = await chat_of(request).export_as(request.match_info["id"], asked.format)
    response = web.StreamResponse(
        headers=headers(f"{found.media_type}; charset=utf-8", Content_Disposition=saved_as(found.file_name))
    )
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    may_stay = request.app[DOOR].stay(request)
    try:
        async with aclosing(found.pieces()) as pieces:
            async for piece in pieces:
                if not may_stay():
                    raise ConnectionResetError
                await response.write(piece.encode("utf-8", "replace"))
        await response.write_eof()
    except (ChainBotError, ConnectionError) as error:
        # Half a file must not look like a whole one: the connection is cut before the end that every whole one has.
        _log.warning("the export of conversation %s broke off: %s", found.conversation.id, error)
        if request.transport is not None:
            request.transport.abort()
    return response


async def meter(request: web.Request) -> web.Response:
    conversation_id = request.match_info["id"]
    found = await chat_of(request).meter(conversation_id)
    return json_answer(
        {
            "conversation_id": conversation_id,
            "input_tokens": found.input_tokens,
            "output_tokens": found.output_tokens,
            "cost": found.cost,
            "unpriced_runs": found.unpriced_runs,
        }
    )


_BASE = "/api/conversations/{id}"
_ID = {"id": "Id of the conversation"}
_MESSAGE = {**_ID, "message": "Id of the message"}
_BODY = (400, 404, 408, 409, 413, 415, 422, 503)

ENDPOINTS = (
    Endpoint(
        "POST",
        _BASE + "/branch",
        branch,
        "Go on from one of its messages in a new conversation",
        "conversations",
        (Answer("The branch", ConversationDocument, status=201),),
        description="The branch shows the messages up to this one, which are not copied, and goes on by itself.",
        body=BranchOrder,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _BASE + "/fork",
        fork,
        "Go on from its end in a new conversation",
        "conversations",
        (Answer("The branch", ConversationDocument, status=201),),
        problems=(404, 409, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _BASE + "/messages/{message}/edit",
        edit,
        "Say something else instead, in a branch",
        "conversations",
        (Answer("Posted in the branch, whose id it names", PostedDocument, status=201),),
        description="The conversation stays as it is; the branch shows what was before the message, then the other words.",
        body=EditedMessage,
        problems=_BODY,
        parameters=_MESSAGE,
    ),
    Endpoint(
        "POST",
        _BASE + "/messages/{message}/merge",
        merge,
        "Post an answer of a branch in the conversation it grew out of",
        "conversations",
        (Answer("The message there", MessageDocument, status=201),),
        problems=(404, 409, 422, 503),
        parameters=_MESSAGE,
    ),
    Endpoint(
        "GET",
        _BASE + "/export",
        export,
        "The whole conversation as a file",
        "conversations",
        tuple(Answer("As a download", None, media_type) for media_type in ("text/markdown", "application/json", "text/html")),
        query=ExportParameters,
        problems=(404, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        _BASE + "/meter",
        meter,
        "What its runs took of models",
        "conversations",
        (Answer("", MeterDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
)
