"""Listening and stopping: one sentence where it cannot listen, nothing left when it stops."""

from __future__ import annotations

import asyncio
import socket as sockets
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import web

from api.server import ApiServer, PortUnavailable
from tests.api.house import TOKEN, House, open_house

UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


async def test_a_taken_port_is_said_in_one_sentence(house: House) -> None:
    server = ApiServer(web.Application(), "127.0.0.1", house.server.port)
    with pytest.raises(PortUnavailable) as raised:
        await server.start()
    assert raised.value.message == f"Port {house.server.port} on 127.0.0.1 is taken by another program."
    assert raised.value.hint
    await server.stop()


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "not an address of this machine"),
        ("no-such-host.invalid", "cannot be found"),
        ("x" * 300, "cannot be found"),
    ],
)
async def test_an_address_that_is_not_ours_is_said_in_one_sentence(host: str, said: str) -> None:
    with pytest.raises(PortUnavailable, match=said):
        await ApiServer(web.Application(), host, 0).start()


async def test_it_stops_with_open_connections_in_time(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        # One that never finishes its request, and one that opened a WebSocket and does not read.
        _, half = await asyncio.open_connection("127.0.0.1", house.server.port)
        half.write(f"POST /api/webhooks/chainbot/event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode())
        half.write(b"Content-Length: 1000\r\n\r\n{")
        deaf, deaf_writer = await asyncio.open_connection("127.0.0.1", house.server.port)
        deaf_writer.write(f"GET /ws HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{UPGRADE}\r\n".encode())
        await deaf.readuntil(b"\r\n\r\n")
        port = house.server.port
        started = monotonic()
        await house.server.stop()
        assert monotonic() - started < 1.5
        assert b"healthy" in await asyncio.wait_for(reader.read(), 2)
        for stream in (writer, half, deaf_writer):
            stream.close()
        # The port is free again at once.
        with sockets.create_server(("127.0.0.1", port)):
            pass


async def test_a_stopped_server_leaves_no_task(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with open_house(tmp_path) as house, house.http.ws_connect(house.url + "/ws/watchtower") as socket:
        await socket.receive(timeout=5)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() - before == set()
