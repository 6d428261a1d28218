"""The messages of a conversation, read page by page and posted."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer
from api.chat_here import chat_of
from api.chat_posts import NewPost, post
from api.conversation_documents import chat_message_document
from api.conversation_pages import message_in, read_page
from api.conversation_schemas import MessageDocument, MessagePage, MessageParameters, NewMessage, PostedDocument
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import REPEATS, UNDOS
from api.reading import parse_model, parse_query, read_body
from chainbot_desktop.core.json_codec import parse_object


async def messages(request: web.Request) -> web.Response:
    asked = parse_query(request.query, MessageParameters)
    return json_answer(await read_page(chat_of(request), request.match_info["id"], asked))


async def one(request: web.Request) -> web.Response:
    found = await message_in(chat_of(request), request.match_info["id"], request.match_info["message"])
    return json_answer(chat_message_document(found))


async def send(request: web.Request) -> web.Response:
    chat, conversation_id = chat_of(request), request.match_info["id"]
    body = await read_body(request)
    wanted = parse_model(parse_object(body), NewMessage)
    async with request.app[REPEATS].attempt(request, body) as attempt:
        document = await post(chat, request.app[UNDOS], NewPost(conversation_id, wanted, ADMIN), attempt)
    return json_answer(document, 201)


_ID = {"id": "Id of the conversation"}
_PATH = "/api/conversations/{id}/messages"

ENDPOINTS = (
    Endpoint(
        "GET",
        _PATH,
        messages,
        "Its messages, page by page",
        "conversations",
        (Answer("", MessagePage),),
        description="Without a place the newest ones. Read backwards with `before`, forwards with `after`: nothing comes twice.",
        query=MessageParameters,
        problems=(404, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _PATH,
        send,
        "Say something in a conversation",
        "conversations",
        (Answer("It is on the disk, and given to the agents that it is for", PostedDocument, status=201),),
        description="Returns at once: what agents answer becomes messages, and comes over /ws/chat while it is written. "
        "A slash command is carried out and its answer is here. With an `Idempotency-Key` nothing is done twice.",
        body=NewMessage,
        problems=(400, 404, 408, 409, 413, 415, 422, 503),
        parameters=_ID,
    ),
    Endpoint(
        "GET",
        _PATH + "/{message}",
        one,
        "One message",
        "conversations",
        (Answer("", MessageDocument),),
        problems=(404, 503),
        parameters={**_ID, "message": "Id of the message"},
    ),
)
