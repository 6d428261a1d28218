"""asyncio on Qt's event loop: qasync's outside, asyncio's own scheduling inside.

qasync makes a Qt timer for every `call_soon` and a socket notifier for every descriptor; at thousands of requests a second that is
nearly half of the work (bare aiohttp answers 1.9 times as many requests here as on qasync's own loop). Here asyncio keeps its ready
queue, its timer heap and its epoll, and Qt watches just three things: the epoll descriptor (which is itself readable when anything
in it is), one timer for the next deadline, and one posted event.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context
from selectors import EpollSelector
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

import qasync
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, Qt, QTimer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

TURN_BUDGET = 0.004
"""Seconds that asyncio may keep the thread while more is ready, before Qt has its turn."""

_WAKE = QEvent.Type(QEvent.registerEventType())
_CANCELLED_TIMERS_TO_SWEEP = 100

if TYPE_CHECKING:

    class _AsyncioSide(asyncio.SelectorEventLoop):
        """What asyncio's own loop is made of; typeshed does not tell."""

        _selector: EpollSelector
        _ready: deque[asyncio.Handle]
        _scheduled: list[asyncio.TimerHandle]
        _clock_resolution: float
        _timer_cancelled_count: int

        def _process_events(self, events: list[Any]) -> None: ...
        def _add_reader(self, fd: Any, callback: Any, *args: Any) -> Any: ...
        def _remove_reader(self, fd: Any) -> bool: ...
        def _add_writer(self, fd: Any, callback: Any, *args: Any) -> Any: ...
        def _remove_writer(self, fd: Any) -> bool: ...
        def _add_callback(self, handle: asyncio.Handle) -> None: ...

    class _QtSide(_AsyncioSide):
        def __init__(self, app: QCoreApplication) -> None: ...
else:
    _AsyncioSide = asyncio.SelectorEventLoop
    _QtSide = qasync._QEventLoop  # the half of qasync that does not bring its own selector


class _Waker(QObject):
    """Calls `turn` when a posted wake-up arrives."""

    def __init__(self, turn: Callable[[], None]) -> None:
        super().__init__()
        self._turn = turn

    def customEvent(self, event: QEvent) -> None:
        self._turn()


class QtLoop(_QtSide, _AsyncioSide):
    """An asyncio event loop that runs inside `app.exec()`. Made and used on the GUI thread.

    asyncio never runs inside itself: a nested Qt loop that a callback of asyncio starts holds all other callbacks back until it
    ends. One that a Qt slot starts holds nothing back.
    """

    def __init__(self, app: QCoreApplication) -> None:
        self._awake = True  # nothing is posted before the waker exists
        self._posted = False
        self._in_turn = False
        super().__init__(app)
        self._waker = _Waker(self._on_wake)
        self._deadline = QTimer(self._waker)
        self._deadline.setSingleShot(True)
        self._deadline.setTimerType(Qt.TimerType.PreciseTimer)
        self._deadline.timeout.connect(self._turn)
        self._readiness = QSocketNotifier(self._selector.fileno(), QSocketNotifier.Type.Read, self._waker)
        self._readiness.activated.connect(self._turn)
        self._awake = False

    # Scheduling is asyncio's; a call from outside a turn wakes Qt up.

    def call_soon(self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None) -> asyncio.Handle:
        handle = _AsyncioSide.call_soon(self, callback, *args, context=context)
        if not self._awake:
            self._wake()
        return handle

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = _AsyncioSide.call_at(self, when, callback, *args, context=context)
        if not self._in_turn and self._scheduled[0] is timer:
            self._set_deadline()
        return timer

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        return _AsyncioSide.call_soon_threadsafe(self, callback, *args, context=context)

    def run_in_executor(self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts) -> asyncio.Future[T]:
        return _AsyncioSide.run_in_executor(self, executor, func, *args)

    def set_default_executor(self, executor: Any) -> None:
        _AsyncioSide.set_default_executor(self, executor)

    _add_reader = _AsyncioSide._add_reader
    _remove_reader = _AsyncioSide._remove_reader
    _add_writer = _AsyncioSide._add_writer
    _remove_writer = _AsyncioSide._remove_writer
    _add_callback = _AsyncioSide._add_callback

    def close(self) -> None:
        if self.is_closed():
            return
        self._awake = True
        self._readiness.setEnabled(False)
        self._deadline.stop()
        _AsyncioSide.close(self)
        super().close()

    def _before_run_forever(self) -> None:
        """qasync's hook. What was asked for while nothing ran is waiting."""
        self._wake()

    def _after_run_forever(self) -> None:
        """qasync's hook."""

    def _wake(self) -> None:
        self._awake = self._posted = True
        QCoreApplication.postEvent(self._waker, QEvent(_WAKE))

    def _on_wake(self) -> None:
        self._posted = False
        self._awake = self._in_turn
        self._turn()

    def _turn(self) -> None:
        """Run what is ready, until nothing is or the budget is used up."""
        if self.is_closed() or not self.is_running():
            return  # qasync lets Qt have one more turn after the end, when no loop is running any more
        if self._in_turn:
            # A nested Qt loop inside a callback: stay quiet until that callback is back, or the descriptor would spin.
            self._readiness.setEnabled(False)
            return
        self._awake = self._in_turn = True
        end = monotonic() + TURN_BUDGET
        try:
            while True:
                self._run_round()
                if not self._ready or not self.is_running() or monotonic() > end:
                    break
        finally:
            self._in_turn = False
            self._awake = self._posted  # a nested Qt loop may have taken the wake-up that was there at the beginning
        if self.is_closed():
            return
        if not self._readiness.isEnabled():
            self._readiness.setEnabled(True)
        self._set_deadline()
        if self._ready and not self._awake:
            self._wake()

    def _run_round(self) -> None:
        self._process_events(self._selector.select(0))
        self._collect_due_timers()
        ready = self._ready
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _collect_due_timers(self) -> None:
        scheduled = self._scheduled
        if self._timer_cancelled_count > _CANCELLED_TIMERS_TO_SWEEP and self._timer_cancelled_count * 2 > len(scheduled):
            for timer in scheduled:
                if timer.cancelled():
                    timer._scheduled = False  # type: ignore[attr-defined]  # asyncio's own mark: not in the heap
            scheduled[:] = [timer for timer in scheduled if not timer.cancelled()]
            heapq.heapify(scheduled)
            self._timer_cancelled_count = 0
        due = self.time() + self._clock_resolution
        while scheduled and (scheduled[0].cancelled() or scheduled[0].when() < due):
            timer = heapq.heappop(scheduled)
            timer._scheduled = False  # type: ignore[attr-defined]  # asyncio's own mark: not in the heap
            if timer.cancelled():
                self._timer_cancelled_count -= 1
            else:
                self._ready.append(timer)

    def _set_deadline(self) -> None:
        if self._scheduled:
            self._deadline.start(max(0, int((self._scheduled[0].when() - self.time()) * 1000 + 0.999)))
        else:
            self._deadline.stop()
