"""One pass: batches of rows out of the source, through the transformation, into the sink, and an account of all of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, Protocol

from chainbot_desktop.agents.kinds.data_processor.rows import ProcessingFailed, Row, RowError, take_batch
from chainbot_desktop.agents.kinds.data_processor.sinks import Sink, encoded
from chainbot_desktop.core.threads import to_its_end

_ERRORS_KEPT = 100
_TELL_SECONDS = 1.0


class Transformation(Protocol):
    async def transform(self, records: Sequence[bytes]) -> list[bytes | str]: ...


class Progress(Protocol):
    def step(self, text: str, *, detail: str = "") -> None: ...


@dataclass(slots=True)
class Account:
    read: int = 0
    written: int = 0
    left_out: int = 0
    """Records that the transformation made null of."""
    failed: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    """The first hundred: {row, reason}."""

    def fail(self, number: int, reason: str) -> None:
        self.failed += 1
        if len(self.errors) < _ERRORS_KEPT:
            self.errors.append({"row": number, "reason": reason})

    def __str__(self) -> str:
        parts = [f"read {self.read:,}", f"wrote {self.written:,}"]
        parts += [f"left out {self.left_out:,}"] if self.left_out else []
        parts += [f"failed {self.failed:,}"] if self.failed else []
        return ", ".join(parts)


class Processing:
    def __init__(
        self, rows: Iterator[Row], transformation: Transformation, sink: Sink, on_error: Literal["skip", "stop"]
    ) -> None:
        self._rows = rows
        self._transformation = transformation
        self._sink = sink
        self._stops = on_error == "stop"
        self.account = Account()

    async def run(self, progress: Progress, unpaused: asyncio.Event) -> None:
        """Everything but the commit. ProcessingFailed at the first row that fails, if that is to stop it."""
        told = time.monotonic()
        while True:
            await unpaused.wait()
            batch, records = await to_its_end(self._read)
            if not batch:
                return
            answers = await self._transformation.transform(records)
            await to_its_end(partial(self._write, batch, answers))
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                progress.step(f"Rows: {self.account}")

    def _read(self) -> tuple[list[Row], list[bytes]]:
        batch = take_batch(self._rows)
        self.account.read += len(batch)
        sent: list[Row] = []
        records: list[bytes] = []
        for row in batch:
            if row.error:
                self._fail(row.number, row.error)
                continue
            try:
                records.append(encoded(row.value))
                sent.append(row)
            except RowError as error:
                self._fail(row.number, str(error))
        # A batch of broken rows alone is not the end.
        return (sent, records) if sent or not batch else self._read()

    def _write(self, batch: Sequence[Row], answers: Sequence[bytes | str]) -> None:
        for row, answer in zip(batch, answers, strict=True):
            try:
                value = _value(answer)
                if value is None:
                    self.account.left_out += 1
                else:
                    self._sink.write(value)
                    self.account.written += 1
            except RowError as error:
                self._fail(row.number, str(error))

    def _fail(self, number: int, reason: str) -> None:
        self.account.fail(number, reason)
        if self._stops:
            raise ProcessingFailed(
                f"Row {number}: {reason}.", hint="Nothing was written. With on_error skip the others go through."
            )


def _value(answer: bytes | str) -> Any:
    if isinstance(answer, str):
        raise RowError(answer)
    try:
        told = json.loads(answer)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not told.keys() & {"ok", "error"}:
        raise RowError("the transformation wrote into the pipe that is ours")
    if "error" in told:
        raise RowError(str(told["error"]))
    return told["ok"]
