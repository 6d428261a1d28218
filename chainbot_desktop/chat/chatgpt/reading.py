"""Reads a file of conversations one after the other: of a gigabyte, no more is in memory than the conversation at hand.

The parser is pushed (`ijson`'s coroutines): what is complete before a damaged place is had, and not lost with it.
"""

from __future__ import annotations

import time
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

import ijson.common
from ijson import sendable_list
from ijson.backends import yajl2_c

from chainbot_desktop.chat.chatgpt.source import Part
from chainbot_desktop.core.errors import InvalidInput, TooLarge

_CHUNK = 64 * 1024
_LARGEST_CHUNK = 16 * 1024**2
_YIELD = 0.0002
"""Seconds for which the interpreter lock is let go after a chunk: the loop's thread need not wait to be given it."""
MAX_CONVERSATION = 256 * 1024**2
"""Bytes of JSON that one conversation may have: it is in memory as a whole."""
MAX_DEPTH = 200
_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_UTF8_BOM = b"\xef\xbb\xbf"


class Damaged(InvalidInput):
    """The file cannot be read any further; what came before is good."""

    code = "import_damaged"


class _Building:
    """The values that the parser's events tell of, as they become complete: entries of a list, or the one that is all there is.

    `ijson` has such builders; they keep the path of every place, so that a file of brackets alone would fill the memory.
    """

    def __init__(self, is_list: bool) -> None:
        self._within = 1 if is_list else 0
        self._open: list[Any] = []
        self._key = ""

    @property
    def depth(self) -> int:
        return len(self._open)

    def take(self, events: list[tuple[str, Any]]) -> list[Any]:
        complete: list[Any] = []
        opened = self._open
        for kind, value in events:
            if kind == "map_key":
                self._key = value
                continue
            if kind in {"end_map", "end_array"}:
                done = opened.pop()
                if len(opened) == self._within and (opened or not self._within):
                    complete.append(done)
                continue
            fresh: Any = {} if kind == "start_map" else [] if kind == "start_array" else value
            if len(opened) > self._within:
                self._put(opened[-1], fresh)
            elif kind not in {"start_map", "start_array"}:
                complete.append(fresh)
            if kind in {"start_map", "start_array"}:
                opened.append(fresh)
        return complete

    def _put(self, place: Any, value: Any) -> None:
        if type(place) is dict:
            place[self._key] = value
        else:
            place.append(value)


class PartReader:
    """Iterate over the conversations, raw; `position` is the bytes that were read. Blocks: not for the loop's thread."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._chunk = _CHUNK
        self.position = 0

    def __iter__(self) -> Iterator[Any]:
        # The C backend is named: the others are slower by far.
        events = sendable_list()
        parser = yajl2_c.basic_parse_coro(events, use_float=True)
        building: _Building | None = None
        complete_at = 0
        for chunk in self._chunks():
            if building is None:
                building = _Building(self._is_list(chunk))
            damage = self._push(parser, chunk)
            # In the middle of a long string the parser begins it anew with each chunk: these grow, until it has come to its end.
            self._chunk = _CHUNK if events else min(2 * self._chunk, _LARGEST_CHUNK)
            found = building.take(events)
            del events[:]
            if found:
                complete_at = self.position
                yield from found
            if damage is not None:
                raise damage
            if building.depth > MAX_DEPTH or self.position - complete_at > MAX_CONVERSATION:
                raise self._too_large()
        if building is None:
            raise Damaged(f"{self._part.name} is empty.", code="import_empty")
        try:
            parser.close()
        except ijson.common.JSONError:
            raise self._ends_early() from None

    def _push(self, parser: Any, chunk: bytes) -> Damaged | None:
        try:
            parser.send(chunk)
        except (ijson.common.JSONError, UnicodeError) as error:
            return self._damage(str(error))
        return None

    def _too_large(self) -> TooLarge:
        most = f"{MAX_CONVERSATION // 1024**2} MB, and what is in it lies at most {MAX_DEPTH} levels deep"
        return TooLarge(f"{self._part.name} is no export: a conversation has at most {most}.", code="import_bomb")

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self._part.open() as file:
                while chunk := file.read(self._chunk):
                    yield chunk.removeprefix(_UTF8_BOM) if not self.position else chunk
                    self.position += len(chunk)
                    time.sleep(_YIELD)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            raise self._ends_early() from None
        except OSError as error:
            raise Damaged(f"{self._part.name} cannot be read any further: {error.strerror or error}.") from error

    def _is_list(self, start: bytes) -> bool:
        """Or else one conversation is the whole file. InvalidInput where it is no JSON."""
        if start[:2] in _BOMS or b"\x00" in start[:8]:
            raise InvalidInput(
                f"{self._part.name} is not in UTF-8.",
                hint="Choose the file as ChatGPT sent it; an editor may have saved it anew.",
                code="import_encoding",
            )
        text = start.lstrip()
        if text.startswith(b"["):
            return True
        if text.startswith(b"{"):
            return False
        if text.startswith(b"<"):
            raise InvalidInput(
                f"{self._part.name} is a page for a browser, not the data.",
                hint="Choose conversations.json, which lies beside it, or the whole ZIP.",
                code="import_format",
            )
        hint = "ChatGPT sends a ZIP with conversations.json in it."
        raise InvalidInput(f"{self._part.name} is not JSON.", hint=hint, code="import_format")

    def _damage(self, said: str) -> Damaged:
        reason = "is not in UTF-8" if "UTF8" in said else "is not JSON any more"
        return Damaged(f"{self._part.name} {reason} after byte {self.position:,}. What came before is kept.")

    def _ends_early(self) -> Damaged:
        return Damaged(
            f"{self._part.name} ends in the middle, after {self.position:,} bytes. What was complete is kept.",
            hint="Download it again, and import it: only what is missing is added.",
        )
