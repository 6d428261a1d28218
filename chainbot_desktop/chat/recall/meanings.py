"""Finds messages by what they mean, among all of them: 256 bits for each, made in the background, compared by counting.

The bits are the signs of an embedding's numbers, from which the mean of many is taken first: texts of one house are all a little
alike, and what they share says nothing. A million messages are 32 MB and are looked through in some ten milliseconds; exact
similarities are then worked out for the nearest alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Protocol, TypeVar

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.store.meanings import MeaningFile, MeaningsBroken

_log = logging.getLogger(__name__)
T = TypeVar("T")

_BATCH = 200
_MEAN_OF = 500
"""Texts whose mean is taken: what was made with that of fewer is made anew when there are so many."""
_WORDS = 4
"""64-bit words of 256 bits."""
_LOOK_SECONDS = 5.0
_BUSY_SECONDS = 2.0


class Texts(Protocol):
    """What is read of the messages."""

    async def texts_after(self, number: int, limit: int) -> Sequence[tuple[int, str]]: ...

    async def numbers(self) -> Sequence[int]: ...


class Vectors(Protocol):
    """What makes embeddings, on a thread of its own (`embeddings.StaticEmbeddings`)."""

    @property
    def available(self) -> bool: ...

    async def on_thread(self, work: Callable[[], T]) -> T: ...

    def vectors(self, texts: Sequence[str]) -> Any:
        """Blocking. A row for each text."""
        ...


class Meanings:
    """Use on the loop's thread: `run` as a task until it is cancelled, then `close`. Without embeddings it does and finds nothing."""

    def __init__(self, file: MeaningFile, texts: Texts, vectors: Vectors, busy: Callable[[], bool]) -> None:
        self._file = file
        self._texts = texts
        self._vectors = vectors
        self._busy = busy
        # Arrays of numpy, which is imported on the thread: where there are no embeddings it is not needed.
        self._numbers: Any = ()
        self._bits: Any = ()
        self._mean: Any = None
        self._mean_of = 0
        self._again = asyncio.Event()
        self._gone = True

    @property
    def count(self) -> int:
        return len(self._numbers)

    async def run(self, *, begin_after: float = 0.0) -> None:
        """Until cancelled. What goes wrong is logged, and tried again. It begins after some seconds: the first embedding takes a
        large library in, and a start has better things to do."""
        await asyncio.sleep(begin_after)
        opened = False
        while self._vectors.available:
            try:
                if not opened:
                    await self._vectors.on_thread(self._open)
                    opened = True
                await self._take_in()
            except MeaningsBroken as error:
                _log.warning("what messages mean is made anew: %s", error)
                await self._vectors.on_thread(self._file.throw_away)
                opened = False
                continue
            except ChainBotError as error:
                _log.warning("messages are not found by their meaning: %s", error)
            self._again.clear()
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._again.wait()
            except TimeoutError:
                pass

    def look_again(self, *, gone: bool = False) -> None:
        """Messages came, or some are `gone`."""
        self._gone = self._gone or gone
        self._again.set()

    async def nearest(self, question: str, limit: int) -> Sequence[int]:
        """The numbers of the messages that mean much the same, the nearest first."""
        if not self.count or not self._vectors.available:
            return ()
        return await self._vectors.on_thread(lambda: self._nearest(question, limit))

    async def close(self) -> None:
        """After `run` has ended."""
        await self._vectors.on_thread(self._file.close)

    async def _take_in(self) -> None:
        if self._gone:
            self._gone = False
            here = await self._texts.numbers()
            await self._vectors.on_thread(lambda: self._forget_others(here))
        while True:
            last = int(self._numbers[-1]) if self.count else 0
            batch = await self._texts.texts_after(last, _MEAN_OF if self._mean is None else _BATCH)
            if not batch:
                return
            while self._busy():
                await asyncio.sleep(_BUSY_SECONDS)
            began = monotonic()
            await self._vectors.on_thread(lambda batch=batch: self._add(batch))  # type: ignore[misc]
            if self._mean_of < _MEAN_OF <= self.count:
                await self._vectors.on_thread(self._start_again)
            await asyncio.sleep(min(monotonic() - began, 1.0))  # no more than half of a core

    # On the thread

    def _open(self) -> None:
        import numpy as np

        self._file.open()
        numbers, bits = self._file.all()
        mean = self._file.about("mean")
        if len(bits) != 8 * _WORDS * len(numbers) or (numbers and not mean):
            raise MeaningsBroken("What messages mean does not fit together.")
        self._numbers = np.array(numbers, np.int64)
        self._bits = np.frombuffer(bits, np.uint64).reshape(-1, _WORDS)
        self._mean = np.frombuffer(mean, np.float32) if mean else None
        self._mean_of = int(self._file.about("mean_of") or b"0")

    def _start_again(self) -> None:
        self._file.remove([int(number) for number in self._numbers])
        self._numbers, self._bits = self._numbers[:0], self._bits[:0]
        self._mean = None

    def _add(self, batch: Sequence[tuple[int, str]]) -> None:
        import numpy as np

        vectors = self._vectors.vectors([text for _, text in batch])
        if self._mean is None:
            self._mean = vectors.mean(axis=0).astype(np.float32)
            self._mean_of = len(batch)
            self._file.tell("mean", self._mean.tobytes())
            self._file.tell("mean_of", str(self._mean_of).encode())
        bits = self._signs(vectors)
        self._file.add([(number, row.tobytes()) for (number, _), row in zip(batch, bits, strict=True)])
        # New arrays: whoever looks through the old ones meanwhile is not disturbed.
        self._numbers = np.concatenate([self._numbers, np.array([number for number, _ in batch], np.int64)])
        self._bits = np.concatenate([self._bits, bits])

    def _forget_others(self, here: Sequence[int]) -> None:
        import numpy as np

        kept = np.isin(self._numbers, np.array(here, np.int64))
        self._file.remove([int(number) for number in self._numbers[~kept]])
        self._numbers, self._bits = self._numbers[kept], self._bits[kept]

    def _nearest(self, question: str, limit: int) -> list[int]:
        import numpy as np

        if self._mean is None or not len(self._bits):
            return []
        asked = self._signs(self._vectors.vectors([question]))[0]
        apart = np.bitwise_count(self._bits ^ asked).sum(axis=1, dtype=np.int64)
        chosen = np.argpartition(apart, limit)[:limit] if limit < len(apart) else np.arange(len(apart))
        order = chosen[np.argsort(apart[chosen], kind="stable")]
        return [int(number) for number in self._numbers[order]]

    def _signs(self, vectors: Any) -> Any:
        import numpy as np

        signs = np.packbits(vectors - self._mean > 0, axis=1)
        return np.ascontiguousarray(signs).view(np.uint64)
