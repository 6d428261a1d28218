"""The one place where background tasks are created: named, kept alive, and heard when they fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)


class Tasks:
    """A set of running tasks that ends together. Use on the loop's thread only.

    A task that fails is logged with its traceback and handed to `on_failure` (name, exception): never lost, never fatal.
    """

    def __init__(self, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self._on_failure = on_failure

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._on_done)
        return task

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(task.get_name() for task in self._running))

    async def cancel_all(self, deadline: float = 2.0) -> tuple[str, ...]:
        """Cancel what runs and wait for it at most `deadline` seconds; the names of tasks that did not end."""
        me = asyncio.current_task()
        pending = {task for task in self._running if task is not me}
        for task in pending:
            task.cancel()
        if not pending:
            return ()
        _, stuck = await asyncio.wait(pending, timeout=deadline)
        return tuple(sorted(task.get_name() for task in stuck))

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        _log.error("task %s failed", task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)


class Latest:
    """One piece of work at a time: a new one takes the place of the one that runs, which is cancelled."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._task: asyncio.Task[Any] | None = None

    @property
    def busy(self) -> bool:
        """Whether it is at work. The work itself may ask: only another that has taken its place counts then."""
        return self._task is not None and not self._task.done() and self._task is not asyncio.current_task()

    def start(self, name: str, work: Coroutine[Any, Any, Any]) -> None:
        self.cancel()
        self._task = self._tasks.spawn(name, work)

    def cancel(self) -> None:
        """It is not busy from now on, though what it did may take a while to tidy up."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
