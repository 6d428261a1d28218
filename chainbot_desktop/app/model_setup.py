"""Getting models at the panel: servers that are found or named, keys for the keyring, files for the data directory."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from pydantic import ValidationError

from chainbot_desktop.agents.models.discovery import LOOPBACK, FoundServer, find_servers
from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.agents.models.local_model import LOCAL
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, Unavailable
from chainbot_desktop.core.settings import NamedModelServer, Settings
from chainbot_desktop.security.secret_store import SecretStore

_MOST_OF_A_KEY = 10_000


class PanelModelSetup:
    """Implements `ui.models.setup.ModelSetup`. Use on the loop's thread."""

    def __init__(self, models: ModelService, secrets: SecretStore, settings: Settings) -> None:
        self._models = models
        self._secrets = secrets
        self._settings = settings

    def statuses(self) -> Sequence[ProviderStatus]:
        return self._models.statuses()

    async def find(self) -> Sequence[FoundServer]:
        return await self._find(LOOPBACK)

    async def _find(self, host: str) -> Sequence[FoundServer]:
        return await find_servers([status.base_url for status in self.statuses()], host=host)

    async def use(self, address: str, name: str = "", key: str = "") -> ProviderStatus:
        if key:
            _check_key(key)
        parts = _parts_of(address)
        host = parts.hostname or ""
        if parts.port is None and not parts.path.strip("/") and "://" not in address:
            found = await self._find(f"[{host}]" if ":" in host else host)
            if not found:
                raise Unavailable(
                    f"No Ollama, llama.cpp or LM Studio that is not in use yet answers at {host}.",
                    hint="Look whether it listens to the network, or name its whole address with the port.",
                )
            address, name = found[0].base_url, name or found[0].name
        else:
            address = parts.geturl() if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}/v1"
        free = self._free_name(name or host)
        try:
            server = NamedModelServer.model_validate({"name": free, "base_url": address})
        except ValidationError:
            raise _no_address(address) from None

        async def keep() -> None:
            await asyncio.to_thread(self._secrets.set, f"model.{free}", key)

        await self._models.take_in(server, key=key, keep_key=keep if key else None)
        return self._status(free)

    async def give_key(self, provider: str, key: str) -> ProviderStatus:
        if getattr(self._settings, provider).api_key is not None:
            raise Conflict(
                f"The key of {provider} is in the settings or the environment, and that one wins.",
                hint="Change it there.",
                code="key_in_settings",
            )
        _check_key(key)
        name = f"model.{provider}"
        before = await asyncio.to_thread(self._secrets.get, name)
        await asyncio.to_thread(self._secrets.set, name, key)
        await self._models.probe(provider)
        status = self._status(provider)
        if status.state == "refused":
            await (
                asyncio.to_thread(self._secrets.set, name, before) if before else asyncio.to_thread(self._secrets.delete, name)
            )
            await self._models.probe(provider)
            raise InvalidInput(f"{provider} refused this key: {status.reason}", hint="It was not kept.", code="key_refused")
        return status

    async def add_file(self, path: Path, progress: Callable[[int, int], None]) -> ProviderStatus:
        models = self._settings.models
        if models.local_model is not None or not models.local_enabled:
            said = "models.local_model names another file" if models.local_model else "models.local_enabled is false"
            raise Conflict(f"In the settings {said}, and they win.", hint="Change them there.", code="set_in_settings")
        loop, given_up = asyncio.get_running_loop(), threading.Event()

        def tell(done: int, total: int) -> None:
            if given_up.is_set():
                raise _GivenUp
            loop.call_soon_threadsafe(progress, done, total)

        copying = asyncio.ensure_future(asyncio.to_thread(self._models.folder.add, path, tell))
        try:
            await asyncio.shield(copying)
        except asyncio.CancelledError:
            given_up.set()
            with suppress(_GivenUp, ChainBotError):
                await copying
            raise
        await self._models.probe(LOCAL)
        return self._status(LOCAL)

    def _free_name(self, wanted: str) -> str:
        name = re.sub(r"[^a-z0-9_.-]+", "-", wanted.lower()).strip("-_.")[:40] or "server"
        taken = {status.name for status in self.statuses()}
        if name not in taken:
            return name
        return next(free for number in range(2, len(taken) + 3) if (free := f"{name}-{number}") not in taken)

    def _status(self, name: str) -> ProviderStatus:
        return next(status for status in self.statuses() if status.name == name)


class _GivenUp(Exception):
    """Nobody wants the copy any more."""


def _check_key(key: str) -> None:
    if not key.isprintable() or not key.isascii() or not 0 < len(key) <= _MOST_OF_A_KEY or " " in key:
        raise InvalidInput("A key is one word of plain letters, digits and signs.", hint="Copy it whole, and nothing else.")


def _parts_of(address: str) -> SplitResult:
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        _ = parts.port
    except ValueError:
        raise _no_address(address) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or any(sign.isspace() for sign in address):
        raise _no_address(address)
    return parts


def _no_address(address: str) -> InvalidInput:
    return InvalidInput(
        f"{address[:200]!r} is not an address of a server.",
        hint="Write it like http://192.168.1.20:11434/v1.",
        code="bad_address",
    )
