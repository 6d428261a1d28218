"""Readings that may fail or hang (a disk that is gone, a sensor whose driver sleeps), so that none of them stops the others.

They run one after the other on one daemon thread. A reading that does not come back in time is left alone with that thread, a new
thread goes on with the rest, and its figure is absent until it comes back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

_log = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE = 0.3
"""Seconds for which a look waits for its readings; what comes later counts at the next look."""
GIVE_UP_AFTER = 2.0
"""Seconds after which a reading counts as hanging."""


class Probe(Generic[T]):
    """`read` is run at most every `every` seconds. None, or an error, is: this machine does not tell."""

    def __init__(self, name: str, read: Callable[[], T | None], every: float) -> None:
        self.name = name
        self.every = every
        self.due = float("-inf")
        self.hangs = False
        self._read = read
        self._value: T | None = None
        self._failed = False

    @property
    def value(self) -> T | None:
        """What was read last."""
        return None if self.hangs else self._value

    def run(self) -> None:
        try:
            self._value = self._read()
            self._failed = False
        except Exception:  # the border of a reading: one that fails keeps no other from being read
            self._value = None
            if not self._failed:
                _log.warning("%s cannot be read", self.name, exc_info=True)
            self._failed = True


class Probes:
    """Use on one thread."""

    def __init__(
        self, probes: Sequence[Probe[Any]], *, patience: float = PATIENCE, give_up_after: float = GIVE_UP_AFTER
    ) -> None:
        self._probes = tuple(probes)
        self._patience = patience
        self._give_up_after = give_up_after
        self._worker: _Worker | None = None

    def look(self, now: float) -> None:
        """Run what is due at `now` (seconds of a clock that goes on in sleep). Returns when it is done, or after `PATIENCE`."""
        worker = self._idle_worker()
        due = [probe for probe in self._probes if now >= probe.due and not probe.hangs]
        if worker is None or not due:
            return
        for probe in due:
            probe.due = now + probe.every - 0.5  # looks come every second, give or take
        worker.start(due)
        worker.done.wait(self._patience)

    def close(self) -> None:
        """A reading that hangs is left alone: it ends with the program."""
        if self._worker is not None:
            self._worker.dismiss()
            self._worker = None

    def _idle_worker(self) -> _Worker | None:
        """None while readings of the last look are under way."""
        worker = self._worker
        if worker is not None and not worker.done.is_set():
            stuck = worker.stuck_on(self._give_up_after)
            if stuck is None:
                return None
            _log.warning("%s does not come back: it is left out until it does", stuck.name)
            worker.dismiss()
            worker = None
        if worker is None:
            worker = self._worker = _Worker()
        return worker


class _Worker:
    def __init__(self) -> None:
        self.done = threading.Event()
        self.done.set()
        self._lock = threading.Lock()
        self._queue: SimpleQueue[Sequence[Probe[Any]]] = SimpleQueue()
        self._current: Probe[Any] | None = None
        self._since = 0.0
        self._dismissed = threading.Event()
        threading.Thread(target=self._run, name="metrics readings", daemon=True).start()

    def start(self, probes: Sequence[Probe[Any]]) -> None:
        self.done.clear()
        self._queue.put(probes)

    def stuck_on(self, seconds: float) -> Probe[Any] | None:
        """The reading that has been under way for so long; it is marked as hanging."""
        with self._lock:
            if self._current is None or time.monotonic() - self._since < seconds:
                return None
            self._current.hangs = True
            return self._current

    def dismiss(self) -> None:
        self._dismissed.set()
        self._queue.put(())

    def _run(self) -> None:
        while not self._dismissed.is_set():
            for probe in self._queue.get():
                with self._lock:
                    self._current, self._since = probe, time.monotonic()
                probe.run()
                with self._lock:
                    self._current, probe.hangs = None, False
                if self._dismissed.is_set():
                    return
            self.done.set()
