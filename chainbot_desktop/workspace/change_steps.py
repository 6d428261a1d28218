"""One change of several files, step by step: carried out in order, and undone where one of them fails. Blocking."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput
from chainbot_desktop.workspace.paths import readable
from chainbot_desktop.workspace.reading import read_bytes
from chainbot_desktop.workspace.refusals import refusal_of
from chainbot_desktop.workspace.writing import save_bytes

_log = logging.getLogger(__name__)

MOST_BYTES = 2 * 1024 * 1024
"""Of one file: what is larger nobody reads the change of."""


class PlaceRefused(InvalidInput):
    """A path that no change may touch."""

    code = "place_refused"


@dataclass(frozen=True, slots=True)
class Step:
    """One file from `before` to `after` (None: not there), and its mode likewise."""

    path: Path
    before: bytes | None
    after: bytes | None
    mode_before: int | None
    mode_after: int | None

    def back(self) -> Step:
        return Step(self.path, self.after, self.before, self.mode_after, self.mode_before)


def carry_out(steps: Sequence[Step]) -> list[Path]:
    """The folders that were made for it. Where one step fails, those before it are undone. Blocking."""
    made: list[Path] = []
    done: list[Step] = []
    for step in steps:
        try:
            _take(step, made)
        except ChainBotError:
            undo(done, made)
            raise
        except OSError as error:
            undo(done, made)
            raise refusal_of(error, step.path, "save") from error
        done.append(step)
    return made


def _take(step: Step, made: list[Path]) -> None:
    _refuse_link(step.path)
    if (read_bytes(step.path, MOST_BYTES * 4)[0] if step.path.exists() else None) != step.before:
        raise Conflict(f"{readable(step.path.name)} was changed by somebody else since.", hint="Nothing was changed now.")
    if step.after is None:
        step.path.unlink()
        return
    for folder in reversed([parent for parent in step.path.parents if not parent.exists()]):
        folder.mkdir()
        made.append(folder)
    save_bytes(step.path, step.after, expected=None, overwrite=step.before is not None)
    if step.mode_after is not None:
        step.path.chmod(step.mode_after)


def _refuse_link(path: Path) -> None:
    """Between the look and the deed somebody may have put a link in the way."""
    if Path(os.path.realpath(path)) != path:
        raise PlaceRefused(f"{readable(path)} goes over a symbolic link.")


def undo(steps: Sequence[Step], made: Sequence[Path]) -> None:
    for step in reversed(steps):
        try:
            _take(step.back(), [])
        except (ChainBotError, OSError) as error:  # the others are put back all the same; its bytes are kept as a blob
            _log.error("%s could not be put back: %s; what it held is blob %s", step.path, error, digest_of(step.before))
    drop_empty(list(reversed(made)))


def folders_left(steps: Sequence[Step], root: Path) -> list[Path]:
    """The folders of files that are gone, the deepest first; never the workspace itself."""
    gone = [step.path for step in steps if step.after is None]
    folders = {parent for path in gone for parent in path.parents if parent != root and parent.is_relative_to(root)}
    return sorted(folders, key=lambda folder: -len(folder.parts))


def drop_empty(folders: Sequence[Path]) -> None:
    """As git does: a folder whose last file is gone is no more."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def digest_of(body: bytes | None) -> str:
    return sha256(body).hexdigest() if body is not None else ""
