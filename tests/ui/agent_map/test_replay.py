"""The replay bar over the real past of a real journal, moved by mouse, finger, keys and wheel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.agents.moments import Bucket, HistorySpan, MapMoment, Step
from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.core.errors import Unavailable
from chainbot_desktop.core.events import Event, Severity, WorkflowStarted
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.playback import LONGEST_WAIT, Playback
from chainbot_desktop.ui.agent_map.replay import ReplayController
from chainbot_desktop.ui.agent_map.replay_bar import SPEEDS, ReplayBar
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from tests.helpers.agent_events import moved, spawned, terminated
from tests.helpers.stores import Store, open_store
from tests.ui.acting import act, press, tap, until

BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


class Past:
    """The real one. A test may hold its answers back, break it, and sees what was asked of it."""

    def __init__(self, real: MapHistory) -> None:
        self._real = real
        self.asked: list[int] = []
        self.given_up: list[int] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def at(self, seq: int) -> MapMoment:
        self.asked.append(seq)
        try:
            await self.gate.wait()
            if self.broken:
                raise Unavailable("The database does not give data now.", hint="Check the disk.")
            return await self._real.at(seq)
        except asyncio.CancelledError:
            self.given_up.append(seq)
            raise

    async def span(self) -> HistorySpan:
        return await self._real.span()

    async def density(self, buckets: int, *, whole: bool = True) -> tuple[Bucket, ...]:
        return await self._real.density(buckets, whole=whole)

    async def neighbour(self, seq: int, *, forward: bool, mark: bool) -> int | None:
        return await self._real.neighbour(seq, forward=forward, mark=mark)

    async def steps_after(self, seq: int, limit: int = 256) -> tuple[Step, ...]:
        return await self._real.steps_after(seq, limit)


@dataclass
class Replay:
    """A bar of 720 px, as at the foot of the map at 800x480."""

    store: Store
    past: Past
    bar: ReplayBar
    controller: ReplayController
    frame: QWidget
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any]
    tasks: Tasks
    shown: list[MapMoment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    lives: list[bool] = field(default_factory=list)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Its result, when no frame of the bar is due any more: a frame between two runs of the loop could start no task."""

        async def settle() -> Any:
            result = await work
            await self.quiet()
            return result

        return self.on_loop(settle())

    async def quiet(self) -> None:
        await asyncio.sleep(0.02)
        await until(lambda: not self.bar._frames._timer.isActive() and (not self.tasks.names or not self.past.gate.is_set()))

    def act(self, *deeds: Callable[[], object]) -> None:
        act(self.run, *deeds)

    def wait(self, condition: Callable[[], bool]) -> None:
        self.run(until(condition))

    def happen(self, *events: Event) -> None:
        async def append() -> None:
            await asyncio.gather(*(self.store.journal.append(event) for event in events))

        self.run(append())

    def open(self) -> None:
        self.act(self.controller.open)
        self.wait(lambda: bool(self.shown))

    def point(self, seq: int) -> QPoint:
        """Where an event is on the strip."""
        return QPoint(round(self.bar.track.x_of(seq)), self.bar.track.height() // 2)

    def tap_at(self, seq: int) -> None:
        self.act(lambda: QTest.mouseClick(self.bar.track, Qt.MouseButton.LeftButton, pos=self.point(seq)))

    @property
    def names(self) -> list[str]:
        """The agents on the map that is shown."""
        return [agent.id for agent in self.shown[-1].agents]


@pytest.fixture
def replay(
    qtbot: QtBot,
    qapp: QApplication,
    theme_source: ThemeSource,
    tmp_path: Path,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
) -> Iterator[Replay]:
    theme_source.select("dark")
    theme_source.apply_to(qapp)
    context = open_store(tmp_path)
    store = on_loop(context.__aenter__())
    past = Past(MapHistory(store.journal))
    frame = QWidget()
    frame.resize(720, 128)
    bar = ReplayBar(theme_source, frame)
    bar.hide()
    tasks = Tasks()
    controller = ReplayController(bar, past, tasks, frame)
    made = Replay(store, past, bar, controller, frame, on_loop, tasks)
    controller.moment_shown.connect(made.shown.append)
    controller.message.connect(made.messages.append)
    controller.live_again.connect(lambda: made.lives.append(True))
    bar.setGeometry(0, 0, 720, 128)
    frame.show()
    qtbot.waitExposed(frame)
    frame.activateWindow()
    yield made
    past.gate.set()
    act(on_loop, controller.leave)
    on_loop(tasks.cancel_all())
    frame.hide()
    frame.deleteLater()
    qapp.sendPostedEvents(frame, QEvent.Type.DeferredDelete)
    on_loop(context.__aexit__(None, None, None))


def at(seconds: float, event: Event) -> Event:
    return event.model_copy(update={"time": format_time(BEGAN + timedelta(seconds=seconds))})


def other() -> WorkflowStarted:
    return WorkflowStarted.model_validate({"subject": "w", "data": {"workflow_id": "w"}})


def a_morning(count: int = 100) -> list[Event]:
    """One event a second: an agent more, an agent moved, something else."""
    made: list[Event] = []
    for n in range(count):
        event = (spawned(f"a{n}", agent_name=f"Agent {n}"), moved(f"a{n - 1}", n, 0), other())[n % 3]
        made.append(at(n, event))
    return made


# Coming and going.


def test_it_opens_at_the_last_moment_and_goes_back_to_the_present(replay: Replay) -> None:
    replay.happen(*a_morning(9))
    replay.open()
    assert replay.bar.isVisible()
    assert replay.bar.track.hasFocus()
    assert replay.names == ["a0", "a3", "a6"]
    assert replay.bar.track.position == 9
    tap(replay.run, replay.bar.live)
    assert replay.lives == [True]
    assert not replay.bar.isVisible()
    assert not replay.controller.active


def test_escape_leaves(replay: Replay) -> None:
    replay.happen(*a_morning(9))
    replay.open()
    press(replay.run, replay.bar.track, Qt.Key.Key_Escape)
    assert replay.lives == [True]


def test_without_a_past_it_says_so_and_is_not_opened(replay: Replay) -> None:
    replay.act(replay.controller.open)
    replay.wait(lambda: bool(replay.lives))
    assert replay.messages[0].text == "There is no past yet: nothing has been recorded."
    assert not replay.bar.isVisible()


def test_of_a_pruned_journal_it_says_where_the_past_begins(replay: Replay) -> None:
    replay.happen(*a_morning(9))
    replay.run(replay.store.database.write(lambda connection: connection.exec_driver_sql("DELETE FROM journal WHERE seq <= 4")))
    replay.open()
    assert replay.messages[0].text == "The past begins with event 5: older ones were pruned."
    press(replay.run, replay.bar.track, Qt.Key.Key_Home)
    replay.wait(lambda: replay.shown[-1].seq == 5)


# The strip.


def test_a_tap_shows_the_moment_under_it(replay: Replay) -> None:
    replay.happen(*(at(n, spawned("a", task=str(n))) for n in range(100)))
    replay.open()
    replay.tap_at(40)
    replay.wait(lambda: replay.shown[-1].seq == 40)
    assert replay.shown[-1].agents[0].activity == "39"
    assert replay.bar.track.position == 40


def test_a_drag_shows_moments_on_its_way_and_ends_where_the_mouse_does(replay: Replay) -> None:
    replay.happen(*(at(n, spawned("a", task=str(n))) for n in range(200)))
    replay.open()
    track = replay.bar.track
    replay.act(lambda: QTest.mousePress(track, Qt.MouseButton.LeftButton, pos=replay.point(200)))
    for seq in range(190, 50, -10):
        replay.act(lambda seq=seq: QTest.mouseMove(track, replay.point(seq)))  # type: ignore[misc]
    replay.act(lambda: QTest.mouseRelease(track, Qt.MouseButton.LeftButton, pos=replay.point(60)))
    replay.wait(lambda: replay.shown[-1].seq == track.position)
    assert track.position == pytest.approx(60, abs=1)
    assert len(replay.shown) > 5


@pytest.fixture(scope="module")
def touch_screen(qapp: QApplication) -> QPointingDevice:
    return QTest.createTouchDevice(QInputDevice.DeviceType.TouchScreen)


def test_a_finger_drags_as_the_mouse_does(replay: Replay, touch_screen: QPointingDevice) -> None:
    replay.happen(*(at(n, spawned("a", task=str(n))) for n in range(200)))
    replay.open()
    track = replay.bar.track
    replay.act(lambda: QTest.touchEvent(track, touch_screen).press(0, replay.point(150), track).commit())
    replay.act(lambda: QTest.touchEvent(track, touch_screen).move(0, replay.point(110), track).commit())
    replay.act(lambda: QTest.touchEvent(track, touch_screen).move(0, replay.point(70), track).commit())
    replay.act(lambda: QTest.touchEvent(track, touch_screen).release(0, replay.point(70), track).commit())
    replay.wait(lambda: replay.shown[-1].seq == track.position)
    assert track.position == pytest.approx(70, abs=1)


def test_a_tap_near_a_mark_means_the_mark(replay: Replay) -> None:
    events: list[Event] = [at(n, moved("a", n, 0)) for n in range(1_000)]
    events[0] = at(0, spawned("a"))
    events[499] = at(499, terminated("a", severity=Severity.ERROR))
    replay.happen(*events)
    replay.open()
    replay.wait(lambda: any(bucket.marks for bucket in replay.bar.track._density))
    near = replay.point(500) + QPoint(6, 0)
    assert replay.bar.track.seq_at(near.x()) != 500
    replay.act(lambda: QTest.mouseClick(replay.bar.track, Qt.MouseButton.LeftButton, pos=near))
    replay.wait(lambda: replay.shown[-1].seq == 500)


def test_the_keys(replay: Replay) -> None:
    replay.happen(*a_morning(100))
    replay.open()
    track = replay.bar.track
    for key, held, seq in (
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 1),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 2),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 4),  # what is not of agents is passed over
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 2),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier, 4),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier, 7),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, 16),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, 7),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier, 4),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 100),
    ):
        press(replay.run, track, key, held)
        replay.wait(lambda seq=seq: replay.shown[-1].seq == seq and track.position == seq)  # type: ignore[misc]


def test_held_keys_step_one_after_the_other(replay: Replay) -> None:
    replay.happen(*(at(n, spawned(f"a{n}")) for n in range(30)))
    replay.open()
    track = replay.bar.track
    replay.act(*[lambda: QTest.keyClick(track, Qt.Key.Key_Left)] * 5)
    replay.wait(lambda: replay.shown[-1].seq == 25)


def test_the_wheel_goes_through_the_past(replay: Replay) -> None:
    replay.happen(*(at(n, spawned("a", task=str(n))) for n in range(1_000)))
    replay.open()
    track = replay.bar.track

    def turn(by: int) -> None:
        middle = QPointF(track.rect().center())
        event = QWheelEvent(
            middle, track.mapToGlobal(middle), QPoint(), QPoint(0, by), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(track, event)

    replay.act(lambda: turn(-240))
    replay.wait(lambda: replay.shown[-1].seq == 982)
    replay.act(lambda: turn(60), lambda: turn(60))  # half notches of a fine wheel
    replay.wait(lambda: replay.shown[-1].seq == 991)


# Buttons.


def test_the_buttons_step_to_events_and_marks(replay: Replay) -> None:
    replay.happen(*a_morning(12))
    replay.open()
    for button, seq in (
        (replay.bar.mark_back, 10),
        (replay.bar.back, 8),
        (replay.bar.back, 7),
        (replay.bar.forward, 8),
        (replay.bar.mark_forward, 10),
    ):
        tap(replay.run, button)
        replay.wait(lambda seq=seq: replay.shown[-1].seq == seq)  # type: ignore[misc]
    tap(replay.run, replay.bar.mark_forward)
    assert replay.messages[-1].text == "There is no later moment with a mark."


def test_the_time_is_relative_and_exact_on_a_tap(replay: Replay) -> None:
    replay.happen(*a_morning(9))
    replay.open()
    assert replay.bar.time.text().endswith("d ago")
    tap(replay.run, replay.bar.time)
    assert replay.bar.time.text().startswith("2026-01-05\n")
    assert "after event 9" in replay.bar.time.toolTip()
    tap(replay.run, replay.bar.time)
    assert replay.bar.time.text().endswith("d ago")


def test_every_target_is_as_high_as_a_thumb(replay: Replay) -> None:
    replay.happen(*a_morning(9))
    replay.open()
    bar = replay.bar
    buttons = (bar.mark_back, bar.back, bar.play, bar.forward, bar.mark_forward, bar.speed_button, bar.time, bar.live)
    for width in (720, 1_200):
        replay.act(lambda width=width: bar.resize(width, bar.sizeHint().height()))  # type: ignore[misc]
        for widget in (*buttons, bar.track):
            assert widget.height() >= 56
            assert widget.width() >= 56
            assert bar.rect().contains(widget.geometry())
        places = [widget.geometry() for widget in (*buttons, bar.track)]
        assert not any(a.intersects(b) for n, a in enumerate(places) for b in places[n + 1 :])
        assert all(widget.accessibleName() or widget.text() for widget in buttons)


# Playing.


def test_playing_shows_event_after_event_and_stops_at_the_end(replay: Replay) -> None:
    replay.happen(*(at(n, spawned(f"a{n}")) for n in range(12)))
    replay.open()
    while replay.bar.speed != 60:
        tap(replay.run, replay.bar.speed_button)
    press(replay.run, replay.bar.track, Qt.Key.Key_Home)
    replay.wait(lambda: replay.shown[-1].seq == 1)
    tap(replay.run, replay.bar.play)
    assert replay.bar.playing
    replay.wait(lambda: not replay.bar.playing)
    seqs = [moment.seq for moment in replay.shown]
    assert seqs[-1] == 12
    played = seqs[seqs.index(1) :]
    assert played == sorted(played)
    assert len(played) > 2  # eleven seconds in a fifth of one: a frame shows two, or more where the machine is busy


def test_played_at_the_end_it_begins_anew_and_a_tap_pauses(replay: Replay) -> None:
    replay.happen(*(at(3_600 * n, spawned(f"a{n}")) for n in range(5)), at(20_000, other()))
    replay.open()
    tap(replay.run, replay.bar.play)
    replay.wait(lambda: replay.shown[-1].seq == 1)
    tap(replay.run, replay.bar.play)
    assert not replay.bar.playing
    assert not replay.controller._clock.isActive()


def test_the_speeds(replay: Replay) -> None:
    seen = []
    for _ in SPEEDS:
        seen.append(replay.bar.speed_button.text())
        tap(replay.run, replay.bar.speed_button)
    assert seen == ["10×", "60×", "600×", "1×"]


# Slow and failing answers.


def test_while_an_answer_is_slow_only_the_newest_wish_is_asked_for(replay: Replay) -> None:
    replay.happen(*(at(n, spawned("a", task=str(n))) for n in range(200)))
    replay.open()
    replay.past.asked.clear()
    replay.past.gate.clear()
    for seq in (150, 120, 90, 60):
        replay.tap_at(seq)
    replay.wait(lambda: replay.bar.time.text() == "Reading the journal…")
    # The first was given up for the newest; those between were never asked for.
    replay.wait(lambda: len(replay.past.asked) >= 2)
    assert replay.past.asked[0] == 150
    assert replay.past.asked[-1] == 60
    assert len(replay.past.asked) <= 3
    assert replay.past.given_up == replay.past.asked[:-1]
    assert replay.bar.track.position == 60
    replay.past.gate.set()
    replay.wait(lambda: replay.shown[-1].seq == 60)
    assert replay.bar.time.text().endswith("d ago")


def test_one_frame_asks_for_one_moment(replay: Replay) -> None:
    replay.happen(*(at(n, spawned("a", task=str(n))) for n in range(200)))
    replay.open()
    asked: list[int] = []
    replay.bar.moment_wanted.connect(asked.append)
    track = replay.bar.track

    def drag() -> None:
        QTest.mousePress(track, Qt.MouseButton.LeftButton, pos=replay.point(200))
        for seq in range(199, 20, -1):
            QTest.mouseMove(track, replay.point(seq))
        QTest.mouseRelease(track, Qt.MouseButton.LeftButton, pos=replay.point(20))

    replay.act(drag)
    replay.wait(lambda: replay.shown[-1].seq == track.position)
    assert len(asked) < 30
    assert asked[-1] == track.position


def test_what_cannot_be_read_is_told_and_the_handle_returns_to_what_is_shown(replay: Replay) -> None:
    replay.happen(*a_morning(50))
    replay.open()
    replay.past.broken = True
    press(replay.run, replay.bar.track, Qt.Key.Key_Home)
    replay.wait(lambda: bool(replay.messages))
    assert (replay.messages[0].severity, replay.messages[0].text) == ("error", "The database does not give data now.")
    assert replay.bar.track.position == 50
    replay.past.broken = False
    press(replay.run, replay.bar.track, Qt.Key.Key_Home)
    replay.wait(lambda: replay.shown[-1].seq == 1)


def test_leaving_ends_what_is_asked(replay: Replay) -> None:
    replay.happen(*a_morning(50))
    replay.open()
    replay.past.gate.clear()
    press(replay.run, replay.bar.track, Qt.Key.Key_Home)
    shown = len(replay.shown)
    tap(replay.run, replay.bar.live)
    replay.past.gate.set()
    replay.wait(lambda: not replay.tasks.names)
    assert replay.past.given_up == [1]
    assert len(replay.shown) == shown
    assert replay.lives == [True]


def test_what_happens_meanwhile_joins_the_past(replay: Replay) -> None:
    replay.happen(*a_morning(10))
    replay.open()
    replay.happen(*a_morning(10))
    replay.act(replay.controller._on_refresh)
    press(replay.run, replay.bar.track, Qt.Key.Key_End)
    replay.wait(lambda: replay.shown[-1].seq == 20)


# The clock of playing.


def steps(*seconds: float) -> Sequence[Step]:
    return [Step(number, format_time(BEGAN + timedelta(seconds=after))) for number, after in enumerate(seconds, 2)]


def playback(speed: int, *seconds: float) -> Playback:
    made = Playback(1, format_time(BEGAN), speed)
    made.feed(steps(*seconds))
    return made


def test_events_come_in_the_time_they_took() -> None:
    playing = playback(10, 1, 2, 2.1, 9)
    assert [playing.advance(0.05) for _ in range(5)] == [None, 2, None, 3, 4]
    assert playing.waiting == 1


def test_long_pauses_are_short_and_a_clock_set_back_takes_no_time() -> None:
    playing = playback(1, 86_400, 50, 51)
    waits = 0
    while playing.advance(0.1) is None:
        waits += 1
    assert waits == pytest.approx(LONGEST_WAIT / 0.1, abs=1)
    assert playing.waiting == 1  # the one that was set back came with it


def test_a_frame_that_was_late_does_not_jump() -> None:
    playing = playback(1, *(n * 0.1 for n in range(1, 100)))
    assert playing.advance(60) in (3, 4)
