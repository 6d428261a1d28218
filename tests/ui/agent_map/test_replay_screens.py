"""The replay bar as it looks: narrow and wide, in both themes, over a morning with failures and questions."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.events import Event, Severity
from chainbot_desktop.ui.theme import ThemeSource
from tests.helpers.agent_events import spawned, terminated
from tests.ui.acting import press, tap
from tests.ui.agent_map.test_replay import Replay, at, other, replay  # noqa: F401 - a fixture


def a_busy_day() -> list[Event]:
    chance = random.Random(11)
    made: list[Event] = []
    for n in range(1_500):
        busy = 0.9 if 300 < n < 420 or 900 < n < 1_100 else 0.12
        if chance.random() > busy:
            made.append(at(20 * n, other()))
            continue
        name = f"a{chance.randrange(24)}"
        what = chance.random()
        status = "waiting_for_input" if what > 0.985 else chance.choice(["running", "idle"])
        if what < 0.06:
            made.append(at(20 * n, terminated(name, severity=Severity.ERROR if what < 0.025 else Severity.INFO)))
        else:
            made.append(at(20 * n, spawned(name, status=status)))
    return made


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [720, 1_200])
def test_the_bar(
    replay: Replay,  # noqa: F811 - a fixture
    theme_source: ThemeSource,
    shoot: Callable[[QWidget, str], Path],
    theme: Literal["dark", "light"],
    width: int,
) -> None:
    theme_source.select(theme)
    replay.happen(*a_busy_day())
    replay.act(lambda: replay.frame.resize(width, 128), lambda: replay.bar.resize(width, replay.bar.sizeHint().height()))
    replay.open()
    replay.act(lambda: replay.bar.resize(width, replay.bar.sizeHint().height()))
    replay.tap_at(1_000)
    replay.wait(lambda: replay.shown[-1].seq == replay.bar.track.position)
    assert shoot(replay.bar, f"replay-{theme}-{width}").stat().st_size > 2_000
    tap(replay.run, replay.bar.time)
    replay.act(
        lambda: QTest.mousePress(replay.bar.track, Qt.MouseButton.LeftButton, pos=replay.point(replay.bar.track.position))
    )
    shoot(replay.bar, f"replay-{theme}-{width}-dragged")
    replay.act(
        lambda: QTest.mouseRelease(replay.bar.track, Qt.MouseButton.LeftButton, pos=replay.point(replay.bar.track.position))
    )
    press(replay.run, replay.bar.live, Qt.Key.Key_Tab)
    for size in ("largest", "normal"):
        replay.act(lambda size=size: theme_source.set_text_size(size))  # type: ignore[misc]
        replay.act(lambda: replay.bar.resize(width, replay.bar.sizeHint().height()))
        assert replay.bar.minimumSizeHint().width() <= width, size
        shoot(replay.bar, f"replay-{theme}-{width}-{size}")
