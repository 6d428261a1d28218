"""asyncio on Qt: what a user of the loop relies on."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.qt_loop import QtLoop

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


def test_callbacks_run_in_the_order_of_asking(on_loop: OnLoop) -> None:
    async def work() -> list[int]:
        order: list[int] = []
        loop = asyncio.get_running_loop()
        for number in range(100):
            loop.call_soon(order.append, number)
        await asyncio.sleep(0)
        return order

    assert on_loop(work()) == list(range(100))


def test_sleep_takes_its_time_and_no_less(on_loop: OnLoop) -> None:
    async def work() -> float:
        begin = time.monotonic()
        await asyncio.sleep(0.05)
        return time.monotonic() - begin

    assert on_loop(work()) >= 0.049


def test_an_earlier_timer_set_later_comes_first(on_loop: OnLoop) -> None:
    async def work() -> list[str]:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, order.append, "late")
        loop.call_later(0.01, order.append, "early")
        await asyncio.sleep(0.1)
        return order

    assert on_loop(work()) == ["early", "late"]


def test_a_cancelled_timer_does_not_run_and_does_not_stay(qt_loop: QtLoop, on_loop: OnLoop) -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(1000, pytest.fail) for _ in range(1000)]
        for timer in timers:
            timer.cancel()
        await asyncio.sleep(0.01)

    on_loop(work())
    assert len(qt_loop._scheduled) < 500


def test_a_qt_slot_can_start_asyncio_work_and_a_timer(qt_loop: QtLoop, on_loop: OnLoop) -> None:
    async def work() -> str:
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        QTimer.singleShot(5, lambda: qt_loop.call_later(0.01, done.set_result, "from a slot"))
        return await asyncio.wait_for(done, 5)

    assert on_loop(work()) == "from a slot"


def test_threads_reach_the_loop(on_loop: OnLoop) -> None:
    async def work() -> list[int]:
        loop = asyncio.get_running_loop()
        seen: list[int] = []
        everything = asyncio.Event()

        def note(number: int) -> None:
            seen.append(number)
            if len(seen) == 400:
                everything.set()

        def shout(start: int) -> None:
            for number in range(start, start + 100):
                loop.call_soon_threadsafe(note, number)

        threads = [threading.Thread(target=shout, args=(start,)) for start in range(0, 400, 100)]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(everything.wait(), 10)
        for thread in threads:
            thread.join()
        return sorted(seen)

    assert on_loop(work()) == list(range(400))


def test_streams_carry_a_megabyte_both_ways(on_loop: OnLoop) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1_000_000))
        await writer.drain()
        writer.close()

    async def work() -> bytes:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(bytes(range(250)) * 4000)
        answer = await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()
        return answer

    assert on_loop(work()) == bytes(range(250)) * 4000


def test_children_are_waited_for(on_loop: OnLoop) -> None:
    async def work() -> tuple[bytes, int | None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print('out'); raise SystemExit(3)", stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return output, process.returncode

    assert on_loop(work()) == (b"out\n", 3)


def test_signals_arrive(qt_loop: QtLoop, on_loop: OnLoop) -> None:
    async def work() -> None:
        got = asyncio.Event()
        qt_loop.add_signal_handler(signal.SIGUSR1, got.set)
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.wait_for(got.wait(), 5)
        qt_loop.remove_signal_handler(signal.SIGUSR1)

    on_loop(work())


def test_a_failing_callback_is_reported_and_the_others_run(qt_loop: QtLoop, on_loop: OnLoop) -> None:
    reports: list[dict[str, Any]] = []
    qt_loop.set_exception_handler(lambda _loop, context: reports.append(context))

    async def work() -> list[str]:
        ran: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: 1 / 0)
        loop.call_soon(ran.append, "after")
        await asyncio.sleep(0.01)
        return ran

    assert on_loop(work()) == ["after"]
    assert isinstance(reports[0]["exception"], ZeroDivisionError)


def test_qt_has_its_turn_while_asyncio_is_busy(on_loop: OnLoop) -> None:
    async def work() -> int:
        ticks: list[int] = []
        timer = QTimer()
        timer.timeout.connect(lambda: ticks.append(1))
        timer.start(5)
        end = time.monotonic() + 10
        while len(ticks) <= 10 and time.monotonic() < end:
            await asyncio.sleep(0)  # without a pause in between: asyncio alone would leave Qt no turn
        timer.stop()
        return len(ticks)

    assert on_loop(work()) > 10


def test_a_nested_qt_loop_in_a_callback_holds_asyncio_back_without_harm(on_loop: OnLoop) -> None:
    async def work() -> list[str]:
        order: list[str] = []
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        right.setblocking(False)

        def read() -> None:
            right.recv(10)
            order.append("read")

        loop.add_reader(right, read)

        def nest() -> None:
            left.send(b"x")
            nested = QEventLoop()
            QTimer.singleShot(30, nested.quit)
            nested.exec()
            order.append("nested ended")

        loop.call_soon(nest)
        while "read" not in order:
            await asyncio.sleep(0.005)
        loop.remove_reader(right)
        left.close()
        right.close()
        return order

    assert on_loop(work()) == ["nested ended", "read"]


def test_what_is_left_at_the_end_of_a_run_waits_for_the_next(qt_loop: QtLoop, on_loop: OnLoop, qapp: QApplication) -> None:
    ran: list[object] = []

    def note() -> None:
        ran.append(asyncio.get_running_loop())

    async def first() -> None:
        asyncio.get_running_loop().call_soon(lambda: asyncio.get_running_loop().call_soon(note))

    async def second() -> None:
        await asyncio.sleep(0.01)

    on_loop(first())
    qapp.processEvents()
    on_loop(second())
    assert ran == [qt_loop]


def test_nothing_runs_after_close(qapp: QApplication) -> None:
    loop = QtLoop(qapp)
    ran: list[int] = []
    loop.call_soon(ran.append, 1)
    loop.close()
    qapp.processEvents()
    assert ran == []
    loop.close()


def test_a_wake_up_that_a_nested_qt_loop_took_is_made_up_for(qt_loop: QtLoop, on_loop: OnLoop) -> None:
    """A turn that begins while a wake-up is posted, and runs a Qt loop that swallows it: who asks afterwards is heard all the same."""

    async def work() -> float:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def slot() -> None:
            loop.call_soon(QApplication.processEvents)  # posts the wake-up that this very turn's callback then takes away
            qt_loop._turn()
            QTimer.singleShot(20, lambda: loop.call_soon(done.set_result, None))

        QTimer.singleShot(0, slot)
        begin = time.monotonic()
        async with asyncio.timeout(10):
            await done
        return time.monotonic() - begin

    assert on_loop(work()) < 5
