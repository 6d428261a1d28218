"""Which files hold secrets and which a repository acts upon: no policy lets an agent's tools touch them."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePath

_NAMES = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "*.age",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".pypirc",
    ".npmrc",
    ".htpasswd",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "credentials.yaml",
    "credentials.yml",
    "client_secret*.json",
    "secrets.json",
    "secrets.toml",
    "secrets.yaml",
    "secrets.yml",
    "secrets.env",
    "shadow",
    "gshadow",
)
_FOLDERS = frozenset(
    {".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", "keyrings", "gcloud", ".secrets"}
)
_HARMLESS = (".env.example", ".env.sample", ".env.template", ".env.dist", "*.pub")


def holds_secrets(path: PurePath) -> bool:
    """By its name and the folders that it is in; upper case is no way around."""
    *folders, name = [part.casefold() for part in path.parts] or [""]
    if any(folder in _FOLDERS for folder in folders) or name in _FOLDERS:
        return True
    if any(fnmatchcase(name, pattern) for pattern in _HARMLESS):
        return False
    return any(fnmatchcase(name, pattern) for pattern in _NAMES) or _is_process_table(path)


def belongs_to_git(path: PurePath) -> bool:
    """Whether it is part of a repository's own folder (hooks, configuration, references), or is that folder or its pointer."""
    return any(part.casefold() == ".git" for part in path.parts)


def _is_process_table(path: PurePath) -> bool:
    """/proc shows the environment and the memory of processes, our own with its keys among them."""
    return path.is_absolute() and path.parts[1:2] == ("proc",)
