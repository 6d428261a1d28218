"""What the routes of conversations share: the service, and how a place in a list is written."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Any

import orjson
from aiohttp import web

from api.keys import SERVICES
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import InvalidInput, Unavailable
from chainbot_desktop.store.conversation_pages import Order, is_position


def chat_of(request: web.Request) -> ChatService:
    found = request.app[SERVICES].chat
    if found is None:
        raise Unavailable("This program has no conversations now.", code="no_chat")
    return found


def cursor_of(order: Order, place: tuple[Any, ...]) -> str:
    return urlsafe_b64encode(orjson.dumps([order, *place])).rstrip(b"=").decode()


def place_of(cursor: str, order: Order) -> tuple[Any, ...] | None:
    """The place that `cursor_of` wrote; None for an empty one. InvalidInput for what it did not write, or for another order."""
    if not cursor:
        return None
    try:
        written, *place = orjson.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (NotBase64, ValueError, TypeError):
        written, place = "", []
    if written != order or not is_position(place, order):
        raise InvalidInput(
            "The cursor is not of this list.", hint="Give `next` of the page before, with the same order.", code="bad_cursor"
        )
    return tuple(place)
