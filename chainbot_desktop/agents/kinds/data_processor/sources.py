"""Records out of JSON, JSON Lines and CSV files. All of it blocks; a file is streamed where its format allows."""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any

from chainbot_desktop.agents.kinds.data_processor.config import Source
from chainbot_desktop.agents.kinds.data_processor.rows import Row, file_problem
from chainbot_desktop.core.errors import InvalidInput, TooLarge

_LINE_LIMIT = 16 << 20
_JSON_LIMIT = 256 << 20


def rows_of(source: Source, path: Path | None) -> Generator[Row, None, None]:
    """Closes its file when it is exhausted or closed. NotFound, InvalidInput and TooLarge tell of the file as a whole."""
    if path is None:
        yield from (Row(number, value) for number, value in enumerate(source.records or (), 1))
        return
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{path} is no file.", hint="A folder, a pipe or a device cannot be read.", code="bad_source")
    if source.actual_format == "sqlite":
        from chainbot_desktop.agents.kinds.data_processor.sqlite_files import sqlite_rows

        yield from sqlite_rows(path, source.table, source.query)
        return
    try:
        with path.open("rb") as file:
            if source.actual_format == "json":
                yield from _json(file, path)
            elif source.actual_format == "jsonl":
                yield from _lines(file)
            else:
                yield from _csv(file, path, source.delimiter)
    except OSError as error:
        raise file_problem(path, error, "read") from None


def _json(file: IO[bytes], path: Path) -> Iterator[Row]:
    content = file.read(_JSON_LIMIT + 1)
    if len(content) > _JSON_LIMIT:
        raise TooLarge(f"{path.name} is too large to be read as a whole.", hint="Write it as JSON Lines: a record a line.")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path.name} is no JSON: {error}.", code="bad_source") from None
    records = document if isinstance(document, list) else [document]
    size = len(content) // max(1, len(records))
    yield from (Row(number, value, size=size) for number, value in enumerate(records, 1))


def _lines(file: IO[bytes]) -> Iterator[Row]:
    number = 0
    while line := file.readline(_LINE_LIMIT):
        whole = line.endswith(b"\n") or len(line) < _LINE_LIMIT
        while not whole and (rest := file.readline(_LINE_LIMIT)) and not rest.endswith(b"\n"):
            pass
        if not line.strip(b" \t\r\n\xef\xbb\xbf"):
            continue
        number += 1
        yield _line(number, line) if whole else Row(number, error=f"longer than {_LINE_LIMIT >> 20} MB")


def _line(number: int, line: bytes) -> Row:
    try:
        return Row(number, json.loads(line.decode("utf-8-sig")), size=len(line))
    except UnicodeDecodeError:
        return Row(number, error="not UTF-8")
    except (ValueError, RecursionError) as error:
        return Row(number, error=f"no JSON: {error}")


def _csv(file: IO[bytes], path: Path, delimiter: str) -> Iterator[Row]:
    # What is not UTF-8 comes through as lone surrogates, so that it spoils its row and not the rest.
    lines = (line.decode("utf-8-sig" if first else "utf-8", "surrogateescape") for first, line in _numbered(file))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(reader, None)
    except csv.Error as error:
        raise InvalidInput(f"The header of {path.name}: {error}.", code="bad_source") from None
    if header is None:
        return
    if len(set(header)) != len(header) or any(_surrogates(name) for name in header):
        raise InvalidInput(f"The header of {path.name} has a name twice, or one that is not UTF-8.", code="bad_source")
    number = 0
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            yield Row(number, error=f"no CSV: {error}")
            continue
        if fields:
            number += 1
            yield _record(number, header, fields)


def _numbered(file: IO[bytes]) -> Iterator[tuple[bool, bytes]]:
    first = True
    while line := file.readline(_LINE_LIMIT):
        yield first, line
        first = False


def _record(number: int, header: list[str], fields: list[str]) -> Row:
    if len(fields) != len(header):
        return Row(number, error=f"{len(fields)} fields where the header has {len(header)}")
    if any(_surrogates(field) for field in fields):
        return Row(number, error="not UTF-8")
    value: dict[str, Any] = dict(zip(header, fields, strict=True))
    return Row(number, value, size=sum(map(len, fields)))


def _surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
