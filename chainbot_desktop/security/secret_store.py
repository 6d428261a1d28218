"""Where secrets live: the desktop's keyring if it answers, else a file that only its owner can read.

`secrets.json` in the data directory (mode 0600) says for each secret either its value or that the keyring holds it, so that a shell
without a desktop session never takes a secret for missing that the desktop session put into its keyring.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path
from typing import Literal, Protocol

from chainbot_desktop.core.errors import ChainBotError

_log = logging.getLogger(__name__)


class SecretsUnavailable(ChainBotError):
    """The place where a secret is kept does not answer or cannot be read."""

    code = "secrets_unavailable"


class Keyring(Protocol):
    """The part of a `keyring` backend that is used. Calls may block on the desktop's bus."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class SecretStore:
    """Secrets of one data directory, by name. Calls may block: not for the loop's thread."""

    def __init__(self, folder: Path, preference: Literal["auto", "keyring", "file"], keyring: Keyring | None) -> None:
        self._path = folder / "secrets.json"
        self._preference = preference
        self._keyring = keyring
        self._service = f"chainbot-desktop {folder.resolve()}"

    def get(self, name: str) -> str | None:
        entry = self._entries().get(name)
        if entry is None:
            return None
        if entry.get("store") != "keyring":
            return entry["value"]
        if self._keyring is None:
            raise SecretsUnavailable(
                f"The {name} is in the desktop's keyring, which does not answer here.",
                hint="Run this in the desktop session, or set security.secret_store to 'file' and delete secrets.json to make a new one.",
            )
        return self._keyring.get_password(self._service, name)

    def set(self, name: str, value: str) -> str:
        """Keep `value`; says where ("keyring" or the file's path)."""
        entries = self._entries()
        if self._keyring is not None and self._preference != "file":
            self._keyring.set_password(self._service, name, value)
            entries[name] = {"store": "keyring"}
            self._write(entries)
            return "keyring"
        if self._preference == "keyring":
            raise SecretsUnavailable(
                "The settings ask for the keyring, and no unlocked keyring answers.",
                hint="Unlock it, or set security.secret_store to 'auto' or 'file'.",
            )
        entries[name] = {"store": "file", "value": value}
        self._write(entries)
        return str(self._path)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries()))

    def delete(self, name: str) -> bool:
        """Forget it; False where there was none."""
        entries = self._entries()
        entry = entries.pop(name, None)
        if entry is None:
            return False
        if entry.get("store") == "keyring" and self._keyring is not None:
            self._keyring.delete_password(self._service, name)
        self._write(entries)
        return True

    def _entries(self) -> dict[str, dict[str, str]]:
        try:
            with self._path.open(encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if mode & 0o077:
                    _log.warning("%s was readable by others (mode %o); it is 0600 again", self._path, mode)
                    os.fchmod(file.fileno(), 0o600)
                entries = json.load(file)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            raise SecretsUnavailable(
                f"{self._path} cannot be read: {error}.",
                hint="Mend its permissions or restore it. Deleting it makes new secrets, and clients must get the new token.",
            ) from error
        if not isinstance(entries, dict) or not all(_is_entry(entry) for entry in entries.values()):
            raise SecretsUnavailable(f"{self._path} does not hold secrets.", hint="Restore or delete it.")
        return entries

    def _write(self, entries: dict[str, dict[str, str]]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = self._path.with_suffix(".new")
        try:
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(entries, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except OSError as error:
            raise SecretsUnavailable(
                f"{self._path} cannot be written: {error}.", hint="Check the folder's permissions and the disk's space."
            ) from error


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and (entry.get("store") == "keyring" or isinstance(entry.get("value"), str))


def desktop_keyring() -> Keyring | None:
    """The Secret Service of this session if it answers and is unlocked; None otherwise. Never asks anything. May block on D-Bus.

    The backend is named, not found: an installed third-party backend could make itself the default and ask on standard input.
    """
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return None
    try:
        import secretstorage  # slow to import, and absent outside Linux
        from keyring.backends.SecretService import Keyring as SecretServiceKeyring
    except ImportError:
        return None
    try:
        connection = secretstorage.dbus_init()
        try:
            if not secretstorage.check_service_availability(connection):
                return None
            if secretstorage.get_default_collection(connection).is_locked():
                return None
        finally:
            connection.close()
    except (secretstorage.SecretStorageException, OSError) as error:
        _log.info("no keyring: %s", error)
        return None
    backend: Keyring = SecretServiceKeyring()  # type: ignore[no-untyped-call]
    return backend
