"""The whole way with the real desk: a figure goes over its bound, the panel tells of it, somebody looks, acknowledges, and it is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.alert_figures import UNITS
from chainbot_desktop.app.panel_alerts import PanelAlerts
from chainbot_desktop.core.events import AttentionRequired
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.ui.shell.stage import PopOut
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import WindowView
from chainbot_desktop.ui.watchtower.alerts.banner import AlertBanner
from chainbot_desktop.watch.alerts.delivery import ChannelPlan
from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours, clock_time
from chainbot_desktop.watch.alerts.records import ALERTS_SOURCE, AlertRule
from chainbot_desktop.watch.figures import FIGURES, unit_of
from tests.helpers.alert_desks import Alarm, Hands, open_alarm
from tests.ui.shell.views import ListView
from tests.ui.watchtower.alerts.acting import click
from tests.ui.watchtower.conftest import Build, Tower, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
HOT = AlertRule(
    name="busy", title="Busy", kind="threshold", metric="cpu", value=90, clear=80, seconds=5, summary="{value}", runbook="Rest."
)
PANEL = ChannelPlan("panel", "panel", "this screen", True, "info", False, None)


@dataclass
class Whole:
    """A window with the real Watchtower, the herald, and a desk that a test feeds."""

    window: MainWindow
    tower: Tower
    alarm: Alarm
    alerts: PanelAlerts
    sounds: list[str]

    @property
    def badge(self) -> int:
        return self.window.rail.button("watchtower").badge


Open = Callable[..., Any]


@pytest.fixture
def whole(tower: Build, theme_source: ThemeSource, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    @asynccontextmanager
    async def live(*rules: AlertRule, **options: Any) -> AsyncIterator[Whole]:
        sounds: list[str] = []
        monkeypatch.setattr(QApplication, "beep", staticmethod(lambda: sounds.append("beep")))
        (tmp_path / "alarm").mkdir()
        theme_source.apply_to(qapp)
        hands = Hands(wall_now=time.time())
        async with (
            open_alarm(tmp_path / "alarm", *rules, channels=[PANEL], hands=hands, **options) as alarm,
            tower(alerts=alarm.desk, load=False) as t,
        ):
            window = MainWindow(theme_source)
            views: dict[str, Callable[[], WindowView]] = {
                "chat": lambda: ListView("Chat", theme_source),
                "watchtower": lambda: t.view,
            }
            for key, make in views.items():
                window.add_window(key, key, "chat", make)
            window.resize(800, 480)
            window.show()
            window.attach({}, lambda _name, _value: None)
            window.stage.build("watchtower")
            alerts = PanelAlerts(window, theme_source, t.tasks, alarm.desk)
            alerts.open()
            try:
                yield Whole(window, t, alarm, alerts, sounds)
            finally:
                alerts.close()
                await t.tasks.cancel_all()
                t.view.setParent(None)
                window.finish()
                window.deleteLater()
                await asyncio.sleep(0)

    return live


def test_from_the_figure_to_the_banner_to_the_end(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with whole(HOT) as w:
            banner, desk = w.alerts.herald.banner, w.alarm.desk
            w.alarm.sample(3, cpu=95.0)
            await asyncio.sleep(0)
            assert not banner.isVisible(), "it is not certain yet"
            assert w.badge == 0
            w.alarm.sample(5, cpu=96.0)
            await until(banner.isVisible)
            assert banner.text == "Busy\n96 %"
            assert w.sounds == ["beep"]
            assert w.window.status.level == "amber"
            assert w.badge == 1
            assert w.window.stage.current_key == "chat"
            await click(banner.open)
            assert w.window.stage.current_key == "watchtower"
            active = w.tower.view.alerts.active
            await until(lambda: active.side.is_open)
            text = active.side.details.text
            assert "Value: 96 %" in text
            assert "Rest." in text
            await click(active.side.details.acknowledge)
            await until(lambda: desk.active[0].state == "acknowledged")
            await until(lambda: w.badge == 0)
            assert w.window.status.level == "calm"
            assert desk.active[0].acknowledged_by == "device:panel"
            await until(lambda: active.side.details.acknowledge.text() == "Call again")
            active.side.close_panel()
            w.alarm.sample(3, cpu=10.0)
            await until(lambda: not len(active.rows))
            history = w.tower.view.alerts.history
            w.tower.view.alerts.show_part("history")
            await until(lambda: [alert.state for alert in history._alerts] == ["resolved"])
            types = [event.type for event in await w.alarm.events()]
            assert types == ["alert_fired", "alert_acknowledged", "alert_resolved"]

    on_loop(work())


def test_what_alerts_ask_of_alex_os_is_not_counted_twice(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with whole(HOT) as w:
            w.alarm.sample(7, cpu=95.0)
            await until(lambda: w.badge == 1)
            told = AttentionRequired(source=ALERTS_SOURCE, data=Attention(reason="Busy"))
            other = AttentionRequired(source="alexos", data=Attention(reason="The link is gone."))
            await w.tower.append(told, other)
            await until(lambda: w.badge == 2)

    on_loop(work())


def test_what_is_in_view_needs_no_banner(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        grave = HOT.model_copy(update={"name": "grave", "title": "Grave", "metric": "memory", "severity": "critical"})
        async with whole(HOT, grave) as w:
            banner = w.alerts.herald.banner
            w.alarm.sample(7, cpu=95.0)
            await until(banner.isVisible)
            w.window.present("watchtower", {"page": "machine"})
            await until(lambda: not banner.isVisible())
            assert w.tower.view.page == "alerts"
            w.alarm.sample(7, cpu=95.0, memory=99.0)
            await until(lambda: len(w.tower.view.alerts.active.rows) == 2)
            await until(lambda: len(w.sounds) == 2)
            assert not banner.isVisible(), "what stands there already was told below it again"
            w.window.select_window("chat")
            w.alerts.herald._again.timeout.emit()
            assert banner.isVisible()
            assert "Grave" in banner.text

    on_loop(work())


def test_a_watchtower_in_a_window_of_its_own_shows_them_unless_it_is_minimized(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        grave = HOT.model_copy(update={"name": "grave", "title": "Grave", "metric": "memory", "severity": "critical"})
        async with whole(HOT, grave) as w:
            w.window.present("watchtower", {"page": "alerts"})
            w.window.pop_out("watchtower")
            top = w.tower.view.window()
            assert isinstance(top, PopOut)
            (own,) = top.findChildren(AlertBanner)
            w.alarm.sample(7, cpu=95.0)
            await until(lambda: len(w.sounds) == 1)
            assert not own.isVisible(), "what stands there already was told below it again"
            assert not w.alerts.herald.banner.isVisible()
            top.showMinimized()
            w.alarm.sample(7, cpu=95.0, memory=99.0)
            await until(w.alerts.herald.banner.isVisible)
            top.showNormal()
            w.alerts.herald.refresh()
            assert not w.alerts.herald.banner.isVisible()
            w.window.dock("watchtower")

    on_loop(work())


def test_undo_snooze_and_resolve_by_hand(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with whole(HOT) as w:
            banner, desk = w.alerts.herald.banner, w.alarm.desk
            w.alarm.sample(7, cpu=95.0)
            await until(banner.isVisible)
            await click(banner.acknowledge)
            await until(lambda: desk.active[0].state == "acknowledged")
            await until(lambda: w.window.messages.current is not None)
            message = w.window.messages.current
            assert message is not None
            assert message.action is not None
            message.action()
            await until(lambda: desk.active[0].state == "firing")
            await until(lambda: w.window.status.level == "amber")
            w.alerts.herald.deeds.snooze(desk.active, 60)
            await until(lambda: desk.active[0].state == "snoozed" and "alerts: snooze" not in w.tower.tasks.names)
            await until(lambda: not banner.isVisible())
            sounds = len(w.sounds)
            w.alarm.sample(62, cpu=95.0)
            await until(banner.isVisible)
            assert len(w.sounds) == sounds + 1, "after the snooze it is told again"
            w.alerts.herald.deeds.resolve(desk.active)
            await until(lambda: not desk.active)
            await until(lambda: not banner.isVisible())

    on_loop(work())


def test_quiet_hours_let_only_the_critical_ones_through(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        grave = HOT.model_copy(update={"name": "grave", "title": "Grave", "metric": "memory", "severity": "critical"})
        hours = QuietHours(clock_time("00:00"), clock_time("23:59"))
        async with whole(HOT, grave, hours=hours) as w:
            if not w.alarm.desk.quiet_until:
                pytest.skip("it is the one minute of the day that is not quiet")
            banner = w.alerts.herald.banner
            w.alarm.sample(7, cpu=95.0)
            await until(lambda: w.window.status.level == "amber")
            assert not banner.isVisible()
            assert w.sounds == []
            w.alarm.sample(7, cpu=95.0, memory=99.0)
            await until(banner.isVisible)
            assert "Grave" in banner.text
            await w.alarm.desk.mute(60, actor="device:panel")
            sounds = len(w.sounds)
            w.alerts.herald._again.timeout.emit()
            assert len(w.sounds) == sounds, "muted is muted"

    on_loop(work())


def test_a_rule_made_in_the_form_watches_at_once(whole: Open, on_loop: OnLoop, tmp_path: Path) -> None:
    async def work() -> None:
        async with whole() as w:
            w.window.present("watchtower", {"page": "alerts", "new_rule": True})
            editor = w.tower.view.alerts.rules.editor
            assert editor is not None
            form = editor.form
            await until(form.title.isVisible)
            QTest.keyClicks(form.title, "Memory is low")
            form.metric_field.line.setText("memory")
            form.value.setText("80")
            form.lasting.setText("0")
            form.condition.edit.setPlainText("cpu >")
            await click(editor.frame.save)
            assert form.rows["condition"].error, "an expression that does not parse was taken"
            assert editor.isVisible()
            form.condition.edit.setPlainText("cpu > 50.0")
            form.summary.setText("{value} of the memory")
            w.alarm.past.samples.extend(
                (time.time() - 50 + n, {"memory": 90.0 if n > 20 else 10.0, "cpu": 60.0}) for n in range(50)
            )
            await click(editor.frame.try_it)
            await until(editor.frame.trial.isVisible)
            assert "fired once" in editor.frame.trial.words
            await click(editor.frame.save)
            await until(lambda: any(state.rule.name == "memory-is-low" for state in w.alarm.desk.rules))
            assert "memory-is-low" in (tmp_path / "alarm" / "alert-rules.yaml").read_text()
            w.alarm.sample(2, memory=85.0, cpu=60.0)
            await until(w.alerts.herald.banner.isVisible)
            assert w.alerts.herald.banner.text == "Memory is low\n85 % of the memory"

    on_loop(work())


def test_every_shipped_rule_stands_in_the_form_as_it_is(whole: Open, on_loop: OnLoop) -> None:
    async def work() -> None:
        figures = {**{name: unit_of(name) for name in (*FIGURES, "queue:journal")}, **UNITS}
        async with whole(shipped=True, figures=figures) as w:
            rules = w.tower.view.alerts.rules
            assert len(w.alarm.desk.rules) > 10
            w.window.present("watchtower", {"page": "alerts", "part": "rules"})
            for state in w.alarm.desk.rules:
                rules.edit(state.rule.name)
                editor = rules.editor
                assert editor is not None
                read, wrong = editor.form.read()
                assert wrong == {}, (state.rule.name, wrong)
                assert read == state.rule
                assert not editor.changed

    on_loop(work())
