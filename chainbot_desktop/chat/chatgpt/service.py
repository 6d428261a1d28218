"""Imports an export in the background: with progress, cancelled at any time, gone on with after whatever ended it.

What is kept, and how far the export was read, are written in the same transaction: a kill between two of them loses nothing and
repeats nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from chainbot_desktop.chat.chatgpt.groups import Batch, Group, GroupReader, batches
from chainbot_desktop.chat.chatgpt.progress import Checkpoint, ImportProgress, ImportState
from chainbot_desktop.chat.chatgpt.source import ExportSource, open_source
from chainbot_desktop.core.errors import ChainBotError, Conflict, NotFound, Unavailable
from chainbot_desktop.core.events import ConversationsImported
from chainbot_desktop.core.events.chat import ImportFacts
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import Journal, Preferences
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.imported_conversations import Added, ImportTable, Place

T = TypeVar("T")
_log = logging.getLogger(__name__)
_CHECKPOINT = "chat.import"
_TELL_EVERY = 0.1


class ChatGptImport:
    """Use on the loop's thread, between `open` and `close`. One import at a time. `me` is who wrote the person's messages."""

    def __init__(
        self, table: ImportTable, journal: Journal, preferences: Preferences, tasks: Tasks, *, me: Actor = "user:admin"
    ) -> None:
        self._table = table
        self._journal = journal
        self._preferences = preferences
        self._tasks = tasks
        self._me = me
        self._listeners: Listeners[[]] = Listeners()
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False
        self._told = 0.0
        self._newest = ("", "")
        self._interrupted: Checkpoint | None = None
        self.progress = ImportProgress()

    async def open(self) -> None:
        """Know of an import that an earlier run of the program did not bring to its end."""
        self._interrupted = Checkpoint.from_json(await self._preferences.get(_CHECKPOINT))

    async def close(self) -> None:
        """End what runs, within a batch; the next start can go on with it."""
        self.cancel()
        if self._task is not None:
            await asyncio.wait({self._task})
        self._listeners.clear()

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def is_cancelled(self) -> bool:
        """It was asked to end, and does so after the batch at hand."""
        return self.is_running and self._cancelled

    @property
    def interrupted(self) -> Checkpoint | None:
        """An import that can be gone on with by `resume`."""
        return None if self.is_running else self._interrupted

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when `progress` is different, about ten times a second; returns what ends it."""
        return self._listeners.add(listener)

    async def start(self, path: Path) -> None:
        """Begin, or go on with this very file. What is wrong with the file as a whole is raised; the rest is in `progress`."""
        if self.is_running:
            raise Conflict("An import is under way.", hint="Wait for its end, or cancel it.")
        self._cancelled = False
        self._task = asyncio.current_task()  # nobody else begins one while this file is looked at
        try:
            path = await asyncio.to_thread(lambda: path.expanduser().absolute())
            source = await asyncio.to_thread(open_source, path)
            known = self._interrupted
            at = known if known is not None and known.fits(path) else await asyncio.to_thread(Checkpoint.of, path)
        except BaseException:
            self._task = None
            raise
        self._interrupted = at
        self._newest = ("", "")
        done = int(source.size * at.share)
        self.progress = ImportProgress(
            "running", path.name, done, source.size, at.counts, began=time.monotonic(), began_at=done
        )
        self._task = self._tasks.spawn("chat-import", self._run(source, at))
        self._tell(at_once=True)

    async def resume(self) -> None:
        """NotFound where there is nothing to go on with."""
        if self._interrupted is None:
            raise NotFound("There is no import to go on with.")
        await self.start(Path(self._interrupted.path))

    async def forget(self) -> None:
        """Go on with it no more. What was imported stays."""
        if not self.is_running:
            self._interrupted = None
            await self._preferences.set(_CHECKPOINT, None)
            self._tell(at_once=True)

    def cancel(self) -> None:
        """It ends after the batch at hand."""
        self._cancelled = self.is_running

    async def wait(self) -> ImportProgress:
        """Until it has ended."""
        if self._task is not None:
            await asyncio.wait({self._task})
        return self.progress

    # Working

    async def _run(self, source: ExportSource, at: Checkpoint) -> None:
        problems: list[str] = []
        state: ImportState = "failed"
        try:
            await self._read_parts(source, at, problems)
            state = "cancelled" if self._cancelled else "done"
        except ChainBotError as error:
            problems = [str(error)]
            if not isinstance(error, Unavailable):  # or else the disk is full: what is missing can be added later
                self._interrupted = None
        except BaseException:
            self.progress = replace(self.progress, state="failed", problem="It was ended from outside.")
            self._task = None
            raise
        finally:
            await asyncio.shield(asyncio.to_thread(source.close))
        if state == "done":
            self._interrupted = None
            if not self._newest[1]:
                state, problems = "failed", problems or [_nothing_in(source, at)]
        await self._end(at, state, " ".join(problems))

    async def _read_parts(self, source: ExportSource, at: Checkpoint, problems: list[str]) -> None:
        before = sum(part.size for part in source.parts[: at.part])
        for number in range(at.part, len(source.parts)):
            part = source.parts[number]
            at.part = number
            reader = GroupReader(part, self._me, at.done)
            try:
                while not self._cancelled:
                    group = await self._in_thread(reader.read)
                    await self._keep(group, source, at, (before + group.position) / max(1, source.size))
                    self.progress = replace(self.progress, done_bytes=before + group.position)
                    self._tell()
                    if group.damage is not None:
                        problems.append(str(group.damage))
                    if group.is_last:
                        break
            finally:
                await self._in_thread(reader.close)
            if self._cancelled:
                return
            before += part.size
            at.done = at.within = 0

    async def _keep(self, group: Group, source: ExportSource, at: Checkpoint, share: float) -> None:
        if group.end <= at.done:
            return  # what an earlier run of it has kept
        ids = [message.id for _, conversation in group.conversations for message in conversation.messages]
        places = await self._table.known(ids) if ids else {}
        work = batches(group, places, source, at.done, at.within)
        while not self._cancelled:
            batch = await self._in_thread(lambda: next(work, None))
            if batch is None:
                self._note_newest(group)
                return
            await self._add(batch, places, at, share)
            self._tell()

    async def _add(self, batch: Batch, places: dict[str, Place], at: Checkpoint, share: float) -> None:
        """`at` always tells of what is on the disk, and the counts are those of the entries up to there."""
        kept = replace(at, counts=at.counts.copy(), done=batch.done, within=batch.within, share=share)
        kept.counts.known += batch.known
        kept.counts.skipped += batch.skipped
        kept.counts.attachments += batch.attachments

        def mark(added: Added) -> dict[str, Any]:
            kept.counts.add(added.conversations, added.branches, added.messages, added.gone)
            return kept.as_json()

        if batch.slices:
            await self._table.add(batch.slices, places, {_CHECKPOINT: mark})
        at.done, at.within, at.share, at.counts = kept.done, kept.within, kept.share, kept.counts
        self.progress = replace(self.progress, counts=at.counts)

    def _note_newest(self, group: Group) -> None:
        for _, conversation in group.conversations:
            last = max(message.created_at for message in conversation.messages)
            self._newest = max(self._newest, (last, conversation.id))

    async def _end(self, at: Checkpoint, state: ImportState, problem: str) -> None:
        counts = at.counts
        facts = ImportFacts(
            import_id=at.import_id,
            form="chatgpt",
            conversations=counts.conversations,
            branches=counts.branches,
            messages=counts.messages,
            attachments=counts.attachments,
            skipped=counts.skipped.total(),
            complete=state == "done",
        )
        with suppress(Unavailable):  # the disk that ended it may take no event either
            if counts.messages or state == "done":
                await self._journal.append(ConversationsImported(source="chat", actor=self._me, data=facts))
            if self._interrupted is None:
                await self._preferences.set(_CHECKPOINT, None)
        self.progress = replace(self.progress, state=state, counts=counts, problem=problem, newest=self._newest[1])
        _log.info("import of %s: %s, %d messages", self.progress.name, state, counts.messages)
        self._task = None
        self._tell(at_once=True)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """A reader is used by one thread at a time: who is cancelled waits for the one that is in it."""
        future = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait({future})
            raise

    def _tell(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        if at_once or now - self._told >= _TELL_EVERY:
            self._told = now
            self._listeners.tell()


def _nothing_in(source: ExportSource, at: Checkpoint) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in at.counts.skipped.most_common(5))
    names = ", ".join(part.name for part in source.parts)
    return f"There is no conversation of ChatGPT in {names}{f': {reasons}' if reasons else ', it is an empty list'}."
