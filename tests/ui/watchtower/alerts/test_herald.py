"""The panel tells of alerts: the banner over any window, the light, the sound, the screen; and when it does not."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from chainbot_desktop.app.panel_alerts import PanelAlerts
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.shell.stage import PopOut
from chainbot_desktop.ui.shell.thresholds import Machine
from chainbot_desktop.ui.watchtower.alerts.banner import AlertBanner
from tests.ui.acting import act, press, tap, until
from tests.ui.shell.conftest import MakePanel, Panel, Touch, finger, make_panel, touch
from tests.ui.watchtower.alerts.desk import MemoryDesk, ago, rule

__all__ = ["finger", "make_panel", "touch"]
Run = Callable[[Coroutine[Any, Any, Any]], Any]
CALM = Machine(3.0, 2**30, 8 * 2**30)


@dataclass
class Told:
    panel: Panel
    desk: MemoryDesk
    alerts: PanelAlerts
    run: Run
    sounds: list[str] = field(default_factory=list)
    woken: list[None] = field(default_factory=list)

    @property
    def banner(self) -> AlertBanner:
        return self.alerts.herald.banner

    @property
    def level(self) -> str:
        """Of the status line."""
        return self.panel.window.status.level

    def do(self, deed: Callable[[], object]) -> None:
        act(self.run, deed)

    def wait(self, condition: Callable[[], bool]) -> None:
        self.run(until(condition))


@pytest.fixture
def told(make_panel: MakePanel, on_loop: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    panel = make_panel()
    panel.attach()
    panel.window.set_machine(*vars_of(CALM))
    desk, tasks = (
        MemoryDesk(rule(), rule("hot", title="The machine is hot", severity="critical", metric="temperature")),
        Tasks(),
    )
    told = Told(panel, desk, PanelAlerts(panel.window, panel.themes, tasks, desk), on_loop)
    monkeypatch.setattr(QApplication, "beep", staticmethod(lambda: told.sounds.append("beep")))
    panel.window.wake_requested.connect(lambda: told.woken.append(None))
    told.do(told.alerts.open)
    yield told
    told.alerts.close()
    on_loop(tasks.cancel_all())


def vars_of(machine: Machine) -> tuple[float, int, int]:
    return machine.cpu_percent, machine.memory_used, machine.memory_total


def test_what_fires_is_told_over_any_window(told: Told) -> None:
    told.panel.window.select_window("chat")
    assert not told.banner.isVisible()
    told.do(lambda: told.desk.fire(since=ago(1)))
    assert told.banner.isVisible()
    assert told.banner.text == "The processor is busy\nThe processor is 97 % busy."
    assert told.sounds == ["beep"]
    assert told.woken == [None]
    assert told.level == "amber"
    assert told.panel.window.status.segments()[0].text == "1 alert"
    told.do(lambda: told.desk.fire("hot", summary="It has 84 °C."))
    assert told.banner.text == "The machine is hot (and 1 more)\nIt has 84 °C.", "the worst first"
    assert told.level == "red"
    assert told.sounds == ["beep", "beep"]


def test_it_hides_neither_stop_nor_the_window(told: Told) -> None:
    told.do(lambda: told.desk.fire("hot"))
    window = told.panel.window
    QApplication.processEvents()

    def box(widget: QWidget) -> Any:
        return widget.rect().translated(widget.mapTo(window, QPoint(0, 0)))

    for other in (window.rail.stop_button, window.stage, window.status):
        assert not box(told.banner).intersects(box(other))
    assert QApplication.focusWidget() is not told.banner.acknowledge, "it took the keyboard from who writes"


def test_a_finger_acknowledges(told: Told, touch: Callable[[QWidget], Touch]) -> None:
    alert = told.desk.fire()
    told.wait(told.banner.isVisible)
    told.wait(lambda: told.banner.acknowledge.width() > 48)
    button = told.banner.acknowledge
    assert button.height() >= 48
    place = button.mapTo(told.panel.window, button.rect().center())
    on = touch(told.panel.window)

    def tap_it() -> None:
        on.press(place)
        on.release(place)

    told.do(tap_it)
    told.wait(lambda: told.desk.alerts[alert.id].state == "acknowledged")
    told.wait(lambda: not told.banner.isVisible())
    assert told.level == "calm"
    message = told.panel.window.messages.current
    assert message is not None
    assert message.action_label == "Undo"


def test_show_goes_to_the_alert(told: Told) -> None:
    alert = told.desk.fire()
    told.wait(told.banner.isVisible)
    tap(told.run, told.banner.open)
    assert told.panel.built["watchtower"].presented == [{"page": "alerts", "alert_id": alert.id}]
    assert not told.banner.isVisible()
    assert told.level == "amber", "it still fires"


def test_put_away_it_stays_away_and_is_no_more_lit_when_settled(told: Told) -> None:
    alert = told.desk.fire()
    told.wait(told.banner.isVisible)
    told.banner.acknowledge.setFocus()
    press(told.run, told.banner.acknowledge, Qt.Key.Key_Escape)
    assert not told.banner.isVisible()
    told.do(told.desk.tell)
    assert not told.banner.isVisible()
    assert told.sounds == ["beep"]
    told.do(lambda: told.desk.settle(alert.id))
    assert told.level == "calm"
    assert not any("alert" in segment.text for segment in told.panel.window.status.segments())


def test_critical_sounds_again_until_somebody_says_that_they_know(told: Told) -> None:
    herald = told.alerts.herald
    warning = told.desk.fire()
    told.wait(told.banner.isVisible)
    assert not herald._again.isActive(), "a warning sounds once"
    alert = told.desk.fire("hot")
    assert herald._again.isActive()
    assert herald._again.interval() == 60_000
    tap(told.run, told.banner.later)
    told.do(herald._again.timeout.emit)
    assert told.sounds == ["beep"] * 3
    assert told.banner.isVisible(), "it sounds, and nothing says why"
    assert "The machine is hot" in told.banner.text
    told.run(told.desk.acknowledge(alert.id, actor="user:ada"))
    assert not herald._again.isActive()
    told.do(lambda: told.desk.settle(warning.id))


def test_quiet_is_quiet_and_what_still_fires_is_told_after_it(told: Told) -> None:
    told.desk.hours_until = ago(-3600)
    told.do(lambda: told.desk.fire("hot"))
    assert not told.banner.isVisible()
    assert told.sounds == []
    assert told.woken == []
    assert told.level == "red", "who looks may see it"
    told.desk.hours_until = ""
    told.do(told.alerts.herald._look.timeout.emit)
    assert told.banner.isVisible()
    assert told.sounds == ["beep"]
    told.run(told.desk.mute(3600, actor="device:panel"))
    told.do(told.alerts.herald._again.timeout.emit)
    assert told.sounds == ["beep"], "it sounded while it was mute"


@pytest.mark.parametrize("notify", [(), ("mail",)])
def test_a_rule_that_does_not_tell_the_panel_lights_it_and_no_more(told: Told, notify: tuple[str, ...]) -> None:
    told.run(told.desk.save_rule(rule(notify=notify), actor="device:panel"))
    told.do(told.desk.fire)
    assert not told.banner.isVisible()
    assert told.sounds == []
    assert told.level == "amber"


def test_after_a_snooze_it_is_told_again(told: Told) -> None:
    alert = told.desk.fire()
    told.wait(told.banner.isVisible)
    told.run(told.desk.snooze(alert.id, 900, actor="device:panel"))
    assert not told.banner.isVisible()
    assert told.level == "calm"
    told.run(told.desk.snooze(alert.id, 0, actor="device:panel"))
    assert told.banner.isVisible()
    assert told.sounds == ["beep", "beep"]


def test_what_is_only_worth_knowing_leaves_by_itself(told: Told) -> None:
    told.do(lambda: told.desk.fire(severity="info", title="A new version"))
    assert told.banner.isVisible()
    assert told.level == "calm"
    assert told.alerts.herald._info.isActive()
    told.do(told.alerts.herald._info.timeout.emit)
    assert not told.banner.isVisible()


def test_what_fired_before_the_start_is_told(make_panel: MakePanel, on_loop: Run) -> None:
    panel = make_panel()
    panel.attach()
    desk, tasks = MemoryDesk(rule()), Tasks()
    desk.fire()
    alerts = PanelAlerts(panel.window, panel.themes, tasks, desk)
    act(on_loop, alerts.open)
    assert alerts.herald.banner.isVisible()
    alerts.close()
    desk.fire(title="after the end")
    assert "after the end" not in alerts.herald.banner.text


def test_the_palette_has_them(told: Told) -> None:
    commands = {command.label: command for command in told.alerts.commands()}
    alerts = [told.desk.fire(title=f"alert {n}") for n in range(3)]
    told.do(commands["Acknowledge all alerts"].run)
    told.wait(lambda: all(told.desk.alerts[alert.id].state == "acknowledged" for alert in alerts))
    told.do(commands["Mute alerts for an hour"].run)
    told.wait(lambda: told.desk.quiet_until != "")
    told.do(commands["New alert rule"].run)
    told.do(commands["Alerts"].run)
    assert told.panel.built["watchtower"].presented == [
        {"page": "alerts", "new_rule": True},
        {"page": "alerts", "part": "active"},
    ]
    QTest.keyClick(told.panel.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)


# Windows of their own.


def popped(told: Told, key: str) -> PopOut:
    """That window, popped out and in use."""
    told.do(lambda: told.panel.window.pop_out(key))
    top = told.panel.built[key].window()
    assert isinstance(top, PopOut)
    told.do(top.activateWindow)
    told.wait(lambda: QApplication.activeWindow() is top)
    return top


def bar_of(top: PopOut) -> AlertBanner:
    (bar,) = top.findChildren(AlertBanner)
    return bar


def test_every_window_tells_the_same_and_it_sounds_once(told: Told) -> None:
    chat = popped(told, "chat")
    told.do(lambda: told.desk.fire("hot", summary="It has 84 °C."))
    code = popped(told, "code-agent")
    told.do(lambda: told.desk.fire(severity="info", title="A new version"))
    bars = [told.banner, bar_of(chat), bar_of(code)]
    assert [bar.isVisible() for bar in bars] == [True] * 3
    assert {bar.text for bar in bars} == {"The machine is hot (and 1 more)\nIt has 84 °C."}
    assert told.sounds == ["beep"] * 2, "once for each alert, not for each window"
    assert len(told.woken) == 2
    assert not told.panel.built["chat"].geometry().intersects(bars[1].geometry()), "it covers what is being written"
    assert QApplication.activeWindow() is code
    focused = QApplication.focusWidget()
    assert focused is None or not bars[2].isAncestorOf(focused), "it took the keyboard from who writes"


def test_acknowledged_in_one_it_is_gone_in_all(told: Told, touch: Callable[[QWidget], Touch]) -> None:
    chat, code = popped(told, "chat"), popped(told, "code-agent")
    alert = told.desk.fire()
    told.wait(bar_of(code).isVisible)
    button = bar_of(chat).acknowledge
    told.wait(lambda: button.width() > 48)
    place, on = button.mapTo(chat, button.rect().center()), touch(chat)
    told.do(lambda: on.press(place))
    told.do(lambda: on.release(place))
    told.wait(lambda: told.desk.alerts[alert.id].state == "acknowledged")
    told.wait(lambda: not any(bar.isVisible() for bar in (told.banner, bar_of(chat), bar_of(code))))
    assert told.level == "calm"
    assert told.sounds == ["beep"]


def test_put_away_in_one_it_is_away_in_all_and_the_keyboard_goes_on(told: Told) -> None:
    chat = popped(told, "chat")
    view = told.panel.built["chat"]
    told.do(lambda: told.panel.window.select_window("agent-map"))
    told.do(chat.activateWindow)
    told.wait(lambda: QApplication.activeWindow() is chat)
    told.do(view.field.setFocus)
    told.do(told.desk.fire)
    assert QApplication.focusWidget() is view.field
    press(told.run, view.field, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is bar_of(chat).acknowledge, "no key leads to it"
    press(told.run, bar_of(chat).acknowledge, Qt.Key.Key_F6)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert view.isAncestorOf(focused)
    told.do(view.field.setFocus)
    told.do(bar_of(chat).acknowledge.setFocus)
    press(told.run, bar_of(chat).acknowledge, Qt.Key.Key_Escape)
    assert not bar_of(chat).isVisible()
    assert not told.banner.isVisible()
    assert QApplication.focusWidget() is view.field, "who writes there goes on where they were"
    assert QApplication.activeWindow() is chat


def test_the_bar_of_the_shell_is_reached_by_the_keyboard_too(told: Told) -> None:
    told.do(told.desk.fire)
    seen = []
    for _ in range(5):
        press(told.run, QApplication.focusWidget() or told.panel.window, Qt.Key.Key_F6)
        seen.append(QApplication.focusWidget())
    assert told.banner.acknowledge in seen


def test_a_window_that_is_popped_out_meanwhile_tells_it_too(told: Told) -> None:
    told.do(lambda: told.desk.fire("hot"))
    at_once: list[str] = []

    def pop_out() -> None:
        told.panel.window.pop_out("chat")
        at_once.extend(bar.text for bar in told.panel.built["chat"].window().findChildren(AlertBanner) if bar.isVisible())

    told.do(pop_out)
    assert at_once == [told.banner.text]
    chat = popped(told, "chat")
    told.do(chat.close)
    told.wait(lambda: not isValid(chat))
    told.do(told.desk.fire)
    assert "and 1 more" in told.banner.text
    again = popped(told, "chat")
    assert bar_of(again).text == told.banner.text
    told.do(told.alerts.herald.acknowledge_all)
    told.wait(lambda: not bar_of(again).isVisible() and not told.banner.isVisible())


@pytest.mark.parametrize("watchtower_too", [False, True])
def test_show_brings_the_watchtower_to_the_front(told: Told, watchtower_too: bool) -> None:
    watch = popped(told, "watchtower") if watchtower_too else told.panel.window
    chat = popped(told, "chat")
    alert = told.desk.fire()
    told.wait(bar_of(chat).isVisible)
    tap(told.run, bar_of(chat).open)
    assert told.panel.built["watchtower"].presented == [{"page": "alerts", "alert_id": alert.id}]
    told.wait(lambda: QApplication.activeWindow() is watch)
    assert told.panel.built["watchtower"].isVisible()
    assert not bar_of(chat).isVisible()


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "size"), [("800", (800, 480)), ("1280", (1280, 800))])
def test_screens_of_a_window_of_its_own(told: Told, shoot: Any, theme: Any, name: str, size: tuple[int, int]) -> None:
    told.panel.themes.select(theme)
    chat = popped(told, "chat")
    told.do(lambda: chat.resize(*size))
    told.do(lambda: told.desk.fire(since=ago(5)))
    told.wait(lambda: bar_of(chat).acknowledge.width() > 48)
    told.do(lambda: shoot(chat, f"alert-banner-popped-warning-{name}-{theme}"))
    told.do(lambda: told.desk.fire("hot", summary="The processor has 84 °C, and slows itself down. " * 4))
    QApplication.processEvents()
    told.do(lambda: shoot(chat, f"alert-banner-popped-critical-{name}-{theme}"))


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "size"), [("800", (800, 480)), ("1280", (1280, 800))])
def test_screens(told: Told, shoot: Any, theme: Any, name: str, size: tuple[int, int]) -> None:
    told.panel.themes.select(theme)
    told.panel.size(*size)
    told.do(lambda: told.desk.fire(since=ago(5)))
    told.wait(lambda: told.banner.acknowledge.width() > 48)
    told.do(lambda: shoot(told.panel.window, f"alert-banner-warning-{name}-{theme}"))
    told.do(lambda: told.desk.fire("hot", summary="The processor has 84 °C, and slows itself down. " * 4))
    QApplication.processEvents()
    told.do(lambda: shoot(told.panel.window, f"alert-banner-critical-{name}-{theme}"))
