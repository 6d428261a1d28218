"""What a person or a program writes, checked before anything is kept of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.core.errors import InvalidInput, TooLarge
from chainbot_desktop.core.ports import TalkAttachment

MAX_MESSAGE_BYTES = 1024 * 1024
MAX_TITLE = 200
MAX_ATTACHMENTS = 50
_DIGEST = re.compile(r"[0-9a-f]{64}")


def checked_title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise InvalidInput("A conversation needs a name.", code="empty_title")
    if len(title) > MAX_TITLE:
        raise InvalidInput(f"A name may have {MAX_TITLE} characters; this one has {len(title)}.", code="title_too_long")
    return _encodable(title)


def checked_text(text: str, attachments: Sequence[TalkAttachment] = ()) -> str:
    """With attachments there may be no words."""
    text = _encodable(text)
    if not text.strip() and not attachments:
        raise InvalidInput("There is nothing to send yet.", code="empty_message")
    if len(text.encode()) > MAX_MESSAGE_BYTES:
        raise TooLarge("A message may have 1 MiB; this one is larger.", hint="Save it as a file and name the file instead.")
    return text


def attachment_details(attachments: Sequence[TalkAttachment]) -> list[dict[str, Any]]:
    """As the detail of a message keeps them."""
    if len(attachments) > MAX_ATTACHMENTS:
        raise TooLarge(f"A message may have {MAX_ATTACHMENTS} attachments; this one has {len(attachments)}.")
    for each in attachments:
        if not each.name.strip() or len(each.name) > 255 or not each.name.isprintable():
            raise InvalidInput("The name of an attachment has 1 to 255 printable characters.", code="bad_attachment")
        if _DIGEST.fullmatch(each.sha256) is None or each.size < 0:
            raise InvalidInput(f"{each.name} is not described by its size and SHA-256.", code="bad_attachment")
    return [asdict(each) for each in attachments]


def body_of(text: str) -> str:
    """What is kept of a line: `//` at its start is a slash that is no command."""
    return text[1:] if text.startswith("//") else text


def title_of(text: str) -> str:
    """The first words of a message, as the name of a conversation that has none."""
    line = without_markup(text.split("\n", 1)[0]).strip("#*> ") or "New conversation"
    return line if len(line) <= 48 else line[:47].rsplit(" ", 1)[0] + "…"


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput("The text has half of a character in it and cannot be kept.", code="bad_text") from None
    return text
