"""What an API answered: read up to a limit, made readable, and without the keys that it was asked with."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import aiohttp
import orjson

from chainbot_desktop.agents.kinds.api.keys import Hidden
from chainbot_desktop.core.json_codec import Verbatim

_TEXT_TYPES = ("json", "xml", "javascript", "ecmascript", "yaml", "toml", "x-www-form-urlencoded", "graphql", "sql", "csv")
_NOT_SHOWN = frozenset({"set-cookie", "set-cookie2"})
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7"})
"""Python can read these. No API writes them, and some take minutes for what a network brings in a second."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`cut`: there was more than was read."""

    method: str
    host: str
    status: int
    reason: str
    headers: Mapping[str, str]
    content_type: str
    charset: str
    body: bytes
    cut: bool

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def plain(self) -> str:
        """JSON is UTF-8, whatever a header says of it; other text is what its header says, where anybody knows that."""
        if self._is_json():
            with suppress(UnicodeDecodeError):
                return self.body.decode("utf-8-sig")
        return self.body.decode(_known(self.charset), "replace").removeprefix("\ufeff")

    def readable(self, hidden: Hidden) -> str:
        """JSON indented, other text as it is, a word about what is no text; without what is `hidden`. Heavy: on a thread."""
        if not self.body:
            return hidden.out_of(self._head())
        if not self._is_text():
            more = "more than " if self.cut else ""
            return f"{more}{len(self.body):,} bytes of {hidden.out_of(self.content_type)}, which is no text."
        text = self.plain()
        if not self.cut and self._is_json():
            with suppress(ValueError, RecursionError):  # not JSON as it should be: shown as it is, nothing lost or mended
                text = _indented(text)
        return hidden.out_of(text)

    def _is_json(self) -> bool:
        return self.content_type == "application/json" or self.content_type.endswith("+json")

    def _is_text(self) -> bool:
        kind = self.content_type
        if kind.startswith("text/") or kind.endswith(_TEXT_TYPES):
            return True
        return self._is_utf8() and not any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in self.body[:4096])

    def _is_utf8(self) -> bool:
        """But for a character that the limit cut in two."""
        try:
            codecs.getincrementaldecoder("utf-8")().decode(self.body, final=not self.cut)
        except UnicodeDecodeError:
            return False
        return True

    def _head(self) -> str:
        """All that there is of an answer without a body."""
        first = f"{self.status} {self.reason}".strip()
        shown = self.headers.items() if self.method == "HEAD" else ()
        lines = [f"{name}: {value}" for name, value in shown if name.lower() not in _NOT_SHOWN]
        if self.method != "HEAD" and "Location" in self.headers:
            lines.append(f"Location: {self.headers['Location']}")
        return "\n".join([first, *lines])


async def read_answer(response: aiohttp.ClientResponse, most_bytes: int) -> Answer:
    body = bytearray()
    while len(body) <= most_bytes and (more := await response.content.read(most_bytes + 1 - len(body))):
        body += more
    return Answer(
        method=response.method,
        host=response.url.host or "",
        status=response.status,
        reason=response.reason or "",
        headers=response.headers,
        content_type=response.content_type,
        charset=response.charset or "utf-8",
        body=bytes(body[:most_bytes]),
        cut=len(body) > most_bytes,
    )


def _known(charset: str) -> str:
    """`charset`, or UTF-8 where there is no such one."""
    with suppress(LookupError, ValueError):
        codec = codecs.lookup(charset)
        if codec._is_text_encoding and codec.name.replace("_", "-") not in _NO_CHARSETS:  # noqa: SLF001 - what bytes.decode asks as well
            return codec.name
    return "utf-8"


def _indented(text: str) -> str:
    """ValueError for what is no JSON, and for what would lose something: a key that is there twice, NaN, half a character.

    Numbers keep their digits.
    """
    value = json.loads(
        text,
        parse_float=Verbatim,
        parse_int=Verbatim,
        parse_constant=_refuse_constant,
        object_pairs_hook=_object,
    )
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError as error:
        raise ValueError(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
