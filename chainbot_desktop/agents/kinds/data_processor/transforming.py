"""Our end of the pipes to the child that transforms: records go out, answers come back, and one that never comes is given up."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.kind import AgentContext
from chainbot_desktop.agents.kinds.data_processor.config import Transform
from chainbot_desktop.agents.kinds.data_processor.places import place
from chainbot_desktop.agents.kinds.data_processor.rows import ProcessingFailed
from chainbot_desktop.agents.kinds.endings import ending
from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.agents.processes.lines import read_lines
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.tasks import Tasks

_PROGRAM = Path(__file__).with_name("transformer.py")
_START_SECONDS = 30.0
_ANSWER_LIMIT = 64 << 20
_CHUNK = 1 << 16
_LIVES = 20
"""A transformation that dies or hangs this often is not worth another start."""


class Transforming:
    """One for a task. Use `transform` from one task at a time."""

    def __init__(self, context: AgentContext, transform: Transform, record_seconds: float) -> None:
        self._context = context
        self._transform = transform
        self._record_seconds = record_seconds
        self._tasks = Tasks()
        self._child: Child | None = None
        self._answers = _Answers()
        self._lives = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    async def start(self) -> None:
        """InvalidInput where the expression or the file is none."""
        self._lives += 1
        if self._lives > _LIVES:
            raise ProcessingFailed(
                f"The transformation had to be ended {_LIVES} times.", hint="Look at the rows that it fails on."
            )
        way, text = self._instruction()
        if way == "python" and not await asyncio.to_thread(Path(text).is_file):
            raise InvalidInput(
                f"There is no file {text}.", hint="Look at the path of the transformation.", code="bad_transformation"
            )
        child = self._child = await self._context.children.start(
            [sys.executable, "-I", "-X", "utf8", str(_PROGRAM)], cwd=self._context.workspace, stdin=True
        )
        assert child.stderr is not None
        self._tasks.spawn("printed by a transformation", read_lines(child.stderr, self._print))
        self._answers = _Answers()
        self._send([json.dumps({"way": way, "text": text}).encode()])
        answer = await self._answer(_START_SECONDS)
        if "error" in answer:
            await self.stop()
            raise InvalidInput(f"The transformation is not usable: {answer['error']}.", code="bad_transformation")

    async def transform(self, records: Sequence[bytes]) -> list[bytes | str]:
        """For each record (JSON without line ends) its answer as the child wrote it, or why there is none."""
        answers: list[bytes | str] = []
        while len(answers) < len(records):
            if self._child is None:
                await self.start()
            self._send(records[len(answers) :])
            try:
                while len(answers) < len(records):
                    answers.append(await self._line(self._record_seconds))
            except _NoAnswer as error:
                await self.stop()
                answers.append(error.reason)
        return answers

    async def stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.stop(grace=0)
        await self._tasks.cancel_all()

    def _instruction(self) -> tuple[str, str]:
        transform = self._transform
        if transform.jmespath is not None:
            return "jmespath", transform.jmespath
        if transform.cel is not None:
            return "cel", transform.cel
        assert transform.python is not None
        return "python", str(place(transform.python, self._context.workspace, from_task=False))

    def _send(self, lines: Sequence[bytes]) -> None:
        # Without waiting for room: the child may wait in turn for somebody to read its answers. A batch bounds what is held.
        assert self._child is not None
        assert self._child.stdin is not None
        self._child.stdin.write(b"\n".join(lines) + b"\n")

    async def _answer(self, seconds: float) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(await self._line(seconds))
        except _NoAnswer as error:
            await self.stop()
            return {"error": error.reason}
        return answer

    async def _line(self, seconds: float) -> bytes:
        child = self._child
        assert child is not None
        assert child.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                while (line := self._answers.next()) is None:
                    chunk = await child.stdout.read(_CHUNK)
                    if not chunk:
                        raise _NoAnswer(ending("its process", await child.wait())[:-1])
                    self._answers.feed(chunk)
        except TimeoutError:
            raise _NoAnswer(f"no answer within {seconds:g} s") from None
        return line

    def _print(self, lines: Sequence[str]) -> None:
        self._context.log.add("err", "\n".join(lines))


class _NoAnswer(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Answers:
    """Bytes in, lines out; a line that never ends is none."""

    def __init__(self) -> None:
        self._whole: deque[bytes] = deque()
        self._begun: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        first, *rest = chunk.split(b"\n")
        self._begun.append(first)
        self._size += len(first)
        if self._size > _ANSWER_LIMIT:
            raise _NoAnswer(f"an answer longer than {_ANSWER_LIMIT >> 20} MB")
        if rest:
            self._whole.extend((b"".join(self._begun), *rest[:-1]))
            self._begun, self._size = [rest[-1]], len(rest[-1])

    def next(self) -> bytes | None:
        return self._whole.popleft() if self._whole else None
