"""Writing files: the whole content, or one passage for another. The card shows the exact difference, and that is what is written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.differences import unified
from chainbot_desktop.agents.tools.file_reading import READ_LIMIT, decode
from chainbot_desktop.agents.tools.opening import read_file, status, write_file
from chainbot_desktop.agents.tools.places import Place, Places
from chainbot_desktop.agents.tools.plan import Arguments, Plan, described, parsed
from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo

_WRITE_LIMIT = 512 * 1024
"""Characters: of what is longer no person reads the difference."""


class _WriteArguments(Arguments):
    path: str = Field(description="File, from the workspace; missing folders are made.")
    content: str = Field(max_length=_WRITE_LIMIT, description="All of the new content.")


class _PatchArguments(Arguments):
    path: str = Field(description="File, from the workspace.")
    old: str = Field(
        min_length=1, max_length=_WRITE_LIMIT, description="The passage as it stands in the file, without line numbers."
    )
    new: str = Field(max_length=_WRITE_LIMIT, description="What is to stand in its place.")
    everywhere: bool = Field(False, description="Replace every occurrence; otherwise there must be exactly one.")


@dataclass(frozen=True, slots=True)
class _Change:
    """`before` is None where there is no file yet."""

    place: Place
    before: bytes | None
    after: bytes
    difference: str


class WriteFile:
    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("write_file", "Write a whole text file (UTF-8), a new one or over an old one.", _WriteArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_WriteArguments, arguments)
        return _plan(await asyncio.to_thread(self._change, wanted))

    def _change(self, wanted: _WriteArguments) -> _Change:
        place = self._places.writable(wanted.path)
        before = _body(place)
        old = _text(place, before)[0] if before is not None else ""
        return _Change(place, before, _bytes(wanted.content, "utf-8"), _difference(place, before is None, old, wanted.content))


class PatchFile:
    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def info(self) -> ToolInfo:
        return described("patch_file", "Replace a passage of a text file by another.", _PatchArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        wanted = parsed(_PatchArguments, arguments)
        return _plan(await asyncio.to_thread(self._change, wanted))

    def _change(self, wanted: _PatchArguments) -> _Change:
        place = self._places.writable(wanted.path)
        before = _body(place)
        if before is None:
            raise ToolFailed(f"{place.shown} does not exist. Use write_file for a new file.")
        text, codec = _text(place, before)
        old, new = _with_line_ends_of(text, wanted.old), _with_line_ends_of(text, wanted.new)
        count = text.count(old)
        if count == 0:
            raise ToolFailed(f"{place.shown} does not hold this passage. Read it again and give the passage letter by letter.")
        if count > 1 and not wanted.everywhere:
            raise ToolFailed(
                f"{place.shown} holds this passage {count} times. Give more of what is around it, or everywhere=true."
            )
        after = text.replace(old, new)
        return _Change(place, before, _bytes(after, codec), _difference(place, False, text, after))


def _plan(change: _Change) -> Plan:
    place = change.place

    async def carry_out() -> str:
        return await asyncio.to_thread(_write, change)

    verb = "Create" if change.before is None else "Change"
    return Plan(
        targets=(place.target(),),
        title=f"{verb} {place.shown}",
        detail=change.difference,
        detail_kind="diff",
        carry_out=carry_out,
        why="" if place.inside else "It is outside of the workspace.",
        touches=(place.shown,),
        scope="write in the workspace" if place.inside else f"write:{place.shown}",
    )


def _write(change: _Change) -> str:
    place = change.place
    if change.before == change.after:
        return f"{place.shown} holds this already."
    if _body(place) != change.before:
        raise ToolFailed(f"{place.shown} was changed by somebody else in this moment. Read it again.")
    write_file(place.real, change.after)
    return f"{place.shown} is written ({len(change.after):,} bytes)."


def _body(place: Place) -> bytes | None:
    if status(place.real) is None:
        return None
    body = read_file(place.real, READ_LIMIT)
    if len(body) > READ_LIMIT:
        raise ToolFailed(f"{place.shown} is too long to be changed here.")
    return body


def _text(place: Place, body: bytes) -> tuple[str, str]:
    decoded = decode(body)
    if decoded is None:
        raise ToolFailed(f"{place.shown} is not text and is not written over.")
    return decoded


def _bytes(text: str, codec: str) -> bytes:
    try:
        return text.encode(codec)
    except UnicodeEncodeError as error:
        letter = plain(text[error.start], kept="")
        raise ToolFailed(f"The text holds “{letter}”, which the file's encoding ({codec}) cannot write.") from None


def _with_line_ends_of(text: str, passage: str) -> str:
    """A model writes plain line feeds; a file whose lines end in CR LF keeps them."""
    return passage.replace("\n", "\r\n") if "\r\n" in text and "\r\n" not in passage else passage


def _difference(place: Place, new: bool, before: str, after: str) -> str:
    """As `diff -u` writes it; what cannot be seen in a line is written as an escape."""
    name = place.shown.lstrip("/")
    rows = unified(_lines(before), _lines(after), "/dev/null" if new else f"a/{name}", f"b/{name}")
    shown = [_NO_END.join(plain(part, kept="\t") for part in row.split(_NO_END)) for row in rows]
    return "\n".join(shown) or "(no difference)"


_NO_END = "\n\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """Lines without their ends; a last one that has none says so."""
    *whole, rest = text.split("\n")
    return [*whole, rest + _NO_END] if rest else whole
