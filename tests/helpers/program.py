"""Starts the program, or a control, as a process of its own, and knows when it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Running:
    """A program that listens. `token` opens it."""

    process: subprocess.Popen[bytes]
    port: int
    token: str
    log: Path
    data: Path
    spawned_at: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: Any) -> Any:
        return json.loads(self._ask(path, json.dumps(body).encode()))

    def get(self, path: str) -> Any:
        return json.loads(self.get_bytes(path))

    def get_bytes(self, path: str) -> bytes:
        return self._ask(path, None)

    def until(self, path: str, condition: Callable[[Any], bool], seconds: float = 20) -> Any:
        """Ask again until the answer meets the condition."""
        end = time.monotonic() + seconds
        while True:
            answer = self.get(path)
            if condition(answer):
                return answer
            if time.monotonic() > end:
                raise TimeoutError(f"{path} still answers {answer}")
            time.sleep(0.05)

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM, seconds: float = 10) -> float:
        """Send a signal and wait for the end; how many seconds it took."""
        begin = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(seconds)
        return time.monotonic() - begin

    def _ask(self, path: str, body: bytes | None) -> bytes:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            content: bytes = answer.read()
            return content

    def show(self, window: str, content: dict[str, object] | None = None) -> None:
        """Bring a window of the panel to the front, over the WebSocket as any client does."""
        asyncio.run(self._show(window, content or {}))

    async def _show(self, window: str, content: dict[str, object]) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(f"http://127.0.0.1:{self.port}/ws") as socket_,
        ):
            await socket_.send_json({"type": "hot_swap", "data": {"target_window": window, "swap_data": content}})
            async for message in socket_:
                frame = message.json()
                if frame["type"] == "error":
                    raise RuntimeError(frame)
                if frame["type"] == "hot_swap":
                    return

    def logged(self, pattern: str) -> re.Match[str]:
        """Wait for a line of the log."""
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            if found := re.search(pattern, self.log.read_text(encoding="utf-8")):
                return found
            time.sleep(0.05)
        raise TimeoutError(f"{pattern!r} was not logged:\n{self.log.read_text(encoding='utf-8')[-3000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def program(
    *flags: str, data: Path | None = None, module: str = "chainbot_desktop", environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """The program, offscreen, without ALEX OS unless `flags` say --demo or `environment` says which; data of its own by default.

    It is asked to stop at the end, unless the test did so, and must then end by itself.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = data or Path(folder) / "data"
        port = free_port()
        command = [sys.executable, "-m", module, f"--port={port}", f"--data-dir={data}", *flags]
        env = {"CHAINBOT_SECURITY__SECRET_STORE": "file", "CHAINBOT_LOGGING__FORMAT": "json", "XDG_CONFIG_HOME": folder}
        if "--demo" not in flags and "CHAINBOT_ALEX_OS__REGISTRY_URL" not in (environment or {}):
            env["CHAINBOT_ALEX_OS__ENABLED"] = "false"
        with _process(command, Path(folder), env | dict(environment or {})) as (process, log, spawned_at):
            _wait_for(port, process, log)
            running = Running(process, port, _token(data), log, data, spawned_at)
            running.logged("listens on")
            yield running


@contextmanager
def control(module: str, *arguments: str) -> Iterator[Running]:
    """A bare program of `tests.bench.controls` that listens on the port it is given."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "-m", f"tests.bench.controls.{module}", str(port), *arguments]
        with _process(command, Path(folder), {}) as (process, log, spawned_at):
            _wait_for(port, process, log)
            yield Running(process, port, "", log, Path(folder), spawned_at)


def _token(data: Path) -> str:
    token: str = json.loads((data / "secrets.json").read_text(encoding="utf-8"))["admin token"]["value"]
    return token


@contextmanager
def _process(
    command: Sequence[str], folder: Path, environment: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], Path, float]]:
    log = folder / "log.txt"
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT), **environment}
    with log.open("wb") as output:
        spawned_at = time.time()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env, cwd=folder)
        try:
            yield process, log, spawned_at
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"it did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")
