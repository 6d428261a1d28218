"""The child process that computes layouts: quick answers, no lag of the loop, and every way in which it can end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chainbot_desktop.ui.agent_map.layouts import wire
from chainbot_desktop.ui.agent_map.layouts.request import Layout
from chainbot_desktop.ui.agent_map.layouts.solve import arrange
from chainbot_desktop.ui.agent_map.layouts.worker import LayoutFailed, LayoutWorker
from tests.helpers.processes import lives, until
from tests.ui.agent_map.layouts.graphs import KINDS, request, states

SMALL = request("grid", "hubs", 40)
LARGE = request("organic", "random", 5000)


@asynccontextmanager
async def worker(code: str | None = None, **more: Any) -> AsyncIterator[LayoutWorker]:
    """With a child that runs `code` instead, if given. Fails if a process is left."""
    made = LayoutWorker(program=(sys.executable, "-c", code), **more) if code is not None else LayoutWorker(**more)
    try:
        yield made
    finally:
        pid = made.pid
        await made.close()
        assert made.pid is None
        assert pid is None or not lives(pid)


async def arranged(made: LayoutWorker, asked: Any = SMALL) -> Layout:
    found = await made.arrange(asked)
    assert found is not None
    return found


async def test_the_child_says_what_the_functions_say() -> None:
    async with worker() as made:
        for kind in KINDS:
            for asked in (request(kind, "half", 60, groups=states(60)), request(kind, "none", 0), request(kind, "ring", 3)):
                assert await arranged(made, asked) == arrange(asked)


async def test_it_starts_with_the_first_request_and_steps_back_for_the_rest_of_the_machine() -> None:
    async with worker() as made:
        pids = [made.pid]
        await arranged(made)
        pids.append(made.pid)
        none, pid = pids
        assert none is None
        assert pid is not None
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
        await arranged(made)
        assert made.pid == pid


async def test_a_newer_request_takes_the_place_of_the_older() -> None:
    async with worker() as made:
        older = [asyncio.ensure_future(made.arrange(LARGE)) for _ in range(3)]
        await until(lambda: made.pid is not None)
        newest = await made.arrange(SMALL)
        assert newest == arrange(SMALL)
        assert await asyncio.gather(*older) == [None, None, None]


async def test_who_no_longer_waits_harms_nobody() -> None:
    async with worker() as made:
        await arranged(made)
        waiting = asyncio.ensure_future(made.arrange(LARGE))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await arranged(made) == arrange(SMALL)


async def test_after_a_crash_the_next_request_has_a_new_child() -> None:
    async with worker() as made:
        await arranged(made)
        pid = made.pid
        assert pid is not None
        waiting = asyncio.ensure_future(made.arrange(LARGE))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(LayoutFailed, match="by signal 9") as caught:
            await waiting
        assert caught.value.hint
        await arranged(made)
        assert made.pid != pid


GARBAGE = {
    "text": "import sys; sys.stdin.buffer.read(4); print('hello, this is no layout' * 100, flush=True); input()",
    "a frame that is no answer": "import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write(bytes([30,0,0,0]) + bytes(30));"
    "sys.stdout.flush(); input()",
    "a frame without an end": "import sys; sys.stdin.buffer.read(4); sys.stdout.buffer.write(b'x' * 3 + bytes([255]));"
    "sys.stdout.flush(); input()",
    "an answer for other agents": "import sys; from chainbot_desktop.ui.agent_map.layouts import wire; sys.stdin.buffer.read(4);"
    "body = wire.ANSWER.pack(wire.DONE, 1, 7, 0) + bytes(112);"
    "sys.stdout.buffer.write(wire.LENGTH.pack(len(body)) + body); sys.stdout.flush(); input()",
    "places that are none": "import sys; from chainbot_desktop.ui.agent_map.layouts import wire; sys.stdin.buffer.read(4);"
    "body = wire.ANSWER.pack(wire.DONE, 1, 40, 0) + bytes([255]) * 640;"
    "sys.stdout.buffer.write(wire.LENGTH.pack(len(body)) + body); sys.stdout.flush(); input()",
}


@pytest.mark.parametrize("code", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_from_the_child_is_no_layout(code: str) -> None:
    async with worker(code) as made:
        with pytest.raises(LayoutFailed, match="no layout"):
            await made.arrange(SMALL)
        await until(lambda: made.pid is None)


async def test_a_child_that_ends_at_once_is_a_failure() -> None:
    async with worker("raise SystemExit(3)") as made:
        with pytest.raises(LayoutFailed, match="with status 3"):
            await made.arrange(LARGE)


async def test_a_program_that_is_not_there_is_a_failure() -> None:
    made = LayoutWorker(program=("/nowhere/python",))
    with pytest.raises(LayoutFailed, match="could not be started"):
        await made.arrange(SMALL)
    await made.close()


async def test_an_error_in_a_layout_is_said_and_the_child_goes_on() -> None:
    code = (
        "from chainbot_desktop.ui.agent_map.layouts import child, solve; right = solve.solve\n"
        "def solve_few(asked):\n    assert asked.count < 50, 'too many'\n    return right(asked)\n"
        "solve.solve = solve_few; child.main()"
    )
    async with worker(code) as made:
        await arranged(made)
        pid = made.pid
        with pytest.raises(LayoutFailed, match="too many"):
            await made.arrange(request("grid", "none", 60))
        assert await arranged(made) == arrange(SMALL)
        assert made.pid == pid


async def test_a_child_that_takes_too_long_is_ended() -> None:
    async with worker("import time; time.sleep(1000)", time_limit=0.2) as made:
        waiting = asyncio.ensure_future(made.arrange(SMALL))
        await until(lambda: made.pid is not None)
        pid = made.pid
        with pytest.raises(LayoutFailed, match="longer than"):
            await waiting
        assert pid is not None
        assert not lives(pid)


async def test_after_a_rest_it_ends_and_comes_back() -> None:
    async with worker(idle=0.05) as made:
        await arranged(made)
        await until(lambda: made.pid is None)
        assert await arranged(made) == arrange(SMALL)


async def test_closing_ends_what_is_asked_and_what_will_be() -> None:
    async with worker() as made:
        await arranged(made)
        waiting = asyncio.ensure_future(made.arrange(LARGE))
        await asyncio.sleep(0)
        await made.close()
        assert await waiting is None
        with pytest.raises(LayoutFailed, match="closing"):
            await made.arrange(SMALL)


@pytest.mark.parametrize("asked", ["SMALL", "LARGE"], ids=["idle", "at work"])
async def test_it_does_not_outlive_the_program(asked: str) -> None:
    code = (
        "import asyncio, os, signal\n"
        "from tests.ui.agent_map.layouts.test_worker import LARGE, SMALL, LayoutWorker\n"
        "async def main():\n"
        "    made = LayoutWorker()\n"
        "    await made.arrange(SMALL)\n"
        f"    waiting = asyncio.ensure_future(made.arrange({asked}))\n"
        "    await asyncio.sleep(0.05)\n"
        "    print(made.pid, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())"
    )
    ended = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], stdout=subprocess.PIPE, check=False)
    pid = int(ended.stdout)
    await until(lambda: not lives(pid))


def test_the_child_knows_neither_qt_nor_the_house() -> None:
    code = "import sys, chainbot_desktop.ui.agent_map.layouts.child; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in names if name.startswith("chainbot_desktop.")}
    assert not {"PySide6", "PyQt6", "qasync", "pydantic", "asyncio", "chainbot_desktop.core"}.intersection(names)
    assert all(name == "chainbot_desktop.ui" or name.startswith("chainbot_desktop.ui.agent_map") for name in ours)


def test_the_panel_needs_neither_numpy_nor_igraph_for_it() -> None:
    code = "import sys, chainbot_desktop.ui.agent_map.layouts.worker; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "igraph"}.intersection(names)


def test_thousands_do_not_stop_the_windows_loop(on_loop: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    """In the program's own loop. A thread would hold it for as long as the layout takes."""

    async def measured() -> tuple[float, float]:
        async with worker() as made:
            await arranged(made)
            begin = time.perf_counter()
            waiting = asyncio.ensure_future(arranged(made, LARGE))
            worst, last = 0.0, begin
            while not waiting.done():
                await asyncio.sleep(0.002)
                worst, last = max(worst, time.perf_counter() - last), time.perf_counter()
            assert len((await waiting).places) == 5000
            return worst, time.perf_counter() - begin

    worst, whole = on_loop(measured())
    print(f"worst lag {worst * 1000:.0f} ms in {whole * 1000:.0f} ms")
    assert worst < whole / 4


def test_requests_and_answers_are_packed_within_a_frame_or_two() -> None:
    asked = request("grid", "random", 5000, before=arrange(LARGE).places)
    begin = time.process_time()
    for _ in range(5):
        wire.encode(1, asked)
    assert (time.process_time() - begin) / 5 < 0.033
