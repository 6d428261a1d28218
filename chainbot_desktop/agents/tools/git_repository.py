"""Running git in a repository that may be hostile: nothing that its configuration names is ever executed.

A repository's own configuration can name programs (fsmonitor, hooks, external diffs, textconv, filters, signing, transports). The
known keys are set to nothing from the environment, which wins over every file; filters and drivers, whose names are free, are
listed first (listing executes nothing) and then set to nothing one by one. Systemwide and personal configuration is not read.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.tools.opening import read_file, status
from chainbot_desktop.agents.tools.places import Place, Places
from chainbot_desktop.agents.tools.shown import plain
from chainbot_desktop.agents.tools.tool import ToolFailed

_SECONDS = 60.0
_OUTPUT = 8 * 1024 * 1024
_SAFE: tuple[tuple[str, str], ...] = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.pager", "cat"),
    ("core.editor", "false"),
    ("core.sshCommand", "false"),
    ("core.askPass", ""),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.alternateRefsCommand", ""),
    ("core.gitProxy", ""),
    ("core.quotePath", "false"),
    ("credential.helper", ""),
    ("diff.external", ""),
    ("diff.ignoreSubmodules", "all"),
    ("interactive.diffFilter", ""),
    ("log.showSignature", "false"),
    ("commit.gpgSign", "false"),
    ("gpg.program", "false"),
    ("gpg.ssh.program", "false"),
    ("gpg.x509.program", "false"),
    ("submodule.recurse", "false"),
    ("protocol.allow", "never"),
    ("uploadpack.packObjectsHook", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("color.ui", "false"),
    ("column.ui", "never"),
)
_DRIVERS = {
    "filter": (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")),
    "diff": (("command", ""), ("textconv", "")),
    "merge": (("driver", "false"),),
}


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: bytes
    err: str


@dataclass(frozen=True, slots=True)
class Repository:
    """`top` is the working tree, `folder` what holds its history; both real paths. All methods block."""

    top: Path
    folder: Place

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"", may_fail: bool = False) -> Answer:
        """git with `arguments` in the working tree; ToolFailed with its own words where it fails."""
        answer = _git(self, (*_SAFE, *self._drivers()), arguments, env or {}, stdin)
        if answer.code != 0 and not may_fail:
            raise ToolFailed(f"git {arguments[0]}: {answer.err or f'exit code {answer.code}'}")
        return answer

    def text(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> str:
        return self.run(*arguments, env=env, stdin=stdin).out.decode("utf-8", "replace").strip()

    def names(self, *arguments: str, env: Mapping[str, str] | None = None) -> list[str]:
        """Names that a command prints with -z."""
        return [os.fsdecode(name) for name in self.run(*arguments, env=env).out.split(b"\0") if name]

    def _drivers(self) -> list[tuple[str, str]]:
        listed = _git(self, _SAFE, ("config", "--list", "--includes", "--name-only", "-z"), {}, b"")
        if listed.code != 0:
            raise ToolFailed(f"git cannot read the repository's configuration: {listed.err}")
        found: dict[tuple[str, str], None] = {}
        for raw in listed.out.split(b"\0"):
            section, _, rest = os.fsdecode(raw).partition(".")
            name, dot, _ = rest.rpartition(".")
            if dot and section.lower() in _DRIVERS:
                found[section.lower(), name] = None
        return [(f"{section}.{name}.{key}", value) for section, name in found for key, value in _DRIVERS[section]]


def find_repository(places: Places, start: Place) -> Repository:
    """The repository whose working tree holds `start`, looked for up to the workspace and no further."""
    if not start.inside:
        raise ToolFailed(f"{start.shown} is outside of the workspace: git is used inside of it only.")
    for top in (start.real, *start.real.parents):
        if not top.is_relative_to(places.workspace):
            break
        found = status(top / ".git")
        if found is not None:
            return Repository(top, places.at(_folder_of(top)))
    raise ToolFailed(f"{start.shown} is in no git repository of the workspace.")


def _folder_of(top: Path) -> Path:
    """A linked working tree names its repository in a file `.git`."""
    pointer = top / ".git"
    if pointer.is_dir():
        return Path(os.path.realpath(pointer))
    text = read_file(pointer, 4096).decode("utf-8", "surrogateescape").strip()
    if not text.startswith("gitdir: "):
        raise ToolFailed("The file .git points to no repository.")
    folder = Path(os.path.realpath(top / text.removeprefix("gitdir: ")))
    if not folder.is_dir():
        raise ToolFailed("The repository that the file .git points to is not there.")
    return folder


def _git(
    repository: Repository, settings: Sequence[tuple[str, str]], arguments: Sequence[str], env: Mapping[str, str], stdin: bytes
) -> Answer:
    program = shutil.which("git")
    if program is None:
        raise ToolFailed("git is not installed on this machine.")
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaints:
        given.write(stdin)
        given.seek(0)
        process = subprocess.Popen(  # noqa: S603 - no shell; what could name a program is emptied above
            [program, "--no-pager", *arguments],
            cwd=repository.top,
            env={**_environment(repository, settings), **env},
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
        out = _output(process)
        complaints.seek(0)
        return Answer(process.returncode, out, plain(complaints.read(2000).decode("utf-8", "replace")).strip())


def _output(process: subprocess.Popen[bytes]) -> bytes:
    """All that it prints, until it ends; ToolFailed, and it is killed, where it prints too much or takes too long."""
    killer = threading.Timer(_SECONDS, _kill, (process,))
    killer.start()
    assert process.stdout is not None
    try:
        with process.stdout as pipe:
            out = pipe.read(_OUTPUT + 1)
            if len(out) > _OUTPUT:
                _kill(process)
        process.wait()
    finally:
        killer.cancel()
    if len(out) > _OUTPUT:
        raise ToolFailed("git answered with more than 8 MiB; ask for less.")
    if process.returncode == -signal.SIGKILL:
        raise ToolFailed(f"git did not end within {_SECONDS:g} s.")
    return out


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _environment(repository: Repository, settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Nothing of ours but the path of programs. A value from the environment is added to those of the files and, last, wins."""
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "GIT_DIR": str(repository.folder.real),
        "GIT_WORK_TREE": str(repository.top),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": "false",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def personal_identity() -> dict[str, str]:
    """Name and address of the person who runs this program, for commits; from their own configuration, outside any repository."""
    program = shutil.which("git")
    identity = {}
    for key in ("name", "email"):
        done = subprocess.run(  # noqa: S603 - a fixed command
            [program or "git", "config", "--global", "--get", f"user.{key}"],
            cwd="/",
            capture_output=True,
            check=False,
            timeout=_SECONDS,
            encoding="utf-8",
            errors="replace",
        )
        identity[key] = os.environ.get(f"GIT_AUTHOR_{key.upper()}", "") or done.stdout.strip()
    return identity
