"""Reading requests: bodies and queries become models, or an error that names what is wrong with them."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from aiohttp import web
from multidict import MultiMapping
from pydantic import BaseModel, ValidationError

from api.problems import TooSlow, UnsupportedMedia
from chainbot_desktop.core.errors import InvalidInput, TooLarge
from chainbot_desktop.core.json_codec import JsonObject, parse_object

M = TypeVar("M", bound=BaseModel)

_OTHER_TYPES = (
    "application/x-www-form-urlencoded",
    "application/xml",
    "multipart/",
    "image/",
    "audio/",
    "video/",
    "text/html",
    "text/xml",
    "text/csv",
)
"""What is clearly not JSON. Anything else is tried: many programs declare nothing, or plain text."""


BODY_WITHIN = 30.0
"""Seconds for which a body may be on its way: a connection that drips for ever would keep its handler for ever."""


async def read_body(request: web.Request) -> bytes:
    """The body of what should be JSON."""
    declared = request.headers.get("Content-Type")
    if declared is not None and declared != "application/json" and declared.lower().startswith(_OTHER_TYPES):
        raise UnsupportedMedia(
            f"The body is declared as {declared[:100]}, expected application/json.",
            hint='Send the header "Content-Type: application/json" with a JSON object.',
        )
    return await read_limited(request, request.client_max_size)


async def read_limited(request: web.Request, most: int) -> bytes:
    """The body as it is; TooLarge, without reading on, where it has more than `most` bytes, TooSlow where it does not end."""
    length = request.content_length
    if length is not None and length > most:
        raise _too_large(most)
    if request.content.is_eof():  # as good as always: it came with its headers
        return _all_of(request, most)
    try:
        async with asyncio.timeout(BODY_WITHIN):
            return await _read(request, most, length)
    except TimeoutError:
        raise TooSlow(f"The request body did not end within {BODY_WITHIN:g} s.", hint="Send it faster.") from None


def _all_of(request: web.Request, most: int) -> bytes:
    """A body that is there, without a wait. Raises what was wrong with it on its way."""
    body = request.content.read_nowait()
    while not request.content.at_eof():
        body += request.content.read_nowait()
    if len(body) > most:  # it was compressed, or said nothing of its length
        raise _too_large(most)
    return body


async def _read(request: web.Request, most: int, length: int | None) -> bytes:
    if length is not None and most >= request.client_max_size:
        try:
            return await request.read()
        except web.HTTPRequestEntityTooLarge:  # it was compressed
            raise _too_large(most) from None
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


async def read_object(request: web.Request) -> JsonObject:
    return parse_object(await read_body(request))


def parse_model(found: JsonObject, model: type[M]) -> M:
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise _invalid(error, "field") from None


def parse_query(query: MultiMapping[str], model: type[M]) -> M:
    """A repeated parameter becomes a list, where the model takes one."""
    values: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(query.keys()):
        found = query.getall(name)
        values[name] = found[0] if len(found) == 1 else found
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise _invalid(error, "parameter") from None


def _invalid(error: ValidationError, kind: str) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])[:100] or "body"
    code = f"invalid_{kind}"
    if first["type"] == "extra_forbidden":
        return InvalidInput(f"The {kind} {name!r} is not known here.", hint="GET /openapi.json lists what is.", code=code)
    if first["type"] == "missing":
        return InvalidInput(f"The {kind} {name!r} is missing.", code=code)
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return InvalidInput(f"The {kind} {name!r}: found {_shown(first['input'])}, expected {expected}.", code=code)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"The request body has more than {most} bytes.", hint="Send less, or raise server.max_body_bytes in the settings."
    )


def gone(request: web.Request) -> bool:
    """Whether nobody waits for the answer any more."""
    return request.transport is None or request.transport.is_closing()
