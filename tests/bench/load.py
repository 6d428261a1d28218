"""Keep-alive clients that post webhooks as fast as they are answered; a process of its own. Prints one line of JSON.

`python -m tests.bench.load PORT CONNECTIONS SECONDS [TOKEN]`
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

from tests.bench.measure import percentile

PATH = "/api/webhooks/chainbot/workflow/started"
BODY_BYTES = 200


def request_bytes(token: str, body: bytes) -> bytes:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{authorization}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def webhook_body(workflow: str) -> bytes:
    fact = {"workflow_id": workflow, "workflow_name": "nightly backup", "status": "started", "note": ""}
    fact["note"] = "x" * (BODY_BYTES - len(json.dumps(fact)))
    return json.dumps(fact).encode()


class Client(asyncio.Protocol):
    """Sends the next webhook when the last one was answered with 200."""

    def __init__(self, request: bytes, end: float, latencies: list[float]) -> None:
        self._request = request
        self._end = end
        self._latencies = latencies
        self._answer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's are not registered as such
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, separator, rest = self._answer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._finish(RuntimeError(self._answer[:500].decode()))
            return
        now = time.perf_counter()
        self._latencies.append(now - self._sent)
        self._answer = rest[length:]
        if now < self._end:
            self._send()
        else:
            self._finish(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(error or ConnectionError("the server closed the connection"))

    def _finish(self, error: Exception | None) -> None:
        if not self.done.done():
            if error is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(error)
        self._transport.close()


async def drive(port: int, connections: int, seconds: float, token: str) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    begin = time.perf_counter()
    clients = [
        (
            await loop.create_connection(
                lambda number=number: Client(  # type: ignore[misc]  # bound at once
                    request_bytes(token, webhook_body(f"w-{number}")), begin + seconds, latencies
                ),
                "127.0.0.1",
                port,
            )
        )[1]
        for number in range(connections)
    ]
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(client.done for client in clients))
    elapsed = time.perf_counter() - begin
    return {
        "throughput": len(latencies) / elapsed,
        "p50_ms": percentile(latencies, 0.5) * 1000,
        "p99_ms": percentile(latencies, 0.99) * 1000,
    }


if __name__ == "__main__":
    token = sys.argv[4] if len(sys.argv) > 4 else ""
    figures = uvloop.run(drive(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), token))
    sys.stdout.write(json.dumps(figures) + "\n")
