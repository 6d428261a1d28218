"""What stands between a model and its reader: the first token through our path, against a bare client of the same provider.

The provider is a process of its own that answers at once; both ask it in turns, over connections that are open already. The bare
client is the provider's own library, which we use too: the difference is ours.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from openai import AsyncOpenAI

from chainbot_desktop.agents.models.completion import Message, Order, TextPiece
from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.store.agents import UsageTable
from tests.bench.measure import Result, percentile
from tests.helpers.models import models
from tests.helpers.stores import open_store

ROUNDS = 200
WARM_UP = 20
ALLOWED_MS = 5.0
_NO_LIMIT = AgentsSettings(day_tokens=None, day_cost=None)


def run() -> list[Result]:
    with provider() as url:
        ours, bare = asyncio.run(_measure(url))
    note = f"bare {median(bare):.2f} ms; p95 {percentile(ours, 0.95):.2f} against {percentile(bare, 0.95):.2f} ms"
    return [
        Result(
            f"models: first token, against a bare client and {ALLOWED_MS:g} ms",
            median(ours),
            "ms",
            median(bare) + ALLOWED_MS,
            "<=1",
            note,
        )
    ]


@contextmanager
def provider() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.helpers.model_server", "--tokens", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as child:
        try:
            assert child.stdout is not None
            yield child.stdout.readline().strip()
        finally:
            child.terminate()


async def _measure(url: str) -> tuple[list[float], list[float]]:
    """Milliseconds, ours and those of the bare client."""
    ours: list[float] = []
    bare: list[float] = []
    async with _our_path(url) as through_us, _bare_client(url) as directly:
        for number in range(WARM_UP + ROUNDS):
            pair = ((ours, through_us), (bare, directly))
            # Who goes second finds warmer caches: they change places.
            for found, ask in pair if number % 2 else reversed(pair):
                took = await ask()
                if number >= WARM_UP:
                    found.append(took * 1000)
    return ours, bare


@asynccontextmanager
async def _our_path(url: str) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    settings = {"models": {"servers": [{"name": "fake", "base_url": f"{url}/v1", "model": "fake-1"}]}}
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(Path(folder)) as store, models(settings) as service:
            ledger = Ledger(UsageTable(store.database), _NO_LIMIT)
            await ledger.open()
            completions = Completions(service, ledger)

            async def ask() -> float:
                began, first = perf_counter(), 0.0
                async with aclosing(completions.stream(Order([Message("user", "Hello")]))) as pieces:
                    async for piece in pieces:
                        if not first and isinstance(piece, TextPiece):
                            first = perf_counter() - began
                return first

            yield ask


@asynccontextmanager
async def _bare_client(url: str) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    async with AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:

        async def ask() -> float:
            began, first = perf_counter(), 0.0
            stream = await client.chat.completions.create(
                model="fake-1", messages=[{"role": "user", "content": "Hello"}], stream=True
            )
            async for chunk in stream:
                if not first and chunk.choices and chunk.choices[0].delta.content:
                    first = perf_counter() - began
            return first

        yield ask
