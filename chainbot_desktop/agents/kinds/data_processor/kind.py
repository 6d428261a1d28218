"""The kind and its worker: each task is one pass over the records."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.data_processor.config import DataProcessorConfig
from chainbot_desktop.agents.kinds.data_processor.places import place
from chainbot_desktop.agents.kinds.data_processor.processing import Account, Processing
from chainbot_desktop.agents.kinds.data_processor.rows import ProcessingFailed
from chainbot_desktop.agents.kinds.data_processor.sinks import AnswerSink, sink_for
from chainbot_desktop.agents.kinds.data_processor.sources import rows_of
from chainbot_desktop.agents.kinds.data_processor.transforming import Transforming
from chainbot_desktop.agents.kinds.in_process import InProcessWorker
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.threads import to_its_end

_ERRORS_SHOWN = 10


class DataProcessorKind:
    def __init__(self, services: object) -> None:
        """It needs nothing of what the house shares."""

    @property
    def info(self) -> KindInfo:
        description = "Reads records (JSON, JSON Lines, CSV, SQLite), transforms each, and writes them."
        return KindInfo("data_processor", "Data processor", description, model_backed=False)

    @property
    def config_model(self) -> type[AgentConfig]:
        return DataProcessorConfig

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, DataProcessorConfig)
        transform = config.transform
        shown = {"transform": str(transform.jmespath or transform.cel or transform.python)[:200]}
        if config.source is not None:
            shown["source"] = str(config.source.path or f"{len(config.source.records or ())} records")
        if config.destination is not None:
            shown["destination"] = str(config.destination.path)
        return shown

    def make(self, context: AgentContext, config: AgentConfig) -> DataProcessorWorker:
        assert isinstance(config, DataProcessorConfig)
        return DataProcessorWorker(context, config)


class DataProcessorWorker(InProcessWorker):
    def __init__(self, context: AgentContext, config: DataProcessorConfig) -> None:
        self._context = context
        self._config = config
        self._transforming: Transforming | None = None
        self._unpaused = asyncio.Event()
        self._unpaused.set()

    @property
    def pid(self) -> int | None:
        return self._transforming.pid if self._transforming is not None else None

    async def start(self) -> None:
        """Looks whether the transformation can be used at all."""
        async with self._transformation(self._config):
            pass

    async def execute(self, run: Run) -> Result:
        config = self._config.for_task(run.row.context)
        if config.source is None:
            raise InvalidInput(
                "There are no records to take.", hint="Name a source in the configuration or in the task's context."
            )
        source, destination = await asyncio.to_thread(self._places, config)
        await self._may_replace(run, destination)
        run.step(f"Reading {source.name if source is not None else 'the records that came with the task'}")
        rows = rows_of(config.source, source)
        async with self._transformation(config) as transforming:
            sink = sink_for(config.destination, destination)
            processing = Processing(rows, transforming, sink, config.on_error)
            try:
                await to_its_end(sink.open)
                await processing.run(run, self._unpaused)
                await to_its_end(sink.commit)
            except BaseException:
                await to_its_end(sink.abort)
                raise
            finally:
                await to_its_end(rows.close)
        records = sink.records if isinstance(sink, AnswerSink) else None
        return _result(processing.account, destination, records)

    async def pause(self) -> None:
        self._unpaused.clear()

    async def resume(self) -> None:
        self._unpaused.set()

    async def stop(self) -> None:
        self._unpaused.set()
        if self._transforming is not None:
            await self._transforming.stop()

    @contextlib.asynccontextmanager
    async def _transformation(self, config: DataProcessorConfig) -> AsyncIterator[Transforming]:
        transforming = self._transforming = Transforming(self._context, config.transform, config.record_seconds)
        try:
            await transforming.start()
            yield transforming
        finally:
            await transforming.stop()
            self._transforming = None

    def _places(self, config: DataProcessorConfig) -> tuple[Path | None, Path | None]:
        """What the task named itself may lie nowhere but in the workspace."""
        paths = []
        for named, ours in ((config.source, self._config.source), (config.destination, self._config.destination)):
            from_task = named != ours
            paths.append(place(named.path, self._context.workspace, from_task=from_task) if named and named.path else None)
        return paths[0], paths[1]

    async def _may_replace(self, run: Run, destination: Path | None) -> None:
        """A file that the configuration names is meant; one that a task names is asked for where there is one already."""
        config = self._config.for_task(run.row.context)
        if destination is None or config.destination == self._config.destination:
            return
        if not await asyncio.to_thread(destination.exists):
            return
        release = run.waits_for("your approval")
        try:
            verdict = await self._context.approvals.ask(
                run.row.id,
                ApprovalDraft(
                    call_id=f"write {destination}",
                    tool="write_file",
                    title=f"Write over {destination.name}",
                    detail=str(destination),
                    detail_kind="text",
                    why="The task names it as its destination, and it exists.",
                    touches=(str(destination),),
                ),
            )
        finally:
            release()
        if not verdict.approved:
            answer = f" {verdict.answer}" if verdict.answer else ""
            raise ProcessingFailed(f"Writing {destination.name} was not allowed.{answer}", code="denied")


def _result(account: Account, destination: Path | None, records: list[Any] | None) -> Result:
    sentence = str(account).capitalize()
    text = f"{sentence}." if destination is None else f"{sentence}; the records are in `{destination}`."
    if account.errors:
        shown = "\n".join(f"* row {error['row']}: {error['reason']}" for error in account.errors[:_ERRORS_SHOWN])
        text = f"{text}\n\n{shown}"
        if account.failed > _ERRORS_SHOWN:
            text = f"{text}\n* and {account.failed - _ERRORS_SHOWN:,} more"
    data: dict[str, Any] = {
        "read": account.read,
        "written": account.written,
        "left_out": account.left_out,
        "failed": account.failed,
        "errors": account.errors,
        "destination": str(destination) if destination is not None else None,
    }
    if records is not None:
        data["records"] = records
    return Result(text, data)
