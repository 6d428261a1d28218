"""Which blobs messages refer to: their attachments stand in the messages' detail, without a table of their own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import orjson
from sqlalchemy import Connection, text

from chainbot_desktop.store.database import Database

_SLICE = 20_000
"""Messages that are looked through at a time: other readers get their turn in between."""

_OF_CONVERSATION = (
    "SELECT detail FROM messages WHERE conversation_id = :id AND number <= :last AND detail LIKE '%\"attachments\"%'"
)
_OF_SLICE = "SELECT detail FROM messages WHERE number > :first AND number <= :last AND detail LIKE '%\"attachments\"%'"


class AttachmentTable:
    """The attachments of messages, by the SHA-256 of their bytes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_conversation(self, conversation_id: str, through: int | None = None) -> set[str]:
        """Those of the messages of one conversation, up to number `through`."""
        values: dict[str, object] = {"id": conversation_id, "last": 2**62 if through is None else through}
        return await self._database.read(lambda connection: _digests(connection, _OF_CONVERSATION, values))

    async def referred_to(self, digests: Iterable[str]) -> set[str]:
        """Those of `digests` that any message has. Looks through all messages, in parts."""
        sought, found = set(digests), set[str]()
        newest = await self._database.read(lambda c: c.execute(text("SELECT max(number) FROM messages")).scalar()) or 0
        for last in range(newest, 0, -_SLICE):  # the newest ones first: what is sought was added lately
            if found == sought:
                break
            values: dict[str, object] = {"first": last - _SLICE, "last": last}
            found |= sought & await self._database.read(partial(_digests, query=_OF_SLICE, values=values))
        return found

    async def conversations(self, ids: Iterable[str]) -> set[str]:
        """Those of `ids` that are conversations."""
        asked = orjson.dumps(list(ids)).decode()
        query = text("SELECT id FROM conversations WHERE id IN (SELECT value FROM json_each(:ids))")
        return await self._database.read(lambda c: set(c.execute(query, {"ids": asked}).scalars()))


def _digests(connection: Connection, query: str, values: dict[str, object]) -> set[str]:
    details = (orjson.loads(row[0]) for row in connection.execute(text(query), values))
    return {
        attachment["sha256"]
        for detail in details
        for attachment in detail.get("attachments", ())
        if isinstance(attachment, dict) and isinstance(attachment.get("sha256"), str)
    }
