"""Confining commands with bubblewrap, where it is installed and the kernel lets it work (inside containers it often may not).

A confined command sees the machine read-only, may write the workspace (but not what git acts upon), has a /tmp and a /run of its
own, no network unless granted, and does not outlive us. The usual folders of keys in the home folder are empty for it.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 10.0
_HIDDEN_FOLDERS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".local/share/keyrings")
_HIDDEN_FILES = (".netrc", ".git-credentials", ".pgpass", ".npmrc", ".pypirc")
_BASE = (
    *("--die-with-parent", "--new-session", "--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
    *("--unshare-cgroup-try", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
    *("--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108 - the sandbox's own
)


class Sandbox:
    """Shared by all agents. `hidden` are the program's own folders. Use on the loop's thread."""

    def __init__(self, mode: Literal["auto", "off"], hidden: Sequence[Path] = (), home: Path | None = None) -> None:
        self._mode = mode
        self._hidden = tuple(hidden)
        self._home = home or Path.home()
        self._probing = asyncio.Lock()
        self._probed = False
        self._program: str | None = None

    async def program(self) -> str | None:
        """The path of a bubblewrap that works here, tried once; None where there is none or it is switched off."""
        if self._mode == "off":
            return None
        async with self._probing:
            if not self._probed:
                self._program = await asyncio.to_thread(_working_program)
                self._probed = True
        return self._program

    def wrap(self, program: str, arguments: Sequence[str], workspace: Path, cwd: Path, *, network: bool) -> list[str]:
        """The argument vector that runs `arguments` confined. Blocking: looks which folders are there."""
        words = [program, *_BASE, *([] if network else ["--unshare-net"])]
        if network:
            words += ["--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
        folders = [folder for folder in (*(self._home / name for name in _HIDDEN_FOLDERS), *self._hidden) if folder.is_dir()]
        around = [folder for folder in folders if workspace.is_relative_to(folder)]
        words += _emptied(around)
        words += ["--bind", str(workspace), str(workspace)]
        words += _emptied([folder for folder in folders if folder not in around])
        for file in (self._home / name for name in _HIDDEN_FILES):
            if file.is_file():
                words += ["--ro-bind", "/dev/null", str(file)]
        words += _protected(workspace / ".git")
        return [*words, "--chdir", str(cwd), "--", *arguments]


def _emptied(folders: Sequence[Path]) -> list[str]:
    return [word for folder in folders for word in ("--tmpfs", str(folder))]


def _protected(repository: Path) -> list[str]:
    """What git acts upon stays as it is: a hook planted by a confined command would run outside, at the next commit of a person."""
    if not repository.is_dir():
        return ["--ro-bind-try", str(repository), str(repository)]
    config, hooks = str(repository / "config"), repository / "hooks"
    kept = ["--ro-bind", str(hooks), str(hooks)] if hooks.is_dir() else ["--tmpfs", str(hooks)]
    return [*kept, "--ro-bind-try", config, config]


def _working_program() -> str | None:
    program = shutil.which("bwrap")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program, *_BASE, "--unshare-net", "--", "/bin/true"], capture_output=True, check=False, timeout=_PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        _log.warning("bubblewrap is installed and does not work: %s", error)
        return None
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip()
        _log.warning("bubblewrap is installed and may not work here, commands are not sandboxed: %s", reason)
        return None
    return program
