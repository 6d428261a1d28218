"""What a message carries besides its text: taken in, kept while it is a draft, and erased when nobody refers to it any more.

The bytes are blobs. A blob that was put here is loose until a message has it; which ones are loose is noted before their bytes are
kept, so that no end of the program leaves one behind that nobody knows of. Messages that are erased make theirs loose again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from chainbot_desktop.chat.attachment_files import FileReading, empty, readable_name, require_size
from chainbot_desktop.chat.media_types import IMAGES, Use, image_size, media_type, use_of
from chainbot_desktop.core.errors import InvalidInput, NotFound, TooLarge
from chainbot_desktop.core.ids import format_time, parse_time, utc_now
from chainbot_desktop.core.ports import Blobs, EventQuery, Journal, Preferences, TalkAttachment
from chainbot_desktop.core.settings import ChatSettings
from chainbot_desktop.store.attachments import AttachmentTable

_log = logging.getLogger(__name__)

_LOOSE = "chat.loose_attachments"
_DRAFTS = "chat.draft_attachments"
_MAX_NAME = 200
_SETTLED = timedelta(hours=1)
"""While the program runs a blob that was put within this time stays: who put it may not have said yet what it is for."""

Progress = Callable[[int, int], None]
"""Called on the loop's thread with the bytes that are done, and all of them."""


class ErasableBlobs(Blobs, Protocol):
    async def known(self, digests: Iterable[str]) -> set[str]: ...

    async def remove(self, digests: Iterable[str], *, put_before: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Added:
    """Something that can be attached now. `width` and `height` are those of a picture, in pixels, else 0."""

    attachment: TalkAttachment
    width: int = 0
    height: int = 0

    @property
    def use(self) -> Use:
        return use_of(self.attachment.media_type)

    @property
    def note(self) -> str:
        """What to say of it where an agent gets less than one may think."""
        return "Agents get its name only: none can read what is in it." if self.use == "name" else ""


class AttachmentService:
    """Use on the loop's thread, after `open`."""

    def __init__(
        self,
        blobs: ErasableBlobs,
        table: AttachmentTable,
        journal: Journal,
        preferences: Preferences,
        limits: ChatSettings | None = None,
    ) -> None:
        self.blobs = blobs
        self._table = table
        self._journal = journal
        self._preferences = preferences
        self.limits = limits or ChatSettings()
        self._opened_at = ""
        self._loose: set[str] = set()
        self._drafts: dict[str, list[dict[str, Any]]] = {}

    async def open(self) -> None:
        """Know again what an earlier run left. `clean` erases of it what nobody wants any more."""
        self._opened_at = utc_now()
        self._loose = set(await self._preferences.get(_LOOSE) or ())
        self._drafts = dict(await self._preferences.get(_DRAFTS) or {})
        if self._drafts:
            there = await self._table.conversations(self._drafts)
            self._drafts = {key: value for key, value in self._drafts.items() if key in there}
            await self._preferences.set(_DRAFTS, self._drafts)

    # Taking in

    async def add_file(self, path: Path, progress: Progress | None = None) -> Added:
        """A file of this machine. A ChainBotError says why it cannot be; cancel the task to stop the reading."""
        loop = asyncio.get_running_loop()

        def tell(done: int, total: int) -> None:
            if progress is not None:
                loop.call_soon_threadsafe(progress, done, total)

        reading = FileReading(path, self.limits.attachment_bytes, tell)
        try:
            body = await asyncio.to_thread(reading.read)
        finally:
            reading.stop()  # cancelled: the thread is not to go on for nobody
        return await self.add_bytes(reading.name, "", body)

    async def add_bytes(self, name: str, claimed: str, body: bytes) -> Added:
        """Bytes under a name. What they are is told by themselves; `claimed` only where they do not say it."""
        name = _checked_name(name)
        if not body:
            raise empty(name)
        require_size(len(body), name, self.limits.attachment_bytes)
        kind, size = await asyncio.to_thread(_look_at, body, name, claimed)
        self.check_pixels(name, *size)
        digest = await self._put(body)
        return Added(TalkAttachment(name, kind, len(body), digest), *size)

    async def add_text(self, name: str, text: str) -> Added:
        """A selection, log lines, an event: text that becomes a file of its own."""
        try:
            body = text.encode()
        except UnicodeEncodeError:
            raise InvalidInput("The text has half of a character in it and cannot be kept.", code="bad_text") from None
        return await self.add_bytes(name, "text/plain", body)

    def check_pixels(self, name: str, width: int, height: int) -> None:
        """TooLarge for a picture of more pixels than one may have."""
        most = self.limits.image_megapixels
        if width * height > most * 1_000_000:
            raise TooLarge(
                f"{name} has {width} × {height} pixels: a picture may have {most:g} megapixels.",
                hint="Attach a smaller copy of it.",
                code="too_many_pixels",
            )

    async def checked(self, attachments: Sequence[TalkAttachment]) -> tuple[TalkAttachment, ...]:
        """What a message may carry: TooLarge for too many, NotFound where the bytes of one are not here."""
        if len(attachments) > self.limits.attachments:
            raise too_many(self.limits.attachments)
        there = await self.blobs.known(attachment.sha256 for attachment in attachments)
        gone = next((attachment for attachment in attachments if attachment.sha256 not in there), None)
        if gone is not None:
            raise NotFound(f"What was attached as {gone.name} is not kept any more.", hint="Attach it again.")
        return tuple(attachments)

    async def body(self, attachment: TalkAttachment) -> bytes | None:
        """None where it was erased."""
        return await self.blobs.get(attachment.sha256)

    # Drafts

    def draft(self, conversation_id: str) -> tuple[TalkAttachment, ...]:
        """What is attached to the message that is being written in a conversation, also before a restart."""
        return attachments_of({"attachments": self._drafts.get(conversation_id, ())})

    async def keep_draft(self, conversation_id: str, attachments: Sequence[TalkAttachment]) -> None:
        before = self._drafts.pop(conversation_id, None)
        if attachments:
            self._drafts[conversation_id] = as_detail(attachments)
        if before != self._drafts.get(conversation_id):
            await self._preferences.set(_DRAFTS, self._drafts)

    # Erasing

    async def loosen(self, conversation_id: str, through: int | None = None) -> None:
        """The messages of a conversation (up to number `through`) are about to be erased. `clean` when they are."""
        await self._note_loose(await self._table.of_conversation(conversation_id, through))

    async def clean(self) -> None:
        """Erase the loose ones that neither a message nor a draft nor an event refers to.

        Those that were put within the last hour of this run of the program stay for a later time.
        """
        loose = set(self._loose)
        if not loose:
            return
        held = await self._table.referred_to(loose) | await self._in_events(loose)
        drafted = {attachment["sha256"] for draft in self._drafts.values() for attachment in draft}
        settled = max(self._opened_at, format_time(parse_time(utc_now()) - _SETTLED))
        free = loose - held - drafted
        await self.blobs.remove(free, put_before=settled)
        left = await self.blobs.known(free)
        self._loose -= held | (free - left)
        await self._preferences.set(_LOOSE, sorted(self._loose))
        _log.info("%d attachments that nobody refers to were erased", len(free - left))

    async def _put(self, body: bytes) -> str:
        digest = await asyncio.to_thread(lambda: sha256(body).hexdigest())
        await self._note_loose({digest})
        return await self.blobs.put(body)

    async def _note_loose(self, digests: set[str]) -> None:
        if not digests <= self._loose:
            self._loose |= digests
            await self._preferences.set(_LOOSE, sorted(self._loose))

    async def _in_events(self, digests: set[str]) -> set[str]:
        return {digest for digest in digests if await self._is_in_an_event(digest)}

    async def _is_in_an_event(self, digest: str) -> bool:
        """That a message was posted names the digest of its text, which is no blob."""
        since = None
        while found := await self._journal.read(EventQuery(text=digest, since=since, limit=100)):
            if any(recorded.event.type != "message_posted" for recorded in found):
                return True
            since = found[-1].seq
        return False


def too_many(most: int) -> TooLarge:
    return TooLarge(f"A message may carry {most} attachments.", hint="Send the others with another one.", code="too_many")


def as_detail(attachments: Sequence[TalkAttachment]) -> list[dict[str, Any]]:
    """For `detail["attachments"]` of a message."""
    return [asdict(attachment) for attachment in attachments]


def attachments_of(detail: Mapping[str, Any]) -> tuple[TalkAttachment, ...]:
    """Those of a message, by its detail."""
    return tuple(TalkAttachment(**attachment) for attachment in detail.get("attachments", ()))


def _look_at(body: bytes, name: str, claimed: str) -> tuple[str, tuple[int, int]]:
    kind = media_type(body, name)
    size = image_size(body) if kind in IMAGES else None
    return kind, size or (0, 0)


def _checked_name(name: str) -> str:
    """The last part of what may be a path, as it can be shown, kept and saved."""
    name = readable_name(name.replace("\\", "/").rstrip("/").rpartition("/")[2].encode("utf-8", "replace").decode()).strip()
    if not name or name in {".", ".."}:
        raise InvalidInput("An attachment needs a name.", code="bad_name")
    if len(name) <= _MAX_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    ending = dot + ending if stem and len(ending) <= 10 else ""
    return name[: _MAX_NAME - len(ending) - 1] + "…" + ending
