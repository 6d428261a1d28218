from __future__ import annotations

import asyncio
import logging

import pytest

from chainbot_desktop.core.tasks import Tasks


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
