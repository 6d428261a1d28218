"""The connection to a coding agent's process: requests with deadlines, errors in words, its end seen whichever way it comes.

Imports the protocol, so it is itself imported lazily.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from acp.connection import Connection, MethodHandler
from acp.exceptions import RequestError
from acp.meta import AGENT_METHODS
from pydantic import BaseModel, ValidationError

from chainbot_desktop.agents.kind import AgentContext
from chainbot_desktop.agents.kinds.coder.config import CoderConfig
from chainbot_desktop.agents.kinds.coder.errors import CoderFailed
from chainbot_desktop.agents.kinds.coder.wire import LineTransport
from chainbot_desktop.agents.kinds.endings import ending
from chainbot_desktop.agents.processes.child import Child
from chainbot_desktop.agents.processes.lines import read_lines
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.tasks import Tasks

M = TypeVar("M", bound=BaseModel)

_SIGN_IN_REQUIRED = -32000
_STOP_GRACE = 2.0
_LAST_OUTPUT_SECONDS = 1.0


class Channel:
    """Use on the loop's thread."""

    def __init__(self, context: AgentContext, config: CoderConfig, child: Child, handler: MethodHandler, tasks: Tasks) -> None:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdin is not None
        self._context = context
        self._config = config
        self._child = child
        self._tasks = tasks
        self._last_error = ""
        self._transport = LineTransport(child.stdout, child.stdin, lambda text: context.log.add("out", text))
        self._connection = Connection(handler, self._transport)
        self._closing: asyncio.Task[None] | None = None
        tasks.spawn(f"errors of {context.name}", read_lines(child.stderr, self._on_errors))
        tasks.spawn(f"end of {context.name}", self._see_its_end())
        self.name = config.known.title
        """What it calls itself, once it has said so."""
        self.sign_in: Sequence[str] = ()
        """The ways to sign in that it offers."""

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def alive(self) -> bool:
        return not self._transport.ended.is_set() and self._closing is None

    async def request(self, name: str, request: BaseModel, answer: type[M], seconds: float | None = None) -> M:
        """`name` is the library's for the method. ChainBotError says why there is no answer."""
        try:
            async with asyncio.timeout(seconds):
                found = await self._connection.send_request(AGENT_METHODS[name], _dumped(request))
            return answer.model_validate(found if found is not None else {})
        except TimeoutError:
            hint = self._last_words() or "Start it in a terminal and see what it says."
            raise Unavailable(f"{self.name} did not answer within {seconds:g} s.", hint=hint, code="no_answer") from None
        except ConnectionError:
            raise await self._died() from None
        except RequestError as error:
            raise self._refused(error) from None
        except ValidationError:
            sentence = f"{self.name} answered with something that is not of the protocol."
            raise CoderFailed(sentence, code="coder_garbled") from None

    async def notify(self, name: str, notification: BaseModel, seconds: float) -> None:
        """Nothing where it cannot be told within `seconds`."""
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(seconds):
                await self._connection.send_notification(AGENT_METHODS[name], _dumped(notification))

    def signal(self, number: int) -> None:
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    async def close(self) -> None:
        """Leave nothing of it; may be called twice."""
        if self._closing is None:
            self._closing = self._tasks.spawn(f"close {self._context.name}", self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._connection.close()
        await self._child.stop(grace=_STOP_GRACE)

    async def _see_its_end(self) -> None:
        await self._child.wait()
        with contextlib.suppress(TimeoutError):
            # What it said last counts; what it left running may hold its output open for ever.
            async with asyncio.timeout(_LAST_OUTPUT_SECONDS):
                await self._transport.ended.wait()
        await self._connection.close()

    async def _died(self) -> ChainBotError:
        if self._transport.failure:
            await self.close()
            return CoderFailed(f"{self.name} was given up: {self._transport.failure}", code="coder_garbled")
        try:
            async with asyncio.timeout(_LAST_OUTPUT_SECONDS):
                code = await self._child.wait()
        except TimeoutError:
            await self.close()
            return CoderFailed(f"{self.name} closed its output.", hint=self._last_words(), code="coder_died")
        sentence = f"{self.name} broke off: {ending(self._config.words[0].rpartition('/')[2], code)}"
        return CoderFailed(sentence, hint=self._last_words(), code="coder_died")

    def _refused(self, error: RequestError) -> ChainBotError:
        if error.code == _SIGN_IN_REQUIRED:
            offered = f" It offers: {', '.join(self.sign_in)}." if self.sign_in else ""
            hint = self._config.known.sign_in + offered
            return Unavailable(f"{self.name} wants you to sign in first.", hint=hint, code="sign_in_required")
        details = error.data.get("details") if isinstance(error.data, Mapping) else None
        said = line(f"{error}: {details}" if isinstance(details, str) else str(error), 1000)
        return CoderFailed(f"{self.name} reports an error: {said}", code="coder_refused")

    def _last_words(self) -> str:
        return f"Its last line: {self._last_error[:300]}" if self._last_error else ""

    def _on_errors(self, lines: Sequence[str]) -> None:
        self._context.log.add("err", "\n".join(lines))
        self._last_error = next((text for text in reversed(lines) if text.strip()), self._last_error)


def _dumped(request: BaseModel) -> Any:
    return request.model_dump(mode="json", by_alias=True, exclude_none=True)
