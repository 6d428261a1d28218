"""A WebSocket client that reads nothing until it is told to: what waits for it waits in the server."""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Callable
from typing import Any

import orjson

from tests.api.house import BEARER, House

SlowReader = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def socket_that_reads_nothing(house: House, path: str = "/ws") -> SlowReader:
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", house.server.port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=4096)
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER['Authorization']}\r\n{upgrade}\r\n".encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def read_frames(slow: SlowReader, last: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """The frames up to the first that is the last one."""
    reader, _ = slow
    frames: list[dict[str, Any]] = []
    while not frames or not last(frames[-1]):
        head = await asyncio.wait_for(reader.readexactly(2), 10)
        size = head[1]
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        body = await reader.readexactly(size)
        if head[0] == 0x81:
            frames.append(orjson.loads(body))
    return frames
