"""What the sheet of better models has the app do: a protocol that the app fulfils."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from chainbot_desktop.agents.models.discovery import FoundServer
from chainbot_desktop.agents.models.gateway import ProviderStatus

KEYED = {"openai": "OpenAI", "anthropic": "Anthropic"}
"""Providers that want a key and nothing else."""


class ModelSetup(Protocol):
    """Use on the loop's thread. Every coroutine raises ChainBotError with what to do."""

    def statuses(self) -> Sequence[ProviderStatus]: ...

    async def find(self) -> Sequence[FoundServer]:
        """Model servers at the usual ports of this machine that are not in use yet."""
        ...

    async def use(self, address: str, name: str = "", key: str = "") -> ProviderStatus:
        """Use the server at an address, or at a usual port of a host, from now on, under a name that is free.

        Where it wants a key, the error's code is `key_wanted`, and `key_refused` where it refused this one, which is not kept then.
        """
        ...

    async def give_key(self, provider: str, key: str) -> ProviderStatus:
        """Keep the key of one of `KEYED` with the secrets. One that is refused is not kept."""
        ...

    async def add_file(self, path: Path, progress: Callable[[int, int], None]) -> ProviderStatus:
        """Copy a GGUF file and answer from it. `progress` hears of bytes done and in all; cancelled, nothing is changed."""
        ...
