"""The two event buses: the documented one, which publishes, and the observed `/ws`, which only talks about itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from chainbot_desktop.alexos.simulator.house import House
from chainbot_desktop.alexos.simulator.misbehaviour import Misbehaviour
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import JsonObject, parse_object
from chainbot_desktop.core.tasks import Tasks

_REORDER_PATIENCE = 0.05
_OBSERVED_PING_AFTER = 300.0
_QUEUE = 1000


class Bus:
    """The documented event bus: everybody connected hears every event, its sender too."""

    def __init__(self, house: House, bad: Misbehaviour, tasks: Tasks) -> None:
        self._house = house
        self._bad = bad
        self._tasks = tasks
        self._queues: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}
        self._held: JsonObject | None = None

    @property
    def connected(self) -> int:
        return len(self._queues)

    def publish(self, event: JsonObject) -> None:
        frames = [event]
        if self._bad.reorder:
            if self._held is None:
                self._held = event
                asyncio.get_running_loop().call_later(_REORDER_PATIENCE, self._release, event)
                return
            frames, self._held = [event, self._held], None
        for frame in frames:
            self._send_all(frame)

    def _release(self, event: JsonObject) -> None:
        if self._held is event:
            self._held = None
            self._send_all(event)

    def _send_all(self, event: JsonObject) -> None:
        text = json.dumps(event)
        for queue in self._queues.values():
            for _ in range(2 if self._bad.duplicate else 1):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(text)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=30, autoping=not self._bad.deaf_sockets)
        await socket.prepare(request)
        queue: asyncio.Queue[str] = asyncio.Queue(_QUEUE)
        self._queues[socket] = queue
        writing = self._tasks.spawn("simulated bus writer", self._write(socket, queue))
        try:
            if self._bad.drop_sockets:
                await asyncio.sleep(0.05)
                return socket
            async for message in socket:
                if message.type is WSMsgType.TEXT and not self._bad.deaf_sockets:
                    self._on_frame(queue, message.data)
        finally:
            del self._queues[socket]
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            await socket.close()
        return socket

    async def close_all(self) -> None:
        for socket in tuple(self._queues):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _write(self, socket: web.WebSocketResponse, queue: asyncio.Queue[str]) -> None:
        while True:
            text = await queue.get()
            if not self._bad.deaf_sockets:
                await socket.send_str(text)

    def _on_frame(self, queue: asyncio.Queue[str], text: str) -> None:
        try:
            frame = parse_object(text)
        except InvalidInput as error:
            queue.put_nowait(json.dumps({"type": "error", "message": str(error)}))
            return
        action = frame.get("action") or frame.get("type")
        if action == "ping":
            queue.put_nowait(json.dumps({"type": "pong", "timestamp": utc_now()}))
        elif action == "subscribe":
            answer = {"type": "subscription_confirmed", "channels": frame.get("channels", []), "timestamp": utc_now()}
            queue.put_nowait(json.dumps(answer))
        elif isinstance(frame.get("event_type"), str):
            self._house.bus_frames += 1
            self.publish(frame)


class ObservedSocket:
    """`/ws` of the ALEX OS that was observed, with its ways of falling silent. It never broadcasts."""

    def __init__(self, bad: Misbehaviour, busy: Callable[[], Any]) -> None:
        self._bad = bad
        self._busy = busy
        self._open: set[web.WebSocketResponse] = set()

    @property
    def connected(self) -> int:
        return len(self._open)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._open.add(socket)
        try:
            if self._bad.drop_sockets:
                await asyncio.sleep(0.05)
            else:
                await self._talk(socket)
        finally:
            self._open.discard(socket)
            await socket.close()
        return socket

    async def close_all(self) -> None:
        for socket in tuple(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _talk(self, socket: web.WebSocketResponse) -> None:
        deaf = False
        while True:
            try:
                message = await socket.receive(_OBSERVED_PING_AFTER)
            except TimeoutError:
                await socket.send_json({"type": "ping"})
                continue
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            await self._busy()
            if deaf or self._bad.deaf_sockets:
                continue
            if message.type is WSMsgType.BINARY:
                deaf = True
                continue
            answer = self._answer(message.data)
            if answer is None:
                deaf = True
                continue
            await socket.send_json(answer)

    def _answer(self, text: str) -> JsonObject | None:
        try:
            frame = parse_object(text)
        except InvalidInput:
            return {"type": "error", "message": "Invalid JSON format"}
        action = frame.get("action")
        if action == "get_status":
            return None
        if action == "ping":
            return {"type": "pong"}
        if action == "subscribe":
            return {"type": "subscription_confirmed", "channels": frame.get("channels", []), "timestamp": utc_now()}
        return {"type": "error", "message": f"Unknown action: {action}"}
