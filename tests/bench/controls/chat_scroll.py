"""Scrolling through a conversation of COUNT messages at full speed.

`python -m tests.bench.controls.chat_scroll wheel|kinetic|drag COUNT` prints two p99 in milliseconds: of the time between two frames
of an idle window, and of one that is scrolled in every frame.
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


async def frames(step: Callable[[int], None]) -> list[float]:
    """Milliseconds between one frame and the next, `step` done in each."""
    took = []
    due = last = time.perf_counter()
    for n in range(_FRAMES + _WARM):
        step(n)
        due = max(due + _FRAME, time.perf_counter())
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        now = time.perf_counter()
        took.append((now - last) * 1000)
        last = now
    return took[_WARM:]


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
            touch.press(0, start, port).commit()
        elif phase < 6:
            touch.move(0, start + QPoint(0, 70 * phase), port).commit()
        elif phase == 6:
            touch.release(0, start + QPoint(0, 420), port).commit()

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
    idle = await frames(lambda _n: None)
    first = view.cards[0].message.number
    busy = await frames({"wheel": wheel, "kinetic": kinetic, "drag": drag}[sys.argv[1]](panel))
    assert view.cards[0].message.number < first - 40, "it was not scrolled"
    if sys.argv[1] == "drag":
        QTest.mouseRelease(view.verticalScrollBar(), Qt.MouseButton.LeftButton)
    await panel.rests()
    sys.stdout.write(f"{percentile(idle, 0.99):.3f} {percentile(busy, 0.99):.3f} {max(busy):.3f}\n")


if __name__ == "__main__":
    run(measure)
