"""A setup of models as a test wants it: what is found, what is refused, how long a file takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QWidget

from chainbot_desktop.agents.models.discovery import FoundServer
from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.core.errors import InvalidInput, Unavailable
from tests.ui.agent_map.steering import DEMONSTRATION, OLLAMA


class FakeSetup:
    """Implements `ui.models.setup.ModelSetup` and `ui.agent_map.runtime.ModelList`."""

    def __init__(self) -> None:
        self.found: list[FoundServer] = []
        self.known: list[ProviderStatus] = [DEMONSTRATION]
        self.keys: dict[str, str] = {}
        self.copied = asyncio.Event()

    def statuses(self) -> Sequence[ProviderStatus]:
        return self.known

    async def probe(self, provider: str | None = None) -> Sequence[ProviderStatus]:
        return self.known

    async def find(self) -> Sequence[FoundServer]:
        used = {status.base_url for status in self.known}
        return [server for server in self.found if server.base_url not in used]

    async def use(self, address: str, name: str = "", key: str = "") -> ProviderStatus:
        if "locked" in address and key != "sk-good":
            said, hint = ("refused this key.", "It was not kept.") if key else ("wants a key.", "")
            raise Unavailable(f"locked {said}", hint=hint, code="key_refused" if key else "key_wanted")
        if "bad" in address:
            raise InvalidInput("'bad' is not an address of a server.", hint="Write it like http://192.168.1.20:11434/v1.")
        status = replace(OLLAMA, name=name or "den", state="ready", reason="", models=("qwen3",), base_url=address)
        self.known.insert(0, status)  # the local one is asked last, as in the house
        return status

    async def give_key(self, provider: str, key: str) -> ProviderStatus:
        self.keys[provider] = key
        return replace(OLLAMA, name=provider, state="ready", reason="", default_model="")

    async def add_file(self, path: Path, progress: Callable[[int, int], None]) -> ProviderStatus:
        progress(1, 2)
        await self.copied.wait()
        return replace(DEMONSTRATION, demonstration=False, default_model=path.stem)


async def no_file(origin: QWidget) -> Path | None:
    return None
