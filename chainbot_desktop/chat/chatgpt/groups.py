"""The work of an import in steps, each of which takes a thread or the database a few hundredths of a second.

A group is as many conversations as are read in one go; a batch is what of them one transaction keeps.
"""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256

from chainbot_desktop.chat.chatgpt.content import FileRef
from chainbot_desktop.chat.chatgpt.reading import Damaged, PartReader
from chainbot_desktop.chat.chatgpt.source import ExportedFile, ExportSource, Part
from chainbot_desktop.chat.chatgpt.tree import NotAConversation, TreeConversation, TreeMessage, conversation_of
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.store.imported_conversations import ImportedConversation, ImportedMessage, Place, Slice

MAX_FILE = 10 * 1024**2
"""Bytes of an image or document that is kept with its message; a larger one is named."""
_GROUP_MESSAGES = 400
_BATCH_MESSAGES = 150
_BATCH_BYTES = 192 * 1024


@dataclass(frozen=True, slots=True)
class Group:
    """`end` is how many entries of the part have been read, skipped ones too; `damage` says why there are no more."""

    conversations: tuple[tuple[int, TreeConversation], ...]
    """With their places in the part."""
    skipped: tuple[tuple[int, str], ...]
    """Places in the part, and why they were left out."""
    end: int
    position: int
    is_last: bool
    damage: Damaged | None = None


class GroupReader:
    """Reads one part; the first `skip` entries are passed over. Blocks: call `read` on a thread, one call at a time."""

    def __init__(self, part: Part, me: str, skip: int) -> None:
        self._reader = PartReader(part)
        self._entries = iter(self._reader)
        self._me = me
        self._skip = skip
        self._count = 0

    def read(self) -> Group:
        """InvalidInput or TooLarge where the file is no export at all."""
        found: list[tuple[int, TreeConversation]] = []
        skipped: list[tuple[int, str]] = []
        size = 0
        begun = self._reader.position
        try:
            for entry in self._entries:
                self._count += 1
                if self._count > self._skip:
                    try:
                        conversation = conversation_of(entry, self._me)
                        found.append((self._count - 1, conversation))
                        size += len(conversation.messages)
                    except NotAConversation as reason:
                        skipped.append((self._count - 1, str(reason)))
                if size >= _GROUP_MESSAGES or self._reader.position - begun > 1024**2:
                    return Group(tuple(found), tuple(skipped), self._count, self._reader.position, False)
        except Damaged as damage:
            return Group(tuple(found), tuple(skipped), self._count, self._reader.position, True, damage)
        return Group(tuple(found), tuple(skipped), self._count, self._reader.position, True)

    def close(self) -> None:
        close = getattr(self._entries, "close", None)
        if close is not None:
            close()


@dataclass(slots=True)
class Batch:
    """`done` entries of the part are complete with it, and `within` messages of the one after them are kept."""

    slices: list[Slice] = field(default_factory=list)
    done: int = 0
    within: int = 0
    attachments: int = 0
    known: int = 0
    """Messages of the entries that it completes which were here already."""
    skipped: Counter[str] = field(default_factory=Counter)
    size: int = 0
    count: int = 0

    @property
    def is_full(self) -> bool:
        return self.count >= _BATCH_MESSAGES or self.size >= _BATCH_BYTES

    def take(self, message: ImportedMessage, files: int) -> None:
        self.attachments += files
        self.count += 1
        self.size += len(message.text) + sum(map(len, message.bodies.values()))


def batches(group: Group, places: Mapping[str, Place], source: ExportSource, done: int, within: int) -> Iterator[Batch]:
    """What of a group has no place yet, after an import had come to `done` and `within`. Reads files: advance it on a thread.

    The last one may have nothing to keep: it tells what was known or skipped.
    """
    skipped = iter((*group.skipped, (group.end, "")))
    next_skipped = next(skipped)
    batch = Batch()
    for index, conversation in group.conversations:
        while next_skipped[0] < index:
            batch.skipped[next_skipped[1]] += 1
            next_skipped = next(skipped)
        earlier = within if index == done else 0
        fresh = [message for message in conversation.messages if message.id not in places]
        known = len(conversation.messages) - len(fresh)
        head = _head(conversation)
        part: list[ImportedMessage] = []
        for count, message in enumerate(fresh, start=1):
            ready, files = _with_files(message, source)
            part.append(ready)
            batch.take(ready, files)
            if batch.is_full and count < len(fresh):
                batch.slices.append((head, part))
                batch.done, batch.within = index, earlier + count
                yield batch
                batch, part = Batch(), []
        if part:
            batch.slices.append((head, part))
        batch.known += max(0, known - earlier)
        batch.done = index + 1
        if batch.is_full:
            yield batch
            batch = Batch()
    batch.done = group.end
    batch.skipped.update(reason for place, reason in (next_skipped, *skipped) if place < group.end)
    yield batch


def _head(conversation: TreeConversation) -> ImportedConversation:
    return ImportedConversation(
        conversation.id, conversation.title, conversation.named_by, conversation.archived, conversation.pinned, ()
    )


def _with_files(message: TreeMessage, source: ExportSource) -> tuple[ImportedMessage, int]:
    ready = ImportedMessage(
        message.id,
        message.parent,
        message.author,
        message.text,
        message.created_at,
        message.detail,
        is_current=message.is_current,
    )
    if not message.files:
        return ready, 0
    attached: list[dict[str, object]] = []
    bodies: dict[str, bytes] = {}
    notes: list[str] = []
    for ref in message.files:
        file = source.file(ref.id) if ref.id else None
        body, trouble = _body(file)
        name = _name(ref, file)
        if body is None:
            notes.append(f"*({ref.what}: {escape_markdown(name)}, {trouble})*")
            continue
        digest = sha256(body).hexdigest()
        bodies[digest] = body
        media = ref.media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        attached.append({"name": name, "media_type": media, "size": len(body), "sha256": digest})
    shown = [message.text] if message.text.strip() else [f"*{escape_markdown(str(entry['name']))}*" for entry in attached]
    detail = {**message.detail, "attachments": attached} if attached else message.detail
    return replace(ready, text="\n\n".join([*shown, *notes]), detail=detail, bodies=bodies), len(attached)


def _body(file: ExportedFile | None) -> tuple[bytes | None, str]:
    if file is None:
        return None, "not in the export"
    if file.size > MAX_FILE:
        return None, f"{file.size / 1e6:,.0f} MB: too large to be kept here"
    try:
        with file.open() as stream:
            body = stream.read(MAX_FILE + 1)
    except Exception as error:  # a damaged member of a ZIP raises what its decompressor likes
        return None, f"it cannot be read: {escape_markdown(str(error))[:200]}"
    return (body, "") if len(body) <= MAX_FILE else (None, "too large to be kept here")


def _name(ref: FileRef, file: ExportedFile | None) -> str:
    if ref.name or file is None:
        return ref.name or ref.id
    base = file.name.rsplit("/", 1)[-1]
    return base.removeprefix(ref.id).lstrip("-_") or base
