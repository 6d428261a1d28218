"""Whether a program can be started at all, told before the fork in words that help."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from chainbot_desktop.core.errors import Unavailable


def find_program(name: str, cwd: Path, environment: Mapping[str, str]) -> str:
    """Its absolute path, links kept; a name with a slash is looked for from `cwd`, another one in the child's PATH. Unavailable."""
    if not cwd.is_dir():
        raise Unavailable(f"The folder {cwd} does not exist.", hint="Make it, or name another one.", code="no_folder")
    if not os.access(cwd, os.X_OK):
        raise Unavailable(f"The folder {cwd} may not be entered.", hint="Look at its permissions.", code="no_folder")
    if "\0" in name or not name:
        raise Unavailable("A program needs a name.", code="no_program")
    if "/" in name:
        return _named(cwd / Path(name).expanduser())
    found = shutil.which(name, path=environment.get("PATH", os.defpath))
    if found is None:
        raise Unavailable(f"There is no program {name!r} here.", hint="Install it, or give its whole path.", code="no_program")
    return str(cwd / found)


def _named(path: Path) -> str:
    if not path.exists():
        raise Unavailable(f"There is no program {path}.", hint="Look at its path.", code="no_program")
    if path.is_dir():
        raise Unavailable(f"{path} is a folder, not a program.", code="not_executable")
    if not os.access(path, os.X_OK):
        raise Unavailable(f"{path} may not be run.", hint=f"chmod +x {path}", code="not_executable")
    return os.path.abspath(path)  # noqa: PTH100  links stay: a virtual environment's python is one
