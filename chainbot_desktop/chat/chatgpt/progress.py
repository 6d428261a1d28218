"""How far an import is, and what of it is remembered across the end of the program."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from chainbot_desktop.core.ids import new_id

ImportState = Literal["idle", "running", "done", "cancelled", "failed"]


@dataclass(slots=True)
class Counts:
    """Since the import was begun, also before it was interrupted. `known`: messages that were here already."""

    conversations: int = 0
    branches: int = 0
    messages: int = 0
    known: int = 0
    attachments: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    """How many entries were left out, by reason."""

    def copy(self) -> Counts:
        return replace(self, skipped=self.skipped.copy())

    def add(self, conversations: int, branches: int, messages: int, gone: int) -> None:
        """`gone`: conversations that were deleted while their messages were imported."""
        self.conversations += conversations
        self.branches += branches
        self.messages += messages
        if gone:
            self.skipped["deleted while it was imported"] += gone


@dataclass(slots=True)
class Checkpoint:
    """Where to go on: `part` of the export, after `done` of its entries, of the next of which `within` messages are kept."""

    path: str
    size: int
    changed: int
    import_id: str = field(default_factory=new_id)
    part: int = 0
    done: int = 0
    within: int = 0
    share: float = 0.0
    """Of the bytes, 0 to 1."""
    counts: Counts = field(default_factory=Counts)

    @classmethod
    def of(cls, path: Path) -> Checkpoint:
        size, changed = _stamp(path)
        return cls(str(path), size, changed)

    @classmethod
    def from_json(cls, value: Any) -> Checkpoint | None:
        """None for what is no checkpoint, or one of another version of the program."""
        try:
            counts = Counts(**{**value["counts"], "skipped": Counter(value["counts"]["skipped"])})
            return cls(**{**value, "counts": counts})
        except (TypeError, KeyError):
            return None

    def as_json(self) -> dict[str, Any]:
        # `asdict` would make a Counter of the pairs of a Counter.
        plain = replace(self, counts=replace(self.counts, skipped=Counter()))
        value = asdict(plain)
        value["counts"]["skipped"] = dict(self.counts.skipped)
        return value

    def fits(self, path: Path) -> bool:
        """Whether the file is still the one that was begun with."""
        try:
            return str(path) == self.path and _stamp(path) == (self.size, self.changed)
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """What a person is shown. `problem` says what went wrong, with what to do; `newest` is a conversation's id."""

    state: ImportState = "idle"
    name: str = ""
    done_bytes: int = 0
    total_bytes: int = 0
    counts: Counts = field(default_factory=Counts)
    problem: str = ""
    newest: str = ""
    began: float = 0.0
    began_at: int = 0
    """Monotonic seconds and bytes at which this run of it began."""

    @property
    def share(self) -> float:
        return min(1.0, self.done_bytes / self.total_bytes) if self.total_bytes else 0.0

    def remaining_seconds(self, now: float | None = None) -> float | None:
        """None while it is too early to say."""
        passed = (time.monotonic() if now is None else now) - self.began
        done = self.done_bytes - self.began_at
        if self.state != "running" or passed < 1.0 or done <= 0:
            return None
        return passed * max(0, self.total_bytes - self.done_bytes) / done


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns
