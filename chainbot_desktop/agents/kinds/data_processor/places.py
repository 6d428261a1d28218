"""Which file a path means, and that it is one that this agent may touch."""

from __future__ import annotations

from pathlib import Path

from chainbot_desktop.core.errors import InvalidInput


def place(path: Path, workspace: Path, *, from_task: bool) -> Path:
    """The file itself, links followed. Outside of the workspace only where a person's configuration says so from the root."""
    expanded = path.expanduser()
    root = workspace.resolve()
    found = (root / expanded).resolve()
    if expanded.is_absolute() and not from_task:
        return found
    if not found.is_relative_to(root):
        raise InvalidInput(
            f"{path} lies outside of the workspace {root}.", hint="Name a file inside it.", code="outside_workspace"
        )
    if from_task and ".git" in found.relative_to(root).parts:
        raise InvalidInput(f"{path} belongs to git.", hint="Name another file.", code="outside_workspace")
    return found
