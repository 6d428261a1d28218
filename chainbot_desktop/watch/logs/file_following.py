"""The thread that reads a log file: indexes it, then waits for what is appended, and notices when it is cut, replaced or deleted."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.watch.logs.file_bytes import FileBytes, refusal
from chainbot_desktop.watch.logs.file_content import Content
from chainbot_desktop.watch.logs.file_index import BLOCK, FileChanged

_log = logging.getLogger(__name__)

_CHUNK = 32 * BLOCK
_PAUSE = 0.25
"""Seconds between two looks at a file of which all is known."""
_PAUSE_AFTER_FAILURE = 2.0
_SAMPLES = 2048
"""Lines whose time is remembered, about: what a histogram stands on."""
_SURE_FORMAT = 4096
"""Bytes from which on layout and format are not guessed anew when more comes."""
_FINGERPRINT = 64


class Following:
    """`content` is what the file holds now; `notice` a sentence about what befell it, "" if nothing. Both change in the thread.

    `told` is called in the thread, after each change.
    """

    def __init__(self, path: Path, content: Content, told: Callable[[], None]) -> None:
        self.path = path
        self.content = content
        self.notice = ""
        self._befell = ""
        """What stays true: the notice when nothing is wrong."""
        self._told = told
        self._stop = threading.Event()
        self._buffer = bytearray(_CHUNK)
        self._last = b""
        self._changed_at = 0
        self._thread = threading.Thread(target=self._run, name=f"log file {path.name}"[:60], daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join()

    def read_some(self) -> bool:
        """Index one chunk more; False if there is none. OSError. In the thread, or before it is started."""
        content = self.content
        index = content.index
        if index.extent.size >= content.size:
            return False
        block = index.blocks
        got = content.source.read_into(self._buffer, index.next)
        if index.next + got <= index.extent.size:
            raise FileChanged
        index.extend(self._buffer, got)
        content.size = max(content.size, index.extent.size)
        begin = max(0, got - _FINGERPRINT)
        self._last = bytes(memoryview(self._buffer)[begin:got])
        stride = max(1, content.size // BLOCK // _SAMPLES)
        for known in range(block, index.blocks + 1):
            if known % stride == 0:
                content.take_samples(known)
        return True

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = 0.0
            try:
                if self.read_some():
                    self._told()
                elif not self._look():
                    pause = _PAUSE
            except FileChanged:
                self._begin_anew("The file was cut while it was read; what it holds now follows.")
            except (OSError, ChainBotError) as error:
                if self._stop.is_set():
                    break
                self._say(str(error if isinstance(error, ChainBotError) else refusal(self.path, error)))
                pause = _PAUSE_AFTER_FAILURE
            except Exception:  # the border of the thread: without it the view would wait for ever
                _log.exception("reading %s failed", self.path)
                self._say("This file is not read any more: see the program's own log.")
                return
            if pause:
                self._stop.wait(pause)

    def _look(self) -> bool:
        """Whether there is more to read. OSError, ChainBotError."""
        content = self.content
        status = content.source.status()
        known = content.index.extent.size
        if status.st_size < known:
            raise FileChanged
        if (status.st_mtime_ns != self._changed_at or status.st_size > known) and self._last:
            begin = known - len(self._last)
            if content.source.read(begin, len(self._last)) != self._last:
                self._begin_anew("The file was written over; what it holds now follows.")
                return True
        self._changed_at = status.st_mtime_ns
        if status.st_size > known:
            content.size = status.st_size
            if content.sampled < _SURE_FORMAT:
                self._guess_again(content)
            return True
        return self._look_at_name(status)

    def _look_at_name(self, status: os.stat_result) -> bool:
        try:
            named = self.path.stat()
        except FileNotFoundError:
            self._say("The file was deleted or moved; what is shown is what it held.")
            return False
        if (named.st_dev, named.st_ino) == (status.st_dev, status.st_ino):
            self._say(self._befell)
            return False
        source = FileBytes.open(self.path)
        old = self.content
        self._replace(
            Content.of(source, old.name, old.base + old.lines), "The file was replaced (rotated); the new one follows."
        )
        old.source.close()
        return True

    def _guess_again(self, content: Content) -> None:
        anew = Content.of(content.source, content.name, content.base)
        if (anew.layout, anew.format) == (content.layout, content.format):
            content.sampled = anew.sampled
        else:
            self._replace(anew, self._befell)

    def _begin_anew(self, notice: str) -> None:
        """The same file holds other lines now: their numbers follow those of the old ones."""
        old = self.content
        try:
            self._replace(Content.of(old.source, old.name, old.base + old.lines), notice)
        except (OSError, ChainBotError) as error:
            self._say(str(error if isinstance(error, ChainBotError) else refusal(self.path, error)))
            self._stop.wait(_PAUSE_AFTER_FAILURE)

    def _replace(self, content: Content, notice: str) -> None:
        self._last = b""
        self.content, self.notice, self._befell = content, notice, notice
        self._told()

    def _say(self, notice: str) -> None:
        if notice != self.notice:
            self.notice = notice
            self._told()
