"""Scrolling through a conversation of COUNT messages at full speed.

`python -m tests.bench.controls.chat_scroll wheel|kinetic|drag COUNT` prints three p99 in milliseconds: of the time between two frames
of an idle window, of one that is scrolled in every frame, and of the loop's processor time of such a frame; then the p99 of a loop
that only burns 9 ms a frame, which says how much of the machine others take.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionSlider

from tests.bench.controls.chat_messages import fill
from tests.bench.controls.chat_window import Panel, run
from tests.bench.measure import percentile

_FRAME = 1 / 60
_FRAMES = 420
_WARM = 20


async def frames(step: Callable[[int], None]) -> tuple[float, float]:
    """p99 of the milliseconds between one frame and the next, `step` done in each, and of the loop's processor time in it."""
    took, used = [], []
    due = last = time.perf_counter()
    worked = time.thread_time()
    for n in range(_FRAMES + _WARM):
        step(n)
        due = max(due + _FRAME, time.perf_counter())
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        now = time.perf_counter()
        took.append((now - last) * 1000)
        used.append((time.thread_time() - worked) * 1000)
        last, worked = now, time.thread_time()
    return percentile(took[_WARM:], 0.99), percentile(used[_WARM:], 0.99)


def burn(_n: int) -> None:
    end = time.thread_time() + 0.009
    while time.thread_time() < end:
        pass


def wheel(panel: Panel) -> Callable[[int], None]:
    """Two notches of a wheel a frame, upwards."""
    port = panel.view.messages.viewport()
    middle = QPointF(port.rect().center())

    def step(_n: int) -> None:
        event = QWheelEvent(
            middle,
            QPointF(port.mapToGlobal(middle.toPoint())),
            QPoint(),
            QPoint(0, 240),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
            Qt.MouseEventSource.MouseEventNotSynthesized,
            QPointingDevice.primaryPointingDevice(),
        )
        QApplication.sendEvent(port, event)

    return step


def kinetic(panel: Panel) -> Callable[[int], None]:
    """A finger flings the list, again and again: four frames of moving, a glide, the next one."""
    port = panel.view.messages.viewport()
    screen = QTest.createTouchDevice()
    start = QPoint(300, 120)

    def step(n: int) -> None:
        phase = n % 30
        touch = QTest.touchEvent(port, screen)
        if phase == 0:
            touch.press(0, start, port).commit(False)  # the loop itself brings it
        elif phase < 6:
            touch.move(0, start + QPoint(0, 70 * phase), port).commit(False)
        elif phase == 6:
            touch.release(0, start + QPoint(0, 420), port).commit(False)

    return step


def drag(panel: Panel) -> Callable[[int], None]:
    """The handle of the scroll bar goes up and down between the ends, some pixels a frame."""
    bar = panel.view.messages.verticalScrollBar()
    option = QStyleOptionSlider()
    bar.initStyleOption(option)
    handle = bar.style().subControlRect(QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, bar)
    start = handle.center()
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=start)
    length = bar.height() - handle.height() - 8

    def step(n: int) -> None:
        along = n * 3 % (2 * length)
        y = start.y() - (along if along < length else 2 * length - along)
        QTest.mouseMove(bar, QPoint(start.x(), y))

    return step


async def measure(panel: Panel) -> None:
    await panel.opens(await fill(panel.chat, int(sys.argv[2]), "Long"))
    await panel.rests()
    view = panel.view.messages
    idle, _ = await frames(lambda _n: None)
    others, _ = await frames(burn)
    first = view.cards[0].message.number
    busy, used = await frames({"wheel": wheel, "kinetic": kinetic, "drag": drag}[sys.argv[1]](panel))
    if sys.argv[1] == "drag":
        QTest.mouseRelease(view.verticalScrollBar(), Qt.MouseButton.LeftButton)
    await panel.rests()
    assert view.cards[0].message.number < first - 40, "it was not scrolled"
    sys.stdout.write(f"{idle:.3f} {busy:.3f} {used:.3f} {others:.3f}\n")


if __name__ == "__main__":
    run(measure)
