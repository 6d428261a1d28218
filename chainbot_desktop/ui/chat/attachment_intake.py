"""What is being attached to the message that is written: taken in piece by piece, kept with the draft, handed over when it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QImage

from chainbot_desktop.chat.attachment_files import readable_name
from chainbot_desktop.chat.attachments import Added, AttachmentService, Progress, too_many
from chainbot_desktop.chat.media_types import IMAGES, use_of
from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.chat.attached_pictures import as_png, thumbnail

THUMBNAIL_SIDE = 96
"""Pixels, for a chip of half that on a screen of high density."""


@dataclass(eq=False)
class Item:
    """Something that is attached, or will be when it was read. `place` is the conversation that it is meant for."""

    name: str
    place: str
    attachment: TalkAttachment | None = None
    done: int = 0
    total: int = 0
    picture: QImage | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def name_only(self) -> bool:
        """No agent can read what is in it."""
        return self.attachment is not None and use_of(self.attachment.media_type) == "name"


class AttachmentIntake(QObject):
    """`open` says for which conversation; "" is one that is still to begin, and what is attached then goes into the next one."""

    changed = Signal()
    """What is attached is different."""
    progressed = Signal(object)
    """An `Item` that is further, or has its picture now."""
    refused = Signal(str)
    place_wanted = Signal()
    """Something is attached and there is no conversation yet."""

    def __init__(self, service: AttachmentService, tasks: Tasks, parent: QObject) -> None:
        super().__init__(parent)
        self._service = service
        self._tasks = tasks
        self._place = ""
        self._drafts = True
        self.items: list[Item] = []

    @property
    def is_busy(self) -> bool:
        return any(item.attachment is None for item in self.items)

    @property
    def ready(self) -> tuple[TalkAttachment, ...]:
        return tuple(item.attachment for item in self.items if item.attachment is not None)

    # For the owner of the conversation

    def open(self, place: str) -> None:
        """Show what is attached to the draft of a conversation. What is still being read for another goes on, into its draft."""
        if place == self._place:
            return
        carried = self.items if not self._place else []
        self._place = place
        self.items = [*self._kept(self._service.draft(place) if place else ()), *carried]
        for item in carried:
            item.place = place
        self._tell(keep=bool(carried))

    def take_over(self, attachments: Sequence[TalkAttachment], *, drafts: bool) -> tuple[TalkAttachment, ...]:
        """Show these instead; what was there. Without `drafts` they are not kept as a draft: those of a message that is edited."""
        before = self.ready
        self._drafts = drafts
        for item in self.items:
            _stop(item)
        self.items = self._kept(attachments)
        self._tell(keep=False)
        return before

    def take(self) -> tuple[TalkAttachment, ...]:
        """What is attached, to be sent. The draft keeps it until `settle`."""
        taken, self.items = self.ready, []
        self._tell(keep=False)
        return taken

    def put_back(self, attachments: Sequence[TalkAttachment]) -> None:
        """What was not sent after all, before what was attached since."""
        if attachments:
            self.items = [*self._kept(attachments), *self.items]
            self._tell()

    async def settle(self, place: str) -> None:
        """What was taken in `place` was sent: its draft has what is attached there now."""
        await self._service.keep_draft(place, self.ready if place == self._place and self._drafts else ())

    # Taking in

    def take_mime(self, mime: QMimeData) -> bool:
        """Whether there was something to attach: files, or a picture without words."""
        files = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        if files:
            for path in files:
                self.add_file(path)
            return True
        if mime.hasImage() and not mime.hasFormat("text/plain"):  # cells of a table come as words and as their picture
            image = mime.imageData()
            if isinstance(image, QImage) and not image.isNull():
                self.add_image(image)
                return True
        return False

    def add_file(self, path: Path) -> None:
        self._add(readable_name(path.name) or str(path), lambda progress: self._service.add_file(path, progress))

    def add_text(self, name: str, text: str) -> None:
        self._add(name, lambda _: self._service.add_text(name, text))

    def add_image(self, image: QImage) -> None:
        """A picture without a name, as a PNG."""
        name = f"picture-{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}.png"
        kept = QImage(image)  # Qt counts who has it: the clipboard may let go of its own

        async def add(_: Progress) -> Added:
            self._service.check_pixels(name, kept.width(), kept.height())
            body = await asyncio.to_thread(as_png, kept)
            if not body:
                raise InvalidInput("The picture cannot be written as PNG.", code="bad_picture")
            return await self._service.add_bytes(name, "image/png", body)

        self._add(name, add)

    def remove(self, item: Item) -> None:
        """Take it away again, or stop reading it."""
        if item in self.items:
            self.items.remove(item)
            _stop(item)
            self._tell()

    def _add(self, name: str, add: Callable[[Progress], Awaitable[Added]]) -> None:
        if len(self.items) >= self._service.limits.attachments:
            self.refused.emit(str(too_many(self._service.limits.attachments)))
            return
        item = Item(name, self._place)
        self.items.append(item)
        item.task = self._tasks.spawn(f"attach {name}", self._work(item, add))
        self._tell(keep=False)

    async def _work(self, item: Item, add: Callable[[Progress], Awaitable[Added]]) -> None:
        def progress(done: int, total: int) -> None:
            item.done, item.total = done, total
            self.progressed.emit(item)

        try:
            added = await add(progress)
        except ChainBotError as error:
            self._drop(item)
            self.refused.emit(str(error))
            return
        except BaseException:  # cancelled, or a bug that is reported as one: nothing may stay that is read for ever
            self._drop(item)
            raise
        if any(added.attachment.sha256 == other.sha256 and item.name == other.name for other in self.ready):
            self._drop(item)
            self.refused.emit(f"{item.name} is attached already.")
            return
        item.attachment = added.attachment
        item.name = added.attachment.name
        if item in self.items or item.place == self._place:
            if item not in self.items:
                self.items.append(item)
            self._tell()
            await self._draw(item)
        else:
            await self._service.keep_draft(item.place, (*self._service.draft(item.place), added.attachment))

    def _drop(self, item: Item) -> None:
        if item in self.items:
            self.items.remove(item)
            self._tell(keep=False)

    def _kept(self, attachments: Sequence[TalkAttachment]) -> list[Item]:
        items = [Item(attachment.name, self._place, attachment) for attachment in attachments]
        for item in items:
            item.task = self._tasks.spawn(f"draw {item.name}", self._draw(item))
        return items

    async def _draw(self, item: Item) -> None:
        attachment = item.attachment
        if attachment is None or attachment.media_type not in IMAGES:
            return
        body = await self._service.body(attachment)
        if body is not None:
            item.picture = await asyncio.to_thread(thumbnail, body, THUMBNAIL_SIDE)
            self.progressed.emit(item)

    def _tell(self, *, keep: bool = True) -> None:
        self.changed.emit()
        if keep and self._drafts and self._place:
            self._tasks.spawn("keep attached", self._service.keep_draft(self._place, self.ready))
        elif self._drafts and not self._place and self.ready:
            self.place_wanted.emit()


def _stop(item: Item) -> None:
    if item.task is not None and not item.task.done():
        item.task.cancel()
