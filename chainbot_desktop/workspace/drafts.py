"""Text that nobody has saved yet, kept so that a crash or a power cut takes a few seconds of typing at most. Blocking.

One file a buffer, readable by its owner alone: a line of JSON about it, then the text as UTF-8.
"""

from __future__ import annotations

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.workspace.refusals import refusal_of
from chainbot_desktop.workspace.writing import save_bytes

_log = logging.getLogger(__name__)

_SUFFIX = ".draft"
_HEADER_LIMIT = 64 * 1024


class Draft(BaseModel):
    """What is known of an unsaved buffer. `base_sha256` is that of the file it began from, empty for one that has no file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    name: str
    uri: str = ""
    base_sha256: str = ""
    codec: str = "utf-8"
    bom: str = ""
    """The byte order mark in hex."""
    eol: str = "\n"
    saved_at: str = Field(default_factory=utc_now)


class DraftFolder:
    """The drafts of one data directory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, draft: Draft, utf8: bytes) -> None:
        """Write a draft over its earlier self. ChainBotError if the disk refuses."""
        path = self._path(draft.id)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)  # saving keeps the mode of what is there
        except OSError as error:
            raise refusal_of(error, path, "save") from error
        save_bytes(path, draft.model_dump_json().encode() + b"\n" + utf8, expected=None, overwrite=True)

    def drop(self, draft_id: str) -> None:
        self._path(draft_id).unlink(missing_ok=True)

    def found(self) -> tuple[Draft, ...]:
        """The drafts that are there, the newest first. One that cannot be read is set aside under another name, not deleted."""
        drafts = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            if path.stat().st_size == 0:  # made, and the power went before its text was written
                path.unlink()
                continue
            try:
                with path.open("rb") as file:
                    drafts.append(Draft.model_validate_json(file.readline(_HEADER_LIMIT)))
            except (OSError, ValidationError) as error:
                aside = path.with_suffix(".unreadable")
                _log.warning("a recovery draft cannot be read and is kept as %s: %s", aside, error)
                path.replace(aside)
        return tuple(sorted(drafts, key=lambda draft: draft.saved_at, reverse=True))

    def text(self, draft_id: str) -> bytes:
        """The UTF-8 text of a draft."""
        try:
            return self._path(draft_id).read_bytes().partition(b"\n")[2]
        except OSError as error:
            raise refusal_of(error, self._path(draft_id), "open") from error

    def _path(self, draft_id: str) -> Path:
        return self._folder / f"{draft_id}{_SUFFIX}"
