"""What a message's detail says besides its text, as rows of its card. Whoever wrote it, it is only looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.core.ports import TalkAttachment
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.ui.chat.attachment_row import AttachmentsRow
from chainbot_desktop.ui.chat.card_rows import CardRow, Chip, ChipsRow, Hit, MarkRow
from chainbot_desktop.ui.chat.thumbnails import Thumbnails


def rows_above(message: Message) -> list[CardRow]:
    """What stands between the head and the text."""
    rows: list[CardRow] = []
    detail = message.detail
    if message.kind == "summary":
        active = detail.get("active", True) is not False
        text = "Stands for all that was said before" if active else "This summary is not used any more"
        rows.append(MarkRow("history", text, Hit("restore", message.id), "Undo" if active else ""))
    merged = detail.get("merged_from")
    if isinstance(merged, Mapping):
        rows.append(MarkRow("branch", "Brought back from a branch", Hit("merged", str(merged.get("conversation_id", "")))))
    return rows


def rows_below(message: Message, thumbnails: Thumbnails | None) -> list[CardRow]:
    """What stands under the text."""
    rows: list[CardRow] = []
    attachments = attachments_of(message.detail)
    if attachments:
        rows.append(AttachmentsRow(attachments, thumbnails))
    recalled = message.detail.get("recalled")
    if isinstance(recalled, Sequence) and not isinstance(recalled, str) and recalled:
        rows.append(ChipsRow([Chip(f"{len(recalled)} recalled", "history", Hit("recalled"))]))
    return rows


def attachments_of(detail: Mapping[str, Any]) -> list[TalkAttachment]:
    """What a detail says of attachments; what is no attachment is left out."""
    found = detail.get("attachments")
    if not isinstance(found, Sequence) or isinstance(found, str):
        return []
    return [attachment for item in found if (attachment := _attachment(item)) is not None]


def _attachment(item: object) -> TalkAttachment | None:
    if not isinstance(item, Mapping) or not isinstance(item.get("sha256"), str):
        return None
    size = item.get("size")
    name = visible(str(item.get("name") or "file"))
    return TalkAttachment(name, str(item.get("media_type", "")), size if isinstance(size, int) else 0, item["sha256"])
