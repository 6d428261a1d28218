"""A bare aiohttp handler that parses the JSON and answers, on a bare qasync loop (or, for comparison, on another one)."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Any

import orjson
import qasync
from aiohttp import web
from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.qt_loop import QtLoop


async def accept(request: web.Request) -> web.Response:
    body = orjson.loads(await request.read())
    return web.Response(body=orjson.dumps({"status": "success", "id": body["workflow_id"]}), content_type="application/json")


async def serve(port: int) -> None:
    application = web.Application()
    application.router.add_post("/api/webhooks/chainbot/workflow/started", accept)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


def main(port: int, kind: str) -> None:
    app = QApplication([])
    loops: dict[str, Any] = {"qasync": qasync.QEventLoop, "ours": QtLoop}
    loop = loops[kind](app)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(serve(port))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
