"""Listing folders and reading text: bounded, and never of a secrets file."""

from __future__ import annotations

import asyncio
import codecs
import stat
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.opening import list_folder, read_file
from chainbot_desktop.agents.tools.places import Place, Places
from chainbot_desktop.agents.tools.plan import Arguments, Plan, described, parsed
from chainbot_desktop.agents.tools.shown import path_text
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo

READ_LIMIT = 8 * 1024 * 1024
_LIST_LIMIT = 1000
_LINES = 2000
_LINE_LIMIT = 2000
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class _ListArguments(Arguments):
    path: str = Field(".", description="Folder, from the workspace.")


class _ReadArguments(Arguments):
    path: str = Field(description="File, from the workspace.")
    first_line: int = Field(1, ge=1, description="First line wanted, counted from 1.")
    lines: int = Field(_LINES, ge=1, le=_LINES, description="How many lines at most.")


class ListFiles:
    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("list_files", "List a folder of the workspace: names, kinds and sizes.", _ListArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_ListArguments, arguments)
        place = await asyncio.to_thread(self._places.readable, wanted.path)

        async def carry_out() -> str:
            return await asyncio.to_thread(_listing, place)

        return reading_plan(place, f"List {place.shown}", carry_out)


class ReadFile:
    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("read_file", "Read a text file, with line numbers; by parts if it is long.", _ReadArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_ReadArguments, arguments)
        place = await asyncio.to_thread(self._places.readable, wanted.path)

        async def carry_out() -> str:
            return await asyncio.to_thread(_numbered, place, wanted.first_line, wanted.lines)

        return reading_plan(place, f"Read {place.shown}", carry_out)


def reading_plan(place: Place, title: str, carry_out: Any) -> Plan:
    return Plan(
        targets=(place.target(),),
        title=title,
        detail=place.shown,
        detail_kind="text",
        carry_out=carry_out,
        why="" if place.inside else "It is outside of the workspace.",
        touches=(place.shown,),
        scope=f"read:{place.shown}",
    )


def text_of(place: Place) -> tuple[str, str]:
    """The text of a file and its encoding; ToolFailed for what is no text or too long."""
    body = read_file(place.real, READ_LIMIT)
    if len(body) > READ_LIMIT:
        raise ToolFailed(f"{place.shown} is longer than {READ_LIMIT // 1024 // 1024} MiB. Use search_files, or a command.")
    decoded = decode(body)
    if decoded is None:
        raise ToolFailed(f"{place.shown} is not text: it holds {len(body):,} bytes of something else.")
    return decoded


def decode(body: bytes) -> tuple[str, str] | None:
    """Text and encoding: by its mark, as UTF-8, or as Latin-1 where it holds no control characters. None: not text."""
    codec = next((codec for mark, codec in _MARKS if body.startswith(mark)), "utf-8")
    try:
        text = body.decode(codec)
    except UnicodeDecodeError:
        codec, text = "latin-1", body.decode("latin-1")
    controls = sum(
        1 for c in text[:65_536] if (c < " " and c not in "\t\n\r\f\x1b") or (codec == "latin-1" and "\x7f" <= c < "\xa0")
    )
    return None if controls else (text, codec)


def _numbered(place: Place, first: int, count: int) -> str:
    text, codec = text_of(place)
    lines = text.splitlines()
    if first > max(len(lines), 1):
        raise ToolFailed(f"{place.shown} has {len(lines)} lines.")
    wanted = lines[first - 1 : first - 1 + count]
    shown = [f"{number}\t{_cut_line(line)}" for number, line in enumerate(wanted, first)]
    last = first + len(wanted) - 1
    note = f"[{place.shown}: lines {first} to {last} of {len(lines)}, {codec}]"
    return "\n".join([note, *shown]) if lines else f"[{place.shown} is empty]"


def _cut_line(line: str) -> str:
    return line if len(line) <= _LINE_LIMIT else f"{line[:_LINE_LIMIT]} … ({len(line) - _LINE_LIMIT} more characters)"


def _listing(place: Place) -> str:
    found = sorted(list_folder(place.real), key=lambda entry: (not stat.S_ISDIR(entry[1].st_mode), entry[0]))
    lines = [_entry(name, status) for name, status in found[:_LIST_LIMIT]]
    if len(found) > _LIST_LIMIT:
        lines.append(f"… and {len(found) - _LIST_LIMIT} more")
    return "\n".join(lines) or f"[{place.shown} is empty]"


def _entry(name: str, status: Any) -> str:
    shown = path_text(name)
    if stat.S_ISDIR(status.st_mode):
        return f"{shown}/"
    if stat.S_ISLNK(status.st_mode):
        return f"{shown} (symbolic link)"
    return f"{shown} ({status.st_size:,} bytes)" if stat.S_ISREG(status.st_mode) else f"{shown} (special file)"
