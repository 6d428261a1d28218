from __future__ import annotations

import asyncio
import logging

import pytest

from chainbot_desktop.core.tasks import Latest, Tasks
from tests.helpers.processes import until


async def test_a_failing_task_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    failures: list[tuple[str, BaseException]] = []
    tasks = Tasks(lambda name, error: failures.append((name, error)))

    async def fail() -> None:
        raise RuntimeError("no more paper")

    with caplog.at_level(logging.ERROR):
        await asyncio.wait([tasks.spawn("printer", fail())])
    await asyncio.sleep(0)
    assert [(name, str(error)) for name, error in failures] == [("printer", "no more paper")]
    assert "no more paper" in caplog.text
    assert tasks.names == ()


async def test_cancel_all_waits_and_names_what_does_not_end() -> None:
    tasks = Tasks()
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    tasks.spawn("gentle", asyncio.Event().wait())
    tasks.spawn("stubborn", stubborn())
    await asyncio.sleep(0)
    assert await tasks.cancel_all(deadline=0.05) == ("stubborn",)
    release.set()
    assert await tasks.cancel_all() == ()


async def test_the_latest_work_takes_the_place_of_the_one_that_runs() -> None:
    tasks = Tasks()
    latest = Latest(tasks)
    told: list[str] = []

    async def work(name: str, enough: asyncio.Event) -> None:
        try:
            await enough.wait()
        except asyncio.CancelledError:
            told.append(f"{name} is cancelled")
            raise
        told.append(f"{name} is done")

    busy = [latest.busy]
    first, second = asyncio.Event(), asyncio.Event()
    latest.start("first", work("the first", first))
    await asyncio.sleep(0)
    busy.append(latest.busy)
    latest.start("second", work("the second", second))
    first.set()
    second.set()
    await until(lambda: tasks.names == ())
    assert told == ["the first is cancelled", "the second is done"]
    assert [*busy, latest.busy] == [False, True, False]


async def test_work_that_is_cancelled_keeps_nobody_busy_while_it_tidies_up() -> None:
    tasks = Tasks()
    latest = Latest(tasks)
    tidy = asyncio.Event()
    seen: list[bool] = []

    async def untidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await tidy.wait()
            seen.append(latest.busy)

    latest.start("untidy", untidy())
    await asyncio.sleep(0)
    latest.cancel()
    latest.cancel()
    await asyncio.sleep(0)
    assert not latest.busy
    assert tasks.names == ("untidy",)
    latest.start("another", asyncio.Event().wait())
    tidy.set()
    await until(lambda: tasks.names == ("another",))
    assert seen == [True]
    assert await tasks.cancel_all() == ()


async def test_work_does_not_count_itself_as_busy_and_may_start_what_follows_it() -> None:
    tasks = Tasks()
    latest = Latest(tasks)
    seen: list[object] = []

    async def first() -> None:
        seen.append(latest.busy)
        latest.start("second", second())
        seen.append(latest.busy)

    async def second() -> None:
        seen.append("second")

    latest.start("first", first())
    await until(lambda: tasks.names == ())
    assert seen == [False, True, "second"]
