"""Puts the replay bar and the past of the map together: asks for the moment that is wanted, plays, steps, and goes back to the present.

One question at a time. While its answer is under way only the newest wish is kept; an answer that takes longer than a moment is given
up for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.agents.moments import Bucket, HistorySpan, MapMoment, Step
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.playback import Playback
from chainbot_desktop.ui.agent_map.replay_bar import ReplayBar
from chainbot_desktop.ui.view import Message

BUCKETS = 240
_PATIENCE_MS = 250
_FRAME_MS = 33
_REFRESH_MS = 5_000
_FEED_BELOW = 128
_FEED = 512
_STEPS_WAITING = 8


class History(Protocol):
    """The past of the map (`agents.replay.MapHistory`)."""

    async def span(self) -> HistorySpan: ...

    async def at(self, seq: int) -> MapMoment: ...

    async def density(self, buckets: int, *, whole: bool = True) -> tuple[Bucket, ...]: ...

    async def neighbour(self, seq: int, *, forward: bool, mark: bool) -> int | None: ...

    async def steps_after(self, seq: int, limit: int = 256) -> tuple[Step, ...]: ...


class ReplayController(QObject):
    """`moment_shown` carries a `MapMoment` to be shown, `live_again` ends the replay, `message` carries a `Message`."""

    moment_shown = Signal(object)
    live_again = Signal()
    message = Signal(object)

    def __init__(self, bar: ReplayBar, history: History, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bar = bar
        self._history = history
        self._tasks = tasks
        self._active = False
        self._span = HistorySpan(0, "", 0, "")
        self._shown: MapMoment | None = None
        self._wanted: int | None = None
        self._asking: tuple[int, asyncio.Task[None]] | None = None
        self._others: set[asyncio.Task[None]] = set()
        self._steps: list[tuple[int, bool]] = []
        self._stepping = False
        self._refreshing = False
        self._playback: Playback | None = None
        self._feeding: Playback | None = None
        self._looked = 0.0
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._on_patience_ended)
        self._clock = QTimer(self, interval=_FRAME_MS)
        self._clock.timeout.connect(self._on_tick)
        self._refresh = QTimer(self, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._on_refresh)
        bar.moment_wanted.connect(self._on_moment_wanted)
        bar.stepped.connect(self._on_stepped)
        bar.played.connect(self._on_played)
        bar.speed_chosen.connect(self._on_speed)
        bar.left.connect(self.leave)

    @property
    def active(self) -> bool:
        return self._active

    @property
    def shown(self) -> MapMoment | None:
        """What the map shows; None in the present."""
        return self._shown

    def open(self, seq: int | None = None) -> None:
        """Show the bar and the map after the event `seq`, or as it is now."""
        if not self._active:
            self._active = True
            self._bar.show_busy(False)
            self._bar.show()
            self._bar.track.setFocus()
            self._refresh.start()
            self._spawn("read the past", self._begin(seq))
        elif seq is not None:
            self._on_moment_wanted(seq)

    def leave(self) -> None:
        """Back to the present; nothing is asked any more."""
        if not self._active:
            return
        self._active = False
        self._pause()
        for timer in (self._patience, self._refresh):
            timer.stop()
        self._wanted, self._shown = None, None
        self._steps.clear()
        for task in (*self._others, *((self._asking[1],) if self._asking else ())):
            task.cancel()
        self._bar.hide()
        self.live_again.emit()

    # What the past is.

    async def _begin(self, seq: int | None) -> None:
        self._span = await self._history.span()
        if self._span.empty:
            self.message.emit(Message("There is no past yet: nothing has been recorded.", "info"))
            self.leave()
            return
        if self._span.pruned:
            text = f"The past begins with event {self._span.first_seq:,}: older ones were pruned."
            self.message.emit(Message(text, "info", hint="Agents of which only those told are missing."))
        self._bar.show_history(self._span, await self._history.density(BUCKETS, whole=False))
        self._want(seq if seq is not None else self._span.last_seq)
        self._bar.show_history(self._span, await self._history.density(BUCKETS))

    def _on_refresh(self) -> None:
        if not self._refreshing and not self._span.empty:
            self._refreshing = True
            self._spawn("look whether the past has grown", self._grow())

    async def _grow(self) -> None:
        try:
            span = await self._history.span()
            if span != self._span:
                density = await self._history.density(BUCKETS)
                self._span = span
                self._bar.show_history(span, density)
        finally:
            self._refreshing = False

    # One moment at a time.

    def _on_moment_wanted(self, seq: int) -> None:
        """From the strip: playing goes on from there."""
        self._steps.clear()
        self._want(seq)
        self._playback = None

    def _want(self, seq: int) -> None:
        self._wanted = seq
        self._bar.show_wanted(seq)
        if self._asking is None:
            self._ask()
        elif not self._patience.isActive() and self._asking[0] != seq:
            self._asking[1].cancel()

    def _ask(self) -> None:
        seq, self._wanted = self._wanted, None
        if seq is None or not self._active:
            return
        if self._shown is not None and self._shown.seq == seq:
            self._bar.show_moment(seq, self._shown.time)
            return
        self._patience.start()
        task = self._tasks.spawn("agent map: show a moment of the past", self._answer(seq))
        self._asking = (seq, task)
        task.add_done_callback(self._on_answered)

    async def _answer(self, seq: int) -> None:
        try:
            moment = await self._history.at(seq)
        except ChainBotError as error:
            self._tell(error)
            self._pause()
        else:
            if self._active:
                self._shown = moment
                self.moment_shown.emit(moment)
        if self._active and self._shown is not None:
            self._bar.show_moment(self._shown.seq, self._shown.time)
            if self._wanted is not None:
                self._bar.show_wanted(self._wanted)

    def _on_answered(self, _task: asyncio.Task[None]) -> None:
        """Also after it was cancelled, before it had begun even."""
        self._asking = None
        self._patience.stop()
        if self._wanted is None or not self._active:
            self._bar.show_busy(False)
        self._ask()

    def _on_patience_ended(self) -> None:
        self._bar.show_busy(True)
        if self._asking is not None and self._wanted is not None:
            self._asking[1].cancel()

    # Steps.

    def _on_stepped(self, direction: int, mark: bool) -> None:
        self._bar.show_playing(False)
        self._pause()
        if self._active and len(self._steps) < _STEPS_WAITING:
            self._steps.append((direction, mark))
            if not self._stepping:
                self._stepping = True
                self._spawn("step through the past", self._step())

    async def _step(self) -> None:
        try:
            while self._steps:
                direction, mark = self._steps.pop(0)
                seq = await self._history.neighbour(self._bar.track.position, forward=direction > 0, mark=mark)
                if seq is not None:
                    self._want(seq)
                elif mark:
                    which = "later" if direction > 0 else "earlier"
                    self.message.emit(Message(f"There is no {which} moment with a mark.", "info"))
        finally:
            self._stepping = False

    # Playing.

    def _on_played(self, playing: bool) -> None:
        if not playing or not self._active:
            self._pause()
            return
        self._playback = None
        self._spawn("play the past", self._play())

    async def _play(self) -> None:
        if self._shown is not None and await self._history.neighbour(self._shown.seq, forward=True, mark=False) is None:
            self._want(self._span.first_seq)  # at the end it begins anew
        if self._bar.playing:
            self._looked = time.perf_counter()
            self._clock.start()

    def _on_speed(self, speed: int) -> None:
        if self._playback is not None:
            self._playback.speed = speed

    def _pause(self) -> None:
        self._clock.stop()
        self._playback = None
        self._bar.show_playing(False)

    def _on_tick(self) -> None:
        now = time.perf_counter()
        passed, self._looked = now - self._looked, now
        if self._playback is None:
            if self._asking is not None or self._wanted is not None or self._shown is None:
                return  # it goes on from what is about to be shown
            self._playback = Playback(self._shown.seq, self._shown.time, self._bar.speed)
        if self._playback.waiting < _FEED_BELOW and self._feeding is None:
            self._feeding = self._playback
            self._spawn("read what is played next", self._feed(self._playback))
        seq = self._playback.advance(passed)
        if seq is not None:
            self._want(seq)

    async def _feed(self, playback: Playback) -> None:
        try:
            steps = await self._history.steps_after(playback.last_seq, _FEED)
        finally:
            self._feeding = None
        playback.feed(steps)
        if not steps and not playback.waiting and playback is self._playback:
            self._pause()  # this is the present, or as near as it gets

    # Work of which a person hears when it fails.

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.spawn(f"agent map: {name}", self._told(work))
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ChainBotError as error:
            self._tell(error)
            self._pause()

    def _tell(self, error: ChainBotError) -> None:
        if self._active:
            self.message.emit(Message(error.message, "error", hint=error.hint))
