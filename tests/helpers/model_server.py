"""A model provider on this machine: speaks OpenAI's chat completions and Anthropic's messages, streamed or not, as it is told to.

`async with model_server() as server:` gives `server.url`; what it is asked is in `server.requests`; `server.say(Reply(...))` tells it
what to answer next (in order; afterwards, and to begin with, `server.usual`). As a process of its own, for benchmarks:
`python -m tests.helpers.model_server --tokens 500 --rate 50` prints its URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Call:
    """A tool call that the model makes."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """`text` goes word by word; `rate` in words a second (None: as fast as it can). `drop_after`: words until the connection is cut."""

    text: str = "Hello there."
    calls: Sequence[Call] = ()
    status: int = 200
    retry_after: int | None = None
    rate: float | None = None
    drop_after: int | None = None
    closes_after: int | None = None
    """Words after which it ends as if that were the end."""
    first_byte: float = 0.0
    garbage: bool = False
    holds: asyncio.Event | None = None
    """The last word waits for it."""


@dataclass
class ModelServer:
    url: str
    usual: Reply = field(default_factory=Reply)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)

    def say(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    def next(self, request: web.Request, body: dict[str, Any]) -> Reply:
        self.requests.append(body)
        self.keys.append(request.headers.get("Authorization", "") or request.headers.get("x-api-key", ""))
        return self.replies.popleft() if self.replies else self.usual

    async def models(self, request: web.Request) -> web.Response:
        self.keys.append(request.headers.get("Authorization", "") or request.headers.get("x-api-key", ""))
        return web.json_response(
            {"object": "list", "data": [{"id": "fake-1", "object": "model"}, {"id": "fake-2", "object": "model"}]}
        )

    async def completions(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        reply = self.next(request, body)
        if reply.status != 200:
            return _refusal(reply, {"error": {"message": f"refused with {reply.status}", "type": "error", "code": None}})
        if not body.get("stream"):
            return web.json_response(_completion(reply, body))
        return await _stream(request, reply, _openai_events(reply, body))

    async def messages(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        reply = self.next(request, body)
        if reply.status != 200:
            error = {"type": "error", "error": {"type": "api_error", "message": f"refused with {reply.status}"}}
            return _refusal(reply, error)
        if not body.get("stream"):
            return web.json_response(_message(reply, body))
        return await _stream(request, reply, _anthropic_events(reply, body))


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    server = ModelServer("")
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_get("/v1/models", server.models)
    application.router.add_post("/v1/chat/completions", server.completions)
    application.router.add_post("/v1/messages", server.messages)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def _words(reply: Reply) -> list[str]:
    words = reply.text.split(" ")
    return [word if index == len(words) - 1 else word + " " for index, word in enumerate(words)] if reply.text else []


def _usage(reply: Reply) -> tuple[int, int]:
    return 10, max(1, len(_words(reply)))


def _completion(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
        for call in reply.calls
    ]
    message = {"role": "assistant", "content": reply.text or None, **({"tool_calls": calls} if calls else {})}
    given, made = _usage(reply)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}],
        "usage": {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made},
    }


def _message(reply: Reply, body: dict[str, Any]) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
    content += [{"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments} for call in reply.calls]
    given, made = _usage(reply)
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if reply.calls else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": given, "output_tokens": made},
    }


async def _openai_events(reply: Reply, body: dict[str, Any]) -> AsyncIterator[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data(
            {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"], "choices": [choice]}
        )

    yield chunk({"role": "assistant", "content": ""})
    for word in _words(reply):
        yield chunk({"content": word})
    for index, call in enumerate(reply.calls):
        function = {"name": call.name, "arguments": json.dumps(call.arguments)}
        yield chunk({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
    yield chunk({}, "tool_calls" if reply.calls else "stop")
    given, made = _usage(reply)
    usage = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
    yield _data(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": body["model"],
            "choices": [],
            "usage": usage,
        }
    )
    yield b"data: [DONE]\n\n"


async def _anthropic_events(reply: Reply, body: dict[str, Any]) -> AsyncIterator[bytes]:
    def event(kind: str, **rest: Any) -> bytes:
        return f"event: {kind}\n".encode() + _data({"type": kind, **rest})

    given, made = _usage(reply)
    start = {**_message(reply, body), "content": [], "stop_reason": None, "usage": {"input_tokens": given, "output_tokens": 1}}
    yield event("message_start", message=start)
    index = 0
    if reply.text:
        yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        for word in _words(reply):
            yield event("content_block_delta", index=index, delta={"type": "text_delta", "text": word})
        yield event("content_block_stop", index=index)
        index += 1
    for call in reply.calls:
        yield event(
            "content_block_start",
            index=index,
            content_block={"type": "tool_use", "id": call.id, "name": call.name, "input": {}},
        )
        yield event(
            "content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": json.dumps(call.arguments)}
        )
        yield event("content_block_stop", index=index)
        index += 1
    reason = "tool_use" if reply.calls else "end_turn"
    yield event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage={"output_tokens": made})
    yield event("message_stop")


async def _stream(request: web.Request, reply: Reply, events: AsyncIterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    if reply.first_byte:
        await asyncio.sleep(reply.first_byte)
    await response.prepare(request)
    begin = asyncio.get_running_loop().time()
    sent = 0
    total = len(_words(reply)) + 1
    async for event in events:
        if reply.garbage and sent == 1:
            await response.write(b"data: {this is not json\n\n")
        if reply.drop_after is not None and sent > reply.drop_after:
            assert request.transport is not None
            request.transport.abort()
            return response
        if reply.closes_after is not None and sent > reply.closes_after:
            break
        if reply.holds is not None and sent == total - 1:
            await reply.holds.wait()
        if reply.rate is not None:
            await asyncio.sleep(max(0.0, begin + sent / reply.rate - asyncio.get_running_loop().time()))
        await response.write(event)
        sent += 1
    await response.write_eof()
    return response


def _refusal(reply: Reply, body: dict[str, Any]) -> web.Response:
    headers = {"Retry-After": str(reply.retry_after)} if reply.retry_after is not None else {}
    return web.json_response(body, status=reply.status, headers=headers)


def _data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


async def _serve(tokens: int, rate: float | None) -> None:
    async with model_server() as server:
        server.usual = Reply(" ".join(f"word{number}" for number in range(tokens)), rate=rate)
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--tokens", type=int, default=100)
    parser.add_argument("--rate", type=float, default=None)
    given = parser.parse_args()
    asyncio.run(_serve(given.tokens, given.rate))
