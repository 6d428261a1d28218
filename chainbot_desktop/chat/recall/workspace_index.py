"""Keeps the text of the open workspace searchable, in the background: on one thread that lets everybody else go first."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Literal, TypeVar

from chainbot_desktop.chat.recall.files import MAX_FILES, Stopped, listed, mark_of, pieces_of
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.store.text_ranking import Ranked, Term
from chainbot_desktop.store.workspace_text import FileMark, FoundPiece, IndexBroken, WorkspaceReader, WorkspaceText

_log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_TOTAL_BYTES = 64 * 1024 * 1024
_STEP_SECONDS = 0.05
"""How long the thread works before it rests as long, and looks whether it should go on."""
_BUSY_SECONDS = 2.0
_LOOK_SECONDS = 120.0
_ROOT_SECONDS = 3.0
_NICE = 10


@dataclass(frozen=True, slots=True)
class IndexState:
    """`note` says what a person should know: why there is none, or what was left out."""

    word: Literal["off", "building", "waiting", "ready", "failed"] = "off"
    root: str = ""
    files: int = 0
    to_read: int = 0
    note: str = ""

    @property
    def sentence(self) -> str:
        """What a person is told of it."""
        name = Path(self.root).name
        if self.word in ("building", "waiting"):
            left = f": {self.to_read:,} of {self.files:,} to go" if self.files else ""
            return f"The files of {name} are being read{left}{'; the machine is busy' if self.word == 'waiting' else ''}."
        if self.word == "ready":
            count = "1 file" if self.files == 1 else f"{self.files:,} files"
            return f"Searched in {name}: {count}. {self.note}".strip()
        return f"No files are searched. {self.note}".strip()


@dataclass(frozen=True, slots=True)
class IndexPlaces:
    """`may_read` says of a path from the root, and of where it is, whether it may be read at all: private places and secrets may not.

    `busy`: the machine has better things to do now.
    """

    database: Path
    root: Callable[[], Path | None]
    may_read: Callable[[str, Path], bool]
    busy: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class _Work:
    gone: list[str]
    changed: list[tuple[str, FileMark]]
    files: int
    note: str


class WorkspaceIndex:
    """Use on the loop's thread: `run` as a task until it is cancelled, then `close`."""

    def __init__(
        self, places: IndexPlaces, *, look_seconds: float = _LOOK_SECONDS, root_seconds: float = _ROOT_SECONDS
    ) -> None:
        self._places = places
        self._look_seconds = look_seconds
        self._root_seconds = root_seconds
        self._text = WorkspaceText(places.database)
        self._reader = WorkspaceReader(places.database)
        self._writing = ThreadPoolExecutor(1, "workspace-text", initializer=_be_nice)
        self._reading = ThreadPoolExecutor(1, "workspace-recall")
        self._again = asyncio.Event()
        self._stop = threading.Event()
        self._root: Path | None = None
        self.state = IndexState()

    async def run(self) -> None:
        """Until cancelled. What goes wrong is in `state`, and is tried again."""
        looked = -self._look_seconds
        while True:
            root = self._places.root()
            if root != self._root or self._again.is_set() or monotonic() - looked >= self._look_seconds:
                self._again.clear()
                await self._take(root)
                looked = monotonic()
            try:
                async with asyncio.timeout(self._root_seconds):
                    await self._again.wait()
            except TimeoutError:
                pass

    def look_again(self) -> None:
        """A file was changed: it need not wait for the next look."""
        self._again.set()

    async def best(self, terms: Sequence[Term], limit: int) -> tuple[Sequence[FoundPiece], Ranked]:
        """The pieces that fit best; nothing while there is no index. Files that may not be read any more are left out."""
        root = self._root
        if root is None or self.state.word == "off" or self._places.root() != root:
            return (), Ranked((), {}, 0)
        work = partial(self._reader.best, str(root), terms, limit)
        try:
            found, ranked = await asyncio.get_running_loop().run_in_executor(self._reading, work)
        except IndexBroken as error:
            _log.warning("the index of the workspace is made anew: %s", error)
            self._root = None
            self.look_again()
            return (), Ranked((), {}, 0)
        except Unavailable as error:
            _log.warning("nothing of the workspace is recalled: %s", error)
            return (), Ranked((), {}, 0)
        return [piece for piece in found if self._places.may_read(piece.path, root / piece.path)], ranked

    async def close(self) -> None:
        """After `run` has ended."""
        loop = asyncio.get_running_loop()
        await self._on_thread(self._text.close)
        for executor in (self._writing, self._reading):
            await loop.run_in_executor(None, executor.shutdown)

    async def _take(self, root: Path | None) -> None:
        try:
            refusal = await self._on_thread(partial(_refusal, root))
            if root is None or refusal:
                self._root = root
                self.state = IndexState(note=refusal)
                return
            if root != self._root:
                self.state = IndexState("building", str(root))
                await self._on_thread(partial(_open_or_make, self._text, str(root)))
                self._root = root
            await self._bring_up_to_date(root)
        except IndexBroken as error:
            _log.warning("the index of the workspace is made anew: %s", error)
            self._root = None  # what is there cannot be opened again, and is thrown away then
            self.state = replace(self.state, word="failed", note=error.message)
            self._again.set()
            await self._on_thread(self._text.throw_away)
        except ChainBotError as error:
            _log.warning("the workspace is not indexed: %s", error)
            self.state = replace(self.state, word="failed", note=str(error))

    async def _bring_up_to_date(self, root: Path) -> None:
        work = await self._on_thread(partial(_to_do, self._text, root, self._places.may_read, self._stop.is_set))
        waiting = work.changed
        while waiting:
            self.state = IndexState("building", str(root), work.files, len(waiting), work.note)
            while self._places.busy():
                self.state = replace(self.state, word="waiting")
                await asyncio.sleep(_BUSY_SECONDS)
            began = monotonic()
            done = await self._on_thread(partial(_read_some, self._text, root, waiting))
            waiting = waiting[done:]
            await asyncio.sleep(min(monotonic() - began, 1.0))
            if self._places.root() != root:
                return  # what is half done goes on when the folder is opened again
        self.state = IndexState("ready", str(root), work.files, 0, work.note)

    async def _on_thread(self, work: Callable[[], T]) -> T:
        """A step that has begun ends before a cancellation is heard of: nothing else may use the database meanwhile."""
        step = asyncio.get_running_loop().run_in_executor(self._writing, work)
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            self._stop.set()
            await asyncio.wait([step])
            step.exception()  # it was told to stop
            raise


def _refusal(root: Path | None) -> str:
    if root is None or not root.is_dir():
        return "No folder is open."
    if root in (Path("/"), Path.home()):
        return "A whole home folder is not searched for recall: open the folder of a project in the Code Agent window."
    return ""


def _open_or_make(text: WorkspaceText, root: str) -> None:
    text.close()
    try:
        text.open(root)
    except IndexBroken:
        text.throw_away()
        text.open(root)


def _to_do(text: WorkspaceText, root: Path, may_read: Callable[[str, Path], bool], stopped: Callable[[], bool]) -> _Work:
    names = listed(root, stopped)
    note = f"The first {MAX_FILES:,} files are searched; there are more." if len(names) > MAX_FILES else ""
    here: dict[str, FileMark] = {}
    total = 0
    for name in names[:MAX_FILES]:
        if stopped():
            raise Stopped
        mark = mark_of(root / name)
        if mark is None or not may_read(name, root / name):
            continue
        total += mark.size
        if total > MAX_TOTAL_BYTES:
            note = f"The first {MAX_TOTAL_BYTES // 2**20} MiB are searched; there is more."
            break
        here[name] = mark
    known = text.known()
    gone = [name for name in known if name not in here]
    text.remove(gone)
    return _Work(gone, [(name, mark) for name, mark in here.items() if known.get(name) != mark], len(here), note)


def _read_some(text: WorkspaceText, root: Path, waiting: Sequence[tuple[str, FileMark]]) -> int:
    """How many were done in the time of a step."""
    deadline = monotonic() + _STEP_SECONDS
    done = 0
    for name, mark in waiting:
        text.replace(name, mark, pieces_of(root, name))
        done += 1
        if monotonic() > deadline:
            break
    return done


def _be_nice() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
