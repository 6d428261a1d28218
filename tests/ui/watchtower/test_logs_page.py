from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from chainbot_desktop.watch.log_ring import LogRingHandler
from tests.ui.watchtower.conftest import Build, Tower, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("house.outbox")
    logger.setLevel(logging.DEBUG)
    yield logger
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)


def show_logs(t: Tower, log: logging.Logger) -> None:
    log.addHandler(LogRingHandler(t.logs))
    t.view.show_page("logs")


def texts(t: Tower) -> list[str]:
    return [t.view.logs.rows.row(index).text for index in t.view.logs.list.visible_rows()]


def button(t: Tower, text: str) -> QAbstractButton:
    return next(b for b in t.view.logs.findChildren(QAbstractButton) if b.text() == text and b.isVisible())


def test_lines_arrive_the_newest_first(tower: Build, on_loop: OnLoop, log: logging.Logger) -> None:
    async def work() -> None:
        async with tower() as t:
            log.addHandler(LogRingHandler(t.logs))
            log.info("before it was opened")
            t.view.show_page("logs")
            await until(lambda: texts(t) == ["before it was opened"])
            await asyncio.to_thread(log.warning, "from another thread")
            await until(lambda: texts(t)[0] == "from another thread")

    on_loop(work())


def test_levels_and_filters(tower: Build, on_loop: OnLoop, log: logging.Logger) -> None:
    async def work() -> None:
        async with tower() as t:
            show_logs(t, log)
            for level, text in ((10, "poll"), (20, "delivered 12"), (30, "refused 405"), (40, "failed"), (50, "lost")):
                log.log(level, text)
            await until(lambda: len(texts(t)) == 5)
            button(t, "Debug").click()
            button(t, "Info").click()
            assert texts(t) == ["lost", "failed", "refused 405"]
            t.view.logs.set_filter("/re[fg]used [0-9]+/")
            assert texts(t) == ["refused 405"]
            t.view.logs.set_filter("/(/")
            assert "not a regular expression" in t.view.logs.bar.status_text
            assert texts(t) == ["refused 405"], "a bad filter changes nothing"
            t.view.logs.set_filter("nothing at all")
            assert not t.view.logs.list.isVisible()

    on_loop(work())


def test_an_expression_that_takes_too_long_is_said_and_another_filter_searches_again(
    tower: Build, on_loop: OnLoop, log: logging.Logger
) -> None:
    async def work() -> None:
        async with tower() as t:
            show_logs(t, log)
            log.info("a" * 100 + "!")
            await until(lambda: len(texts(t)) == 1)
            t.view.logs.set_filter("/(a|aa)+$/")
            assert "takes too long" in t.view.logs.bar.status_text
            log.info("aaa")
            t.view.logs.set_filter("/a{3}/")
            await until(lambda: len(texts(t)) == 2)
            assert "2 lines" in t.view.logs.bar.status_text

    on_loop(work())


def test_paused_lines_wait(tower: Build, on_loop: OnLoop, log: logging.Logger) -> None:
    async def work() -> None:
        async with tower() as t:
            show_logs(t, log)
            log.info("first")
            await until(lambda: texts(t) == ["first"])
            t.view.logs.list.setFocus()
            QTest.keyClick(t.view.logs.list, Qt.Key.Key_Space)
            for number in range(70):
                log.info("line %d", number)
            await until(lambda: "70 new" in t.view.logs.pill.text())
            assert texts(t) == ["first"]
            t.view.logs.pill.click()
            await until(lambda: texts(t)[0] == "line 69")
            assert not t.view.logs.bar.is_paused

    on_loop(work())


def test_a_storm_of_lines(tower: Build, on_loop: OnLoop, log: logging.Logger) -> None:
    async def work() -> None:
        async with tower() as t:
            show_logs(t, log)

            def write() -> None:
                for number in range(25_000):
                    log.info("line %d", number)

            await asyncio.to_thread(write)
            await until(lambda: texts(t) and texts(t)[0] == "line 24999")
            await until(lambda: "5,000 older dropped" in t.view.logs.bar.status_text)
            stretch = t.view.logs.stretch
            assert [stretch[0].number, stretch[19_999].number] == [25_000, 5_001]

    on_loop(work())


def test_a_traceback_is_read_copied_and_opened(tower: Build, on_loop: OnLoop, log: logging.Logger) -> None:
    async def work() -> None:
        async with tower() as t:
            show_logs(t, log)
            try:
                int("x")
            except ValueError:
                log.exception("a delivery failed, token=abcdefgh")
            await until(lambda: texts(t))
            assert "⏎" in texts(t)[0], "more lines are there to be seen"
            QTest.mouseClick(t.view.logs.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 20))
            details = t.view.logs.details
            assert details.isVisible()
            assert "Traceback" in details._text.toPlainText()
            details._on_copy()
            copied = QGuiApplication.clipboard().text()
            assert "ValueError" in copied
            assert "abcdefgh" not in copied
            button(t, "Open in editor").click()
            ((key, content),) = t.opened
            assert key == "code-agent"
            assert isinstance(content, dict)
            assert content["name"] == "log-1.txt"
            assert "Traceback" in content["text"]
            QTest.keyClick(details._text, Qt.Key.Key_Escape)
            assert t.view.logs.list.hasFocus()

    on_loop(work())


def test_a_line_is_sent_to_the_chat(tower: Build, on_loop: OnLoop, log: logging.Logger) -> None:
    async def work() -> None:
        async with tower() as t:
            show_logs(t, log)
            log.error("the door is stuck")
            await until(lambda: texts(t))
            QTest.mouseClick(t.view.logs.list.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(60, 20))
            chat = next(b for b in t.view.logs.findChildren(QAbstractButton) if b.accessibleName() == "Send to chat")
            QTest.mouseClick(chat, Qt.MouseButton.LeftButton)
            ((key, content),) = t.opened
            assert isinstance(content, dict)
            assert (key, content["attach"]["kind"], content["attach"]["name"]) == ("chat", "log", "log-1.txt")
            assert "the door is stuck" in content["attach"]["text"]

    on_loop(work())
