"""Notes that are to be remembered, and are recalled where they fit a question."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from api.answers import json_answer
from api.conversation_schemas import Taken
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES, UNDOS
from api.memory_schemas import MemoryDocument, MemoryPage, MemoryParameters, MemoryText, NewMemory
from api.reading import parse_model, parse_query, read_object
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.store.memories import Memory

_BASE = "/api/memories"


async def list_memories(request: web.Request) -> web.Response:
    asked = parse_query(request.query, MemoryParameters)
    found = await _notes(request).search(asked.q, before=asked.before, limit=asked.limit + 1)
    items = found[: asked.limit]
    more = items[-1].number if len(found) > asked.limit else None
    return json_answer({"items": [_document(note) for note in items], "next": more})


async def get(request: web.Request) -> web.Response:
    return json_answer(_document(await _notes(request).note(request.match_info["id"])))


async def remember(request: web.Request) -> web.Response:
    notes = _notes(request)
    wanted = parse_model(await read_object(request), NewMemory)
    chat = request.app[SERVICES].chat
    if wanted.conversation_id and chat is not None:
        await chat.conversation(wanted.conversation_id)
    kept = await notes.remember(wanted.text, actor=ADMIN, conversation_id=wanted.conversation_id)
    return json_answer(_document(kept.note), 201 if kept.new else 200)


async def edit(request: web.Request) -> web.Response:
    notes = _notes(request)
    wanted = parse_model(await read_object(request), MemoryText)
    return json_answer(_document(await notes.edit(request.match_info["id"], wanted.text, actor=ADMIN)))


async def forget(request: web.Request) -> web.Response:
    note_id = request.match_info["id"]
    undoable = await _notes(request).forget(note_id, actor=ADMIN)
    undo = request.app[UNDOS].keep(f"{_BASE}/{note_id}", undoable)
    return json_answer({"status": "success", "message": undoable.text, "undo": undo})


async def restore(request: web.Request) -> web.Response:
    note_id = request.match_info["id"]
    await request.app[UNDOS].undo(f"{_BASE}/{note_id}")
    return json_answer(_document(await _notes(request).note(note_id)))


def _notes(request: web.Request) -> NotesService:
    found = request.app[SERVICES].notes
    if found is None:
        raise Unavailable("This program remembers nothing now.", code="no_notes")
    return found


def _document(note: Memory) -> dict[str, Any]:
    return {
        "number": note.number,
        "id": note.id,
        "text": note.text,
        "author": note.author,
        "conversation_id": note.conversation_id or None,
        "created_at": note.created_at,
    }


_ID = {"id": "Id of the note"}
_BODY = (400, 404, 408, 409, 413, 415, 422, 503)

ENDPOINTS = (
    Endpoint(
        "GET",
        _BASE,
        list_memories,
        "Notes, or those with some words",
        "conversations",
        (Answer("", MemoryPage),),
        query=MemoryParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "POST",
        _BASE,
        remember,
        "Remember something",
        "conversations",
        (Answer("Remembered", MemoryDocument, status=201), Answer("It was remembered already", MemoryDocument)),
        description="The same words twice are one note: it may be sent again.",
        body=NewMemory,
        problems=_BODY,
    ),
    Endpoint(
        "GET",
        _BASE + "/{id}",
        get,
        "One note",
        "conversations",
        (Answer("", MemoryDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "PATCH",
        _BASE + "/{id}",
        edit,
        "Put it in other words",
        "conversations",
        (Answer("As it is now", MemoryDocument),),
        body=MemoryText,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "DELETE",
        _BASE + "/{id}",
        forget,
        "Forget it",
        "conversations",
        (Answer("Forgotten", Taken),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _BASE + "/{id}/restore",
        restore,
        "Take back that it was forgotten",
        "conversations",
        (Answer("As it is again", MemoryDocument),),
        problems=(404, 409, 503),
        parameters=_ID,
    ),
)
