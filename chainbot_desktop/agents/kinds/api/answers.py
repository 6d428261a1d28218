"""What an API answered: read up to a limit, made readable, and without the key that it was asked with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import aiohttp

_SHORTEST_HIDDEN = 6
"""Characters. To leave out something shorter would take other words apart."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`cut`: there was more than was read."""

    host: str
    status: int
    reason: str
    content_type: str
    charset: str
    body: bytes
    cut: bool

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def plain(self) -> str:
        try:
            return self.body.decode(self.charset, "replace")
        except (LookupError, ValueError):  # a character set that nobody knows
            return self.body.decode("utf-8", "replace")

    def readable(self, hidden: Sequence[str]) -> str:
        """JSON indented, other text as it is; `hidden` left out where the API repeats it."""
        text = self.plain()
        if not self.cut and (self.content_type == "application/json" or self.content_type.endswith("+json")):
            with suppress(ValueError, RecursionError):  # it says that it is JSON and is not: shown as it is
                text = json.dumps(json.loads(text), ensure_ascii=False, indent=1)
        for secret in hidden:
            if len(secret) >= _SHORTEST_HIDDEN:
                text = text.replace(secret, "…")
        return text


async def read_answer(response: aiohttp.ClientResponse, most_bytes: int) -> Answer:
    body = bytearray()
    while len(body) <= most_bytes and (more := await response.content.read(most_bytes + 1 - len(body))):
        body += more
    return Answer(
        host=response.url.host or "",
        status=response.status,
        reason=response.reason or "",
        content_type=response.content_type,
        charset=response.charset or "utf-8",
        body=bytes(body[:most_bytes]),
        cut=len(body) > most_bytes,
    )
