"""Model servers that nobody told us of: the usual ports of this machine, or of one that a person named, are asked when they want it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import aiohttp

from chainbot_desktop.agents.models.providers import Provider, look_at

USUAL_PORTS: Mapping[str, int] = {"ollama": 11434, "llama-cpp": 8080, "lm-studio": 1234}


@dataclass(frozen=True, slots=True)
class FoundServer:
    """To use it, put it into `models.servers` of the settings."""

    name: str
    base_url: str
    models: tuple[str, ...]


LOOPBACK = "127.0.0.1"


async def find_servers(
    known: Collection[str] = (), ports: Mapping[str, int] = USUAL_PORTS, *, host: str = LOOPBACK
) -> list[FoundServer]:
    """Those that answer with a list of models. `known` are the addresses of the settings, which are left out."""
    candidates = [
        Provider(name, "openai-compatible", f"http://{host}:{port}/v1", "", lambda: None, needs_key=False)
        for name, port in ports.items()
    ]
    taken = {address.replace("://localhost:", "://127.0.0.1:").rstrip("/") for address in known}
    asked = [candidate for candidate in candidates if candidate.base_url not in taken]
    async with aiohttp.ClientSession() as session:
        found = await asyncio.gather(*(look_at(candidate, session) for candidate in asked))
    return [FoundServer(status.name, status.base_url, status.models) for status in found if status.state == "ready"]
