"""Signed heads of the journal in a file beside the database: what tells a cut or rewritten journal from a true one.

A line says: at this time the newest event was this one, with this hash; signed with the installation's key. Whoever changes the
database without the key cannot make the lines agree with it. What came after the newest line is not vouched for yet, and whoever
deletes the file deletes the proof: verifying then says that nothing vouches.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.core.ports import Head
from chainbot_desktop.security.signing import Signer, is_signed

FILE_NAME = "audit-checkpoints.jsonl"
_MOST_LINES = 4_000
"""Then every second of the older half goes: the newest vouches for all, the older ones say where it went wrong."""


def head_document(head: Head) -> dict[str, Any]:
    """What is signed."""
    return {"kind": "chainbot-journal-head", "seq": head.seq, "hash": head.hash, "time": head.time}


@dataclass(frozen=True, slots=True)
class Kept:
    """The heads with our signature, in the file's order, and the numbers of lines (from 1) that are not what we signed."""

    heads: tuple[Head, ...]
    broken_lines: tuple[int, ...] = ()


class Checkpoints:
    """Blocking. One writer at a time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME

    def add(self, head: Head, signer: Signer) -> None:
        """Durable on return. OSError where the disk refuses."""
        document = head_document(head)
        line = canonical_json({**document, "key": signer.public, "signature": signer.sign(document)}) + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = self._lines()
        if len(lines) >= _MOST_LINES:
            half = len(lines) // 2
            self._replace([*lines[:half:2], *lines[half:], line])
            return
        with self.path.open("ab") as file:
            if lines and not lines[-1].endswith(b"\n"):  # a power cut in the middle of a line
                file.truncate(file.tell() - len(lines[-1]))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def read(self, public: str) -> Kept:
        """What the key `public` signed. OSError where the file is there and cannot be read."""
        heads: list[Head] = []
        broken: list[int] = []
        for number, line in enumerate(self._lines(), 1):
            if not line.endswith(b"\n"):
                continue  # was never finished
            found = _read_line(line)
            if found is None:
                broken.append(number)
            elif found[1] == public:  # else with the key of an earlier installation
                heads.append(found[0])
        return Kept(tuple(heads), tuple(broken))

    def _lines(self) -> Sequence[bytes]:
        try:
            return self.path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []

    def _replace(self, lines: Sequence[bytes]) -> None:
        temporary = self.path.with_suffix(".new")
        with temporary.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)


def _read_line(line: bytes) -> tuple[Head, str] | None:
    """The head and the public key of a line whose signature is right."""
    try:
        said = orjson.loads(line)
        head = Head(said["seq"], said["hash"], said["time"])
        if type(head.seq) is int and is_signed(head_document(head), said["signature"], said["key"]):
            return head, str(said["key"])
    except (ValueError, KeyError, TypeError):
        pass
    return None
