"""Where records go: a file that appears whole or not at all, or the answer itself. All of it blocks."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from chainbot_desktop.agents.kinds.data_processor.config import Destination
from chainbot_desktop.agents.kinds.data_processor.rows import RowError, file_problem
from chainbot_desktop.core.errors import TooLarge

_ANSWER_RECORDS = 1_000
_ANSWER_BYTES = 1 << 20


class Sink(Protocol):
    """`open`, then `commit` or `abort` at the end; nothing is to be seen before. `abort` may come at any time, also twice."""

    def open(self) -> None: ...

    def write(self, value: Any) -> None:
        """RowError where this record does not fit."""
        ...

    def commit(self) -> None: ...

    def abort(self) -> None: ...


def sink_for(destination: Destination | None, path: Path | None) -> Sink:
    if destination is None or path is None:
        return AnswerSink()
    if destination.actual_format == "sqlite":
        from chainbot_desktop.agents.kinds.data_processor.sqlite_files import SqliteSink

        assert destination.table is not None
        return SqliteSink(path, destination.table, append=destination.append)
    if destination.actual_format == "csv":
        return CsvSink(path, destination.delimiter)
    return JsonSink(path, lines=destination.actual_format == "jsonl")


class AnswerSink:
    """The records come with the answer, as far as an answer can carry them."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self._bytes = 0

    def open(self) -> None: ...

    def write(self, value: Any) -> None:
        self._bytes += len(encoded(value))
        if len(self.records) >= _ANSWER_RECORDS or self._bytes > _ANSWER_BYTES:
            raise TooLarge(f"An answer carries at most {_ANSWER_RECORDS:,} records and 1 MB.", hint="Name a destination.")
        self.records.append(value)

    def commit(self) -> None: ...

    def abort(self) -> None: ...


class _FileSink:
    """Writes beside the destination and takes its place at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name[:50]}.{secrets.token_hex(6)}.part")
        self._opened: io.BufferedWriter | None = None

    @property
    def _file(self) -> io.BufferedWriter:
        assert self._opened is not None, "open comes first"
        return self._opened

    def open(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise file_problem(self._path, error, "written") from None
        self._opened = io.BufferedWriter(io.FileIO(descriptor, "w"), 1 << 16)

    def commit(self) -> None:
        try:
            if self._path.exists():
                os.fchmod(self._file.fileno(), self._path.stat().st_mode & 0o7777)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            self.abort()
            raise file_problem(self._path, error, "written") from None

    def abort(self) -> None:
        if self._opened is None:
            return
        self._opened.raw.close()  # past the buffer: what is left in it is not wanted, and may find no room
        self._part.unlink(missing_ok=True)

    def _put(self, text: bytes) -> None:
        try:
            self._file.write(text)
        except OSError as error:
            raise file_problem(self._path, error, "written") from None


class JsonSink(_FileSink):
    def __init__(self, path: Path, *, lines: bool) -> None:
        super().__init__(path)
        self._lines = lines
        self._between = b"" if lines else b"[\n"

    def write(self, value: Any) -> None:
        record = encoded(value)
        self._put(record + b"\n" if self._lines else self._between + record)
        self._between = b"" if self._lines else b",\n"

    def commit(self) -> None:
        if not self._lines:
            self._put(b"\n]\n" if self._between == b",\n" else b"[]\n")
        super().commit()


class CsvSink(_FileSink):
    """The first record's names make the header."""

    def __init__(self, path: Path, delimiter: str) -> None:
        super().__init__(path)
        self._delimiter = delimiter
        self._columns: tuple[str, ...] = ()

    def write(self, value: Any) -> None:
        fields = flat_record(value)
        header = not self._columns
        columns = self._columns or tuple(fields)
        if unknown := [name for name in fields if name not in columns]:
            raise RowError(f"it has {unknown[0]!r}, which the first record has not")
        self._columns = columns
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self._delimiter, lineterminator="\n")
        if header:
            writer.writerow(columns)
        writer.writerow(["" if (field := fields.get(name)) is None else field for name in columns])
        self._put(text.getvalue().encode(errors="replace"))


def flat_record(value: Any) -> Mapping[str, Any]:
    """What a table can hold: names and single values; lists and objects become JSON. RowError where it is no object."""
    if not isinstance(value, dict) or not value:
        raise RowError("a table takes objects with at least one field")
    return {
        name: json.dumps(field, ensure_ascii=False) if isinstance(field, dict | list) else field
        for name, field in value.items()
    }


def encoded(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, UnicodeEncodeError) as error:
        raise RowError(f"it cannot be written as JSON: {error}") from None
