"""A bare window with a label that a bare aiohttp handler on a bare qasync loop sets; it notes its frames as the program does."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import orjson
import qasync
from aiohttp import web
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel

frames = Path("frames.jsonl").open("w", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as the process


class Label(QLabel):
    seq = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        frames.write(json.dumps([time.monotonic(), self.seq]) + "\n")


async def serve(port: int, label: Label) -> None:
    async def accept(request: web.Request) -> web.Response:
        orjson.loads(await request.read())
        label.seq += 1
        label.setText(f"event {label.seq}")
        return web.json_response({"seq": label.seq})

    application = web.Application()
    application.router.add_post("/api/webhooks/chainbot/workflow/started", accept)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await runner.cleanup()


def main(port: int) -> None:
    app = QApplication([])
    label = Label("no event")
    label.resize(1280, 800)
    label.show()
    loop = qasync.QEventLoop(app)
    asyncio.set_event_loop(loop)
    loop.run_until_complete(serve(port, label))


if __name__ == "__main__":
    main(int(sys.argv[1]))
