"""What both faces of the models share: where an answer comes from, and how it is collected or streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

from aiohttp import web

from api.agent_answers import AGENT_PREFIX, stream_agent
from api.agents_here import runtime_of
from api.answers import headers
from api.keys import DOOR, SERVICES
from api.reading import gone
from chainbot_desktop.agents.models.completion import Finished, Order, Piece
from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.models.failing import AnswerBrokeOff
from chainbot_desktop.core.errors import ChainBotError, Unavailable

_HEADERS = headers("text/event-stream; charset=utf-8", X_Accel_Buffering="no")


def completions_of(request: web.Request) -> Completions:
    found = request.app[SERVICES].completions
    if found is None:
        raise Unavailable(
            "This program has no models now.", hint="It is starting, or was started without them.", code="no_models"
        )
    return found


def pieces_of(request: web.Request, order: Order) -> AsyncGenerator[Piece]:
    if order.model.startswith(AGENT_PREFIX):
        return stream_agent(runtime_of(request), order)
    return completions_of(request).stream(order)


async def collect(request: web.Request, order: Order) -> Finished:
    """The end of the answer, which holds all of it. Given up when the caller is gone."""
    async with aclosing(pieces_of(request, order)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Finished):
                return piece
            if gone(request):
                raise ConnectionResetError
    raise AnswerBrokeOff("The answer came to no end.", hint="Ask again.")


async def stream(
    request: web.Request,
    order: Order,
    events: Callable[[Piece], Iterable[bytes]],
    begin: bytes,
    done: bytes,
    failed: Callable[[ChainBotError], bytes],
) -> web.StreamResponse:
    """The answer as server-sent events. What fails before the first piece is an ordinary error; after it `failed` ends the stream."""
    may_stay = request.app[DOOR].stay(request)
    async with aclosing(pieces_of(request, order)) as pieces:
        first = await anext(pieces)
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        try:
            await response.write(begin + b"".join(events(first)))
            async for piece in pieces:
                if not may_stay():
                    return response
                await response.write(b"".join(events(piece)))
            await response.write(done)
        except ChainBotError as error:
            await response.write(failed(error))
        except ConnectionError:
            return response  # the reader is gone
        await response.write_eof()
    return response
