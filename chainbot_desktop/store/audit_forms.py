"""The two forms of an exported audit trail, written and read back to the very bytes that were hashed.

JSON Lines: `{"event":ENVELOPE,"hash":"…","prev_hash":"…"}`, the envelope exactly as it was hashed, so that a verifier in any language
needs to cut a line, not to parse it. CSV: a row an event; a cell that a spreadsheet would take for a formula begins with an apostrophe,
as does one that begins with an apostrophe itself: taking one away gives the value back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any, Literal, Protocol

import orjson

from chainbot_desktop.core.json_codec import Verbatim, canonical_json, parse_json

FormName = Literal["jsonl", "csv"]
MEDIA_TYPES: dict[FormName, str] = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8; header=present"}

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_CELLS = (
    *("seq", "id", "time", "type", "version", "source", "severity", "subject", "actor", "requires_attention", "data"),
    *("prev_hash", "hash"),
)
_DEEPEST = 1000
_NUMBERS = frozenset({"seq", "version"})
_MAX_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Link:
    """One exported event: the bytes that were hashed after `prev_hash`, and the hash that they should have."""

    seq: int
    time: str
    envelope: bytes
    prev_hash: str
    hash: str


class Form(Protocol):
    def begin(self) -> bytes: ...

    def line(self, link: Link) -> bytes: ...

    def links(self, file: IO[bytes]) -> Iterator[Link]:
        """ValueError, naming the line, where the file is not of this form."""
        ...


class JsonLines:
    _head, _middle, _between, _tail = b'{"event":', b',"hash":"', b'","prev_hash":"', b'"}'
    _end = len(_middle) + 64 + len(_between) + 64 + len(_tail)

    def begin(self) -> bytes:
        return b""

    def line(self, link: Link) -> bytes:
        hashes = self._middle + link.hash.encode() + self._between + link.prev_hash.encode() + self._tail
        return self._head + link.envelope + hashes + b"\n"

    def links(self, file: IO[bytes]) -> Iterator[Link]:
        for number, line in enumerate(file, 1):
            end = line[-self._end - 1 :]
            own, before = end[len(self._middle) :][:64], end[-len(self._tail) - 65 : -len(self._tail) - 1]
            whole = self._middle + own + self._between + before + self._tail + b"\n"
            if not line.startswith(self._head) or end != whole:
                raise ValueError(f"line {number} is not an exported event")
            envelope = line[len(self._head) : -self._end - 1]
            try:
                seq, time = place_of(envelope)
            except ValueError:
                raise ValueError(f"line {number} holds no event") from None
            yield Link(seq, time, envelope, before.decode("ascii", "replace"), own.decode("ascii", "replace"))


class Csv:
    def begin(self) -> bytes:
        return _written(_CELLS)

    def line(self, link: Link) -> bytes:
        said = {**parse_json(link.envelope, max_depth=_DEEPEST), "prev_hash": link.prev_hash, "hash": link.hash}
        return _written([_disarmed(_as_text(name, said[name])) for name in _CELLS])

    def links(self, file: IO[bytes]) -> Iterator[Link]:
        csv.field_size_limit(_MAX_CELL)
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        reader = csv.reader(text, strict=True)
        try:
            if tuple(next(reader, ())) != _CELLS:
                raise ValueError("the first line does not name the columns of an export")
            for cells in reader:
                yield _link_of_cells([cell.removeprefix("'") for cell in cells], reader.line_num)
        except csv.Error as error:
            raise ValueError(f"line {reader.line_num}: {error}") from None
        finally:
            text.detach()  # the file is the caller's


FORMS: dict[FormName, Form] = {"jsonl": JsonLines(), "csv": Csv()}


def place_of(envelope: bytes) -> tuple[int, str]:
    """The `seq` and the time that an event says of itself. ValueError where it is no event."""
    try:
        said = orjson.loads(envelope)
        return int(said["seq"]), str(said["time"])
    except (KeyError, TypeError):
        raise ValueError("no event") from None


def _link_of_cells(cells: list[str], line: int) -> Link:
    if len(cells) != len(_CELLS):
        raise ValueError(f"line {line} has {len(cells)} cells, expected {len(_CELLS)}")
    values: dict[str, Any] = dict(zip(_CELLS, cells, strict=True))
    prev_hash, own = values.pop("prev_hash"), values.pop("hash")
    try:
        fields = {
            **values,
            **{name: int(values[name]) for name in _NUMBERS},
            "requires_attention": {"true": True, "false": False}[values["requires_attention"]],
            "data": Verbatim(values["data"]),
        }
        return Link(fields["seq"], fields["time"], canonical_json(fields), prev_hash, own)
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"line {line} is not an exported event") from None


def _as_text(name: str, value: Any) -> str:
    return canonical_json(value).decode() if name in {"data", "requires_attention"} else str(value)


def _disarmed(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _written(cells: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
