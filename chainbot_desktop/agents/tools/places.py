"""Where a path that a model named really is: every symbolic link followed, then held against the workspace. Blocking.

The place is what is judged, shown and, opened part by part without following a link again (`opening.py`), touched.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.plan import Refused
from chainbot_desktop.agents.tools.secret_files import belongs_to_git, holds_secrets
from chainbot_desktop.agents.tools.shown import line, path_text

_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """`real` holds no link. `inside`: it is in the workspace, where `relative` is its path from there ("." is the workspace)."""

    real: Path
    relative: Path
    inside: bool

    @property
    def shown(self) -> str:
        return path_text(self.relative if self.inside else self.real)

    def target(self, tool: str = "") -> Target:
        absolute = str(self.real)
        words = (self.relative.as_posix(), absolute) if self.inside else (absolute,)
        return Target("path", words, outside=not self.inside, tool=tool)


class Places:
    """The places of one agent. `hidden` are folders that hold the program's own secrets; a workspace may be in them all the same."""

    def __init__(self, workspace: Path, hidden: Sequence[Path] = ()) -> None:
        self.workspace = Path(os.path.realpath(workspace))
        self._hidden = tuple(Path(os.path.realpath(folder)) for folder in hidden)

    def find(self, text: str) -> Place:
        """The place of a path as a model wrote it, from the workspace or from the root. Refused where it can be no path."""
        if "\0" in text:
            raise Refused("A path holds no NUL.", rule="malformed", target=line(text))
        try:
            raw = os.fsencode(text)
        except UnicodeEncodeError:
            raise Refused("This is no path: it holds half a character.", rule="malformed") from None
        if len(raw) > _LONGEST:
            raise Refused(f"A path has at most {_LONGEST:,} bytes.", rule="malformed", target=line(text, 100))
        return self.at(Path(os.path.realpath(self.workspace / (text or "."))))

    def at(self, real: Path) -> Place:
        """The place of a path that is known to hold no link."""
        inside = real.is_relative_to(self.workspace)
        return Place(real, real.relative_to(self.workspace) if inside else real, inside)

    def readable(self, text: str) -> Place:
        """`find`, and no secrets file."""
        place = self.find(text)
        if self.secret(place):
            raise Refused(
                f"{place.shown} may hold secrets. Tools may neither read nor write it.",
                rule="secrets files",
                target=line(place.shown),
            )
        return place

    def writable(self, text: str) -> Place:
        """`readable`, and nothing that git acts upon."""
        place = self.readable(text)
        if belongs_to_git(place.real):
            raise Refused(
                f"{place.shown} belongs to git itself. Only git changes it.", rule="inside of .git", target=line(place.shown)
            )
        return place

    def secret(self, place: Place) -> bool:
        if place.inside:
            return holds_secrets(place.relative)
        return holds_secrets(place.real) or any(place.real.is_relative_to(folder) for folder in self._hidden)
