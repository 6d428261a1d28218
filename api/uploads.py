"""Files that come with a request: as the body itself, or as the one file of a form. Read bit by bit, and not beyond a limit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import BodyPartReader, StreamReader, web

from api.problems import TooSlow
from api.reading import BODY_WITHIN
from chainbot_desktop.core.errors import InvalidInput, TooLarge

_CHUNK = 64 * 1024
_LEAST_SPEED = 32 * 1024
"""Bytes a second that a body must come with, on average."""


@dataclass(frozen=True, slots=True)
class Upload:
    """`media_type` is what the sender says it is; "" where it says nothing."""

    name: str
    media_type: str
    body: bytes


async def read_upload(request: web.Request, name: str, most: int) -> Upload:
    """TooLarge, without reading on, for more than `most` bytes; TooSlow where they do not come; InvalidInput for a broken form."""
    length = request.content_length
    # A form is a little more than its file.
    if length is not None and length > most + _CHUNK:
        raise _too_large(most)
    within = BODY_WITHIN + most / _LEAST_SPEED
    try:
        async with asyncio.timeout(within):
            if request.content_type.startswith("multipart/"):
                return await _from_form(request, name, most)
            media_type = request.content_type if "Content-Type" in request.headers else ""
            return Upload(name, media_type, await _read(request.content, most))
    except TimeoutError:
        raise TooSlow(f"The file did not come within {within:.0f} s.", hint="Send it faster.") from None


async def _from_form(request: web.Request, name: str, most: int) -> Upload:
    found: Upload | None = None
    try:
        form = await request.multipart()
        while (part := await form.next()) is not None:
            if not isinstance(part, BodyPartReader) or found is not None:
                raise InvalidInput("The form must hold one file and nothing else.", code="bad_form")
            media_type = part.headers.get("Content-Type", "")
            found = Upload(name or part.filename or "", media_type, await _read_part(part, most))
    except (ValueError, AssertionError, LookupError, RuntimeError) as error:
        raise InvalidInput(f"The form is broken: {error or 'it ends early'}.", code="bad_form") from None
    if found is None:
        raise InvalidInput("The form holds no file.", code="bad_form")
    return found


async def _read(content: StreamReader, most: int) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


async def _read_part(part: BodyPartReader, most: int) -> bytes:
    body = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"A file may have {most} bytes; this one has more.",
        hint="Send a smaller one, or raise chat.attachment_bytes in the settings.",
    )
