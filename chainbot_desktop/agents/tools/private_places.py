"""Where a home folder keeps keys, sessions and histories: what a confined command finds empty. Blocking."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_FOLDERS = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".1password", ".colima", ".oci"),
    *(".local/share/keyrings", ".local/share/kwalletd", ".local/share/containers/auth", ".cache/keyring"),
    *(".mozilla", ".thunderbird", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware", "snap/firefox/common"),
    *(".config/gcloud", ".config/gh", ".config/glab-cli", ".config/hub", ".config/op", ".config/sops", ".config/rclone"),
    *(".config/doctl", ".config/chainbot-desktop", ".terraform.d", ".claude", ".codex", ".gemini"),
)
_FILES = (
    *(".netrc", ".git-credentials", ".config/git/credentials", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".s3cfg", ".boto"),
    *(".vault-token", ".cargo/credentials", ".cargo/credentials.toml", ".m2/settings.xml", ".gradle/gradle.properties"),
    *(".Xauthority", ".ICEauthority", ".claude.json"),
    *(".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history", ".node_repl_history"),
)
_SOCKETS = ("XDG_RUNTIME_DIR", "CREDENTIALS_DIRECTORY")
_KEYS = ("XAUTHORITY", "SSH_AUTH_SOCK", "GNUPGHOME")
"""Variables that name where such things are on this system, if not at the usual place."""


def private_places(home: Path, ours: Sequence[Path], environ: Mapping[str, str]) -> tuple[list[Path], list[Path]]:
    """Folders and files that are there, by their real paths: a mount over a link would leave what it leads to open."""
    named = [Path(environ[name]) for name in (*_SOCKETS, *_KEYS) if environ.get(name, "").startswith("/")]
    places = {_real(place) for place in (*(home / name for name in (*_FOLDERS, *_FILES)), *ours, *named)}
    folders = sorted(place for place in places if place.is_dir() and place != Path("/"))
    files = sorted(place for place in places if not place.is_dir() and place.exists())
    return folders, [file for file in files if not any(file.is_relative_to(folder) for folder in folders)]


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def repositories(workspace: Path, deepest: int = 3, most: int = 5000) -> Iterator[Path]:
    """The `.git` folders of the workspace and of what lies not far below it; at most `most` folders are looked at."""
    waiting = [(workspace, 0)]
    looked = 0
    while waiting and looked < most:
        folder, depth = waiting.pop(0)
        looked += 1
        try:
            entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
        for entry in entries:
            if entry.name == ".git":
                yield Path(entry.path)
            elif depth < deepest and entry.name not in {"node_modules", ".venv", "__pycache__"}:
                waiting.append((Path(entry.path), depth + 1))
