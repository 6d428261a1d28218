"""Confining commands with bubblewrap, where it is installed and the kernel lets it work (inside containers it often may not).

A confined command sees the machine read-only, may write the workspace (but not what git acts upon), has a /tmp and a /run of its
own, no network unless granted, and does not outlive us. What `private_places` names is empty for it. Granted the network, it is
kept from the abstract sockets of the machine where the kernel can do that (`fence`).
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from chainbot_desktop.agents.tools import fence
from chainbot_desktop.agents.tools.private_places import private_places, repositories

_log = logging.getLogger(__name__)
_PROBE_SECONDS = 10.0
_KERNEL = ("sys", "irq", "bus", "fs", "sysrq-trigger")
"""Within /proc: what root, also one without any capability, may write for the whole machine, as its owner."""
_BASE = (
    *("--die-with-parent", "--new-session", "--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
    *("--unshare-cgroup-try", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
    *(word for name in _KERNEL for word in ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")),
    *("--tmpfs", "/tmp", "--tmpfs", "/run"),  # noqa: S108 - the sandbox's own
)
_UNSET = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "SSH_AGENT_PID", "TMUX")
"""Ways to the person's session, that lead nowhere from inside: a program is better off to know."""
_ACTED_UPON = ("hooks", "config", "config.worktree", "commondir", "modules", "worktrees")
"""Within `.git`: what names programs that git runs, or where else to look for such."""
_PLANTED = ("config.worktree", "commondir")
"""Of these, what a repository has rarely, and where nothing can be mounted while it is not there."""


class Sandbox:
    """Shared by all agents. `hidden` are the program's own folders. Use on the loop's thread."""

    def __init__(self, mode: Literal["auto", "off"], hidden: Sequence[Path] = (), home: Path | None = None) -> None:
        self._mode = mode
        self._hidden = tuple(hidden)
        self._home = home or Path.home()
        self._probing = asyncio.Lock()
        self._probed = False
        self._program: str | None = None

    @property
    def fenced(self) -> bool:
        """Whether a command with the network is kept from the sockets of the desktop's session."""
        return fence.fence_is_there()

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
        for name in _UNSET:
            words += ["--unsetenv", name]
        folders, files = private_places(self._home, self._hidden, os.environ)
        around = [folder for folder in folders if workspace.is_relative_to(folder)]
        words += _emptied(around)
        words += ["--bind", str(workspace), str(workspace)]
        words += _emptied([folder for folder in folders if folder not in around])
        for file in files:
            if not any(file.is_relative_to(place) for place in _OWN):
                words += ["--ro-bind", "/dev/null", str(file)]
        words += _protected(workspace)
        fenced = [sys.executable, "-I", "-S", fence.__file__] if network and self.fenced else []
        return [*fenced, *words, "--chdir", str(cwd), "--", *arguments]


def _emptied(folders: Sequence[Path]) -> list[str]:
    return [word for folder in folders for word in ("--tmpfs", str(folder))]


_OWN = (Path("/tmp"), Path("/run"), Path("/proc"), Path("/dev"))  # noqa: S108 - the sandbox has its own of each


def planted(workspace: Path) -> frozenset[Path]:
    """What is there of the files that git obeys and that cannot be protected before they are there. Blocking."""
    return frozenset(found for git in repositories(workspace) for name in _PLANTED if os.path.lexists(found := git / name))


def uproot(workspace: Path, before: frozenset[Path]) -> None:
    """Take away what a command planted beyond `before`. Blocking."""
    for file in planted(workspace) - before:
        _log.warning("a confined command made %s, which git would obey; it is removed", file)
        with suppress(OSError):
            file.unlink()


def _protected(workspace: Path) -> list[str]:
    """What git acts upon stays as it is: a hook planted by a confined command would run outside, at the next commit of a person.

    Each `.git` becomes a mount, so that it cannot be moved away and another put in its place.
    """
    top = workspace / ".git"
    words = [] if top.is_dir() and not top.is_symlink() else ["--ro-bind-try", os.path.realpath(top), os.path.realpath(top)]
    for git in repositories(workspace):
        hooks, config = git / "hooks", git / "config"
        if hooks.is_symlink() or config.is_symlink() or not config.is_file():
            words += ["--ro-bind", str(git), str(git)]  # over a link, or over nothing, nothing can be mounted
            continue
        words += ["--bind", str(git), str(git)]
        words += [] if hooks.is_dir() else ["--tmpfs", str(hooks)]
        for kept in (git / name for name in _ACTED_UPON):
            if kept.exists() and not kept.is_symlink():
                words += ["--ro-bind", str(kept), str(kept)]
    return words


def find_bubblewrap() -> tuple[str | None, str]:
    """Its path and, where it is there and does not work, why. Blocking: it is tried."""
    program = shutil.which("bwrap")
    if program is None:
        return None, ""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program, *_BASE, "--unshare-net", "--", "/bin/true"], capture_output=True, check=False, timeout=_PROBE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return program, str(error)
    reason = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
    return program, reason if done.returncode != 0 else ""


def _working_program() -> str | None:
    program, reason = find_bubblewrap()
    if reason:
        _log.warning("bubblewrap is installed and does not work here, commands are not sandboxed: %s", reason)
    return None if reason else program
