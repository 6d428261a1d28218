"""What patches of the chat may touch of the workspace: the same places are private as for the tools of agents."""

from __future__ import annotations

from pathlib import Path

from chainbot_desktop.agents.tools.secret_files import holds_secrets
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.workspace.changes import FileSet
from chainbot_desktop.workspace.workspace import Workspace


def make_file_set(workspace: Workspace, store: OpenedStore, tasks: Tasks, data_dir: Path) -> FileSet:
    """Use what it returns on the loop's thread."""
    ours = data_dir.resolve()

    def private(path: Path) -> str:
        if path.is_relative_to(ours):
            return "belongs to this program."
        root = workspace.root.resolve()
        inside = path.relative_to(root) if path.is_relative_to(root) else path
        return "may hold secrets: edit it by hand." if holds_secrets(inside) else ""

    return FileSet(lambda: workspace.root, store.journal, store.blobs, tasks, private)
