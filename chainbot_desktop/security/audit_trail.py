"""The audit trail as a service: verified, vouched for by signed checkpoints, exported signed, pruned to an anchor.

One long piece of work at a time: verifying, exporting and pruning read the whole journal, and a small machine has one disk.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from chainbot_desktop.core.errors import ChainBotError, Conflict, Unavailable
from chainbot_desktop.core.events import AuditExported, JournalPruned, Recorded
from chainbot_desktop.core.events.audit import Exported, Pruning
from chainbot_desktop.core.events.envelope import SYSTEM, Actor
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.ports import ChainReport, Head, Preferences
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.checkpoints import Checkpoints, Kept, head_document
from chainbot_desktop.security.signed_exports import SignedExport, write_export
from chainbot_desktop.security.signing import Signer
from chainbot_desktop.security.verification import Verification, broken_checkpoints, is_news, read_verification, verdict_event
from chainbot_desktop.store.audit_export import AuditExport, ExportSummary, Stretch
from chainbot_desktop.store.audit_forms import FormName
from chainbot_desktop.store.database import Database
from chainbot_desktop.store.journal import SqliteJournal
from chainbot_desktop.store.retention import PrunePlan, Wish, driver_of, plan_pruning, prune_slice, unfinished

T = TypeVar("T")

_log = logging.getLogger(__name__)
_LAST = "audit.verified"
CHECKPOINT_EVERY = 300.0
"""Seconds between two checkpoints while events come."""

Progress = Callable[[int, int], None]


class AuditTrail:
    """Use on the loop's thread. `signer` may block (the keyring) and raise SecretsUnavailable."""

    def __init__(
        self, database: Database, journal: SqliteJournal, preferences: Preferences, folder: Path, signer: Callable[[], Signer]
    ) -> None:
        self._database = database
        self._journal = journal
        self._preferences = preferences
        self._checkpoints = Checkpoints(folder)
        self._make_signer = signer
        self._signer: Signer | None = None
        self._busy = ""
        self._turn = asyncio.Lock()
        self._checkpoint_turn = asyncio.Lock()
        self._kept_seq = 0
        self._tasks = Tasks()
        self._timer: asyncio.TimerHandle | None = None
        self._closing = threading.Event()
        self._listeners: Listeners[[]] = Listeners()
        self.last: Verification | None = None
        self.projections: Mapping[str, Sequence[str]] = {}
        """Snapshots by name, with the types of the events that they are made of: what is not in one yet is not pruned."""
        self.keep_snapshots: Callable[[], Awaitable[None]] = _nothing
        """Bring the snapshots up to date, before events go."""

    async def open(self) -> None:
        self.last = read_verification(await self._preferences.get(_LAST))
        self._plan_checkpoint()
        if last_seq := await self._database.read(unfinished):
            self._tasks.spawn("audit: go on pruning", self._go_on(last_seq))

    async def close(self) -> None:
        """Ends what is under way, keeps a last checkpoint."""
        self._closing.set()
        if self._timer is not None:
            self._timer.cancel()
        await self._tasks.cancel_all()
        await self.keep_checkpoint()
        self._listeners.clear()

    @property
    def busy(self) -> str:
        """What is under way in one word, "" where nothing is."""
        return self._busy

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Called when work begins or ends, and when there is a new verdict."""
        return self._listeners.add(listener)

    async def signer(self) -> Signer:
        if self._signer is None:
            self._signer = await asyncio.to_thread(self._make_signer)
        return self._signer

    # Verifying.

    async def verify(
        self, progress: Progress | None = None, actor: Actor = SYSTEM, *, always_told: bool = False
    ) -> ChainReport:
        """The whole chain, against the checkpoints. Waits for its turn; may be cancelled. `always_told`: an event whatever comes out."""
        async with self._working("verifying"):
            begin = time.monotonic()
            kept = await self._kept()
            report = await self._journal.verify(progress, kept.heads)
            if report.ok and kept.broken_lines:
                report = broken_checkpoints(report, kept.broken_lines)
            news = self.last is None or is_news(self.last.report, report)
            self.last = Verification(utc_now(), time.monotonic() - begin, report)
            await self._preferences.set(_LAST, asdict(self.last))
        if always_told or news:
            await self._journal.append(verdict_event(report, actor))
        if report.ok:
            await self.keep_checkpoint()
        self._listeners.tell()
        return report

    async def _kept(self) -> Kept:
        try:
            signer = await self.signer()
            return await asyncio.to_thread(self._checkpoints.read, signer.public)
        except OSError as error:
            raise Unavailable(
                f"The checkpoints {self._checkpoints.path} cannot be read: {error.strerror}.", hint="Check their permissions."
            ) from None

    # Checkpoints.

    async def keep_checkpoint(self) -> None:
        """What the journal's newest event is now, signed, outside of it. A disk or keyring that refuses is logged, not raised."""
        async with self._checkpoint_turn:
            try:
                head = await self._head()
                if head is None or head.seq <= self._kept_seq:
                    return
                signer = await self.signer()
                await asyncio.to_thread(self._checkpoints.add, head, signer)
                self._kept_seq = head.seq
            except (ChainBotError, OSError) as error:
                _log.warning("no checkpoint of the audit trail could be kept: %s", error)

    async def _head(self) -> Head | None:
        found = await self._journal.events_at((self._journal.head_seq,))
        return Head(found[0].seq, found[0].hash, utc_now()) if found else None

    def _plan_checkpoint(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CHECKPOINT_EVERY, self._on_checkpoint_due)

    def _on_checkpoint_due(self) -> None:
        self._plan_checkpoint()
        self._tasks.spawn("audit: checkpoint", self.keep_checkpoint())

    # Exporting.

    async def export(
        self, form: FormName, stretch: Stretch, target: Path, progress: Progress | None = None, actor: Actor = SYSTEM
    ) -> SignedExport:
        """Signed, in four files beside each other. May be cancelled: then nothing is left."""
        async with self._working("exporting"):
            signer = await self.signer()
            export = AuditExport(self._database.path, form, stretch)
            given_up = threading.Event()
            tell = _across(progress)

            def work() -> SignedExport | None:
                return write_export(export, target, signer, tell, lambda: given_up.is_set() or self._closing.is_set())

            done = await _to_its_end(work, given_up)
            if done is None:
                raise Unavailable("The program is stopping.", code="stopping")
        await self.note_export(done.summary, actor)
        return done

    def new_export(self, form: FormName, stretch: Stretch) -> AuditExport:
        """For whoever streams it elsewhere; say `note_export` at its end."""
        return AuditExport(self._database.path, form, stretch)

    async def stream(self, export: AuditExport) -> AsyncGenerator[bytes]:
        """The pieces of `export`, read beside whatever else is under way. NotFound where there is nothing to export."""
        pieces = export.pieces()
        try:
            while (piece := await _to_its_end(lambda: next(pieces, b""))) and not self._closing.is_set():
                yield piece
        finally:
            pieces.close()

    async def note_export(self, summary: ExportSummary, actor: Actor) -> None:
        signer = await self.signer()
        seqs = (summary.first_seq, summary.last_seq)
        said = Exported(
            format=summary.form,
            first_seq=seqs[0],
            last_seq=seqs[1],
            count=summary.count,
            sha256=summary.sha256,
            key_fingerprint=signer.fingerprint,
        )
        await self._journal.append(AuditExported(actor=actor, subject="audit", data=said))

    # Retention.

    async def preview(self, wish: Wish) -> PrunePlan:
        return await self._database.read(lambda connection: plan_pruning(connection, wish, self.projections))

    async def prune(
        self, wish: Wish, progress: Progress | None = None, actor: Actor = SYSTEM
    ) -> Recorded[JournalPruned] | None:
        """Let go what `wish` says; None where nothing is to go. Cannot be taken back. Conflict where the chain is broken.

        The chain is verified first: what is broken is evidence, and stays. Cancelled in the middle, the next start goes on.
        """
        report = await self.verify(actor=actor)
        if not report.ok:
            raise Conflict(
                f"The chain is broken, so nothing is let go: {report.reason}",
                hint="Export it first, and find out why.",
                code="chain_broken",
            )
        async with self._working("pruning"):
            await self.keep_snapshots()
            plan = await self.preview(wish)
            if not plan.count:
                return None
            recorded = await self._journal.append(await self._anchor(plan, actor))
            await self.keep_checkpoint()
            await self._remove(plan.first_seq, plan.last_seq, progress)
        return recorded

    async def _anchor(self, plan: PrunePlan, actor: Actor) -> JournalPruned:
        signer, now = await self.signer(), utc_now()
        signature = signer.sign(head_document(Head(plan.last_seq, plan.last_hash, now)))
        said = Pruning(
            first_seq=plan.first_seq,
            last_seq=plan.last_seq,
            last_hash=plan.last_hash,
            first_time=plan.first_time,
            last_time=plan.last_time,
            time=now,
            key=signer.public,
            signature=signature,
        )
        return JournalPruned(actor=actor, subject="audit", data=said)

    async def _go_on(self, last_seq: int) -> None:
        async with self._working("pruning"):
            await self._remove(0, last_seq, None)

    async def _remove(self, first_seq: int, last_seq: int, progress: Progress | None) -> None:
        total, left = last_seq - first_seq + 1, 1
        while left:
            # Appends have their turn between two slices.
            left = await self._database.write(lambda connection: prune_slice(driver_of(connection), last_seq))
            if progress is not None:
                progress(total - left, total)

    @asynccontextmanager
    async def _working(self, word: str) -> AsyncIterator[None]:
        """The turn of one long piece of work."""
        async with self._turn:
            self._set_busy(word)
            try:
                yield
            finally:
                self._set_busy("")

    def _set_busy(self, word: str) -> None:
        self._busy = word
        self._listeners.tell()


async def _to_its_end(work: Callable[[], T], given_up: threading.Event | None = None) -> T:
    """Run `work` in a thread; cancelled, tell it so and wait for its end: what it holds is not taken from under it."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if given_up is not None:
            given_up.set()
        await asyncio.wait([running])
        raise


def _across(progress: Progress | None) -> Progress:
    """`progress` for another thread, some ten times a second."""
    if progress is None:
        return lambda _done, _total: None
    loop, told = asyncio.get_running_loop(), [0.0]

    def tell(done: int, total: int) -> None:
        if done == total or time.monotonic() - told[0] > 0.1:
            told[0] = time.monotonic()
            loop.call_soon_threadsafe(progress, done, total)

    return tell


async def _nothing() -> None: ...
