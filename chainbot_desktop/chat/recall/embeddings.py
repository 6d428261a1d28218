"""How alike two texts are in meaning, by small static embeddings: a table of vectors, one a token, and no network at any time.

They come with the optional extra `recall` (the package wordllama, whose wheel carries its table of 16 MB). Without it, recall goes by
words alone.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from chainbot_desktop.core.errors import Unavailable

_log = logging.getLogger(__name__)
T = TypeVar("T")

_READ = 1200
"""Characters of a text that are looked at."""


class Similarity(Protocol):
    """Use on the loop's thread."""

    @property
    def available(self) -> bool: ...

    async def to(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        """How alike each of the texts is to the question, -1 to 1; None where that cannot be said."""
        ...


class StaticEmbeddings:
    """Implements `Similarity`. The table (50 MB in memory) is read when it is first needed, on a thread of its own."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "embeddings")
        self._model: Any = None
        self._failed = False

    @property
    def available(self) -> bool:
        return not self._failed and importlib.util.find_spec("wordllama") is not None

    async def to(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        if not texts or not self.available:
            return None
        return await self.on_thread(lambda: self._compare(question, texts))

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Where `vectors` may be called. What has begun ends before a cancellation is heard of."""
        step = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(step)
        except asyncio.CancelledError:
            await asyncio.wait([step])
            raise

    def vectors(self, texts: Sequence[str]) -> Any:
        """A row of length 1 for each text, zeros for one without a word. Blocking; Unavailable where the table cannot be read."""
        try:
            model = self._model = self._model or load()
        except (ImportError, OSError, ValueError, RuntimeError) as error:
            self._failed = True
            raise Unavailable(f"Recall goes by words alone: the embeddings cannot be read ({error}).") from error
        import numpy

        found = model.embed([text[:_READ] or " " for text in texts], norm=False)
        lengths = numpy.linalg.norm(found, axis=1)
        lengths[lengths == 0] = 1.0
        return found / lengths[:, None]

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    def _compare(self, question: str, texts: Sequence[str]) -> list[float] | None:
        try:
            vectors = self.vectors([question, *texts])
        except Unavailable as error:
            _log.warning("%s", error)
            return None
        return [float(value) for value in vectors[1:] @ vectors[0]]


def load() -> Any:
    """Blocking. The package looks for its own files in the wrong folder and would then fetch them: it is told where they are."""
    import wordllama

    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load("l2_supercat", dim=256, cache_dir=folder, disable_download=True)
