"""The Alerts page with nothing, one, twelve and three hundred alerts, long texts and wrong fields: for a person to look at."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.watch.alerts.records import Look, RuleState, Trial
from tests.ui.watchtower.alerts.acting import click, tap_row
from tests.ui.watchtower.alerts.desk import MemoryDesk, ago, rule
from tests.ui.watchtower.conftest import Build, Tower, until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
LONG = "A very long sentence that nobody would write by hand and a program does, with a path /srv/data/volumes/0001/backup " * 3
TRIAL_NOTE = (
    "Older figures are kept by the minute only, and “for: 30 s” cannot be judged to the second in them: "
    "a minute counts if every second of it was so, and what filled no whole minute is not seen."
)
pytestmark = [
    pytest.mark.screens,
    pytest.mark.parametrize("theme", ["dark", "light"]),
    pytest.mark.parametrize("size", [(720, 452), (1200, 772)], ids=["800", "1280"]),
]

RULES = (
    rule(),
    rule("memory-low", title="Memory is low", metric="memory", severity="critical"),
    rule("disk-full", title="The disk of the data folder is almost full", metric="disk", value=92, severity="critical"),
    rule("hot", title="The machine is hot", metric="temperature", value=80),
    rule(
        "agent-failed",
        title="An agent failed",
        kind="event",
        metric="",
        event="agent_terminated",
        condition="state == 'failed'",
    ),
    rule(
        "backup-old", title="No backup for a day", kind="absence", metric="", event="backup_made", within=86_400, enabled=False
    ),
    rule("login", title="Somebody tries passwords", kind="rate", metric="", log="login failed", value=5, within=300, notify=()),
    rule("link", title="ALEX OS does not answer", kind="condition", metric="", condition="link.state != 'registered'"),
)


def twelve(desk: MemoryDesk) -> None:
    desk.fire(
        "disk-full", value=97.84, summary="The disk of the data folder is 97.8 % full.", labels={"disk": "/srv"}, since=ago(40)
    )
    desk.fire("memory-low", value=96.1, summary="96 % of the memory is used.", since=ago(3700), flapping=True)
    desk.fire(labels={"core": "0"})
    desk.fire("hot", value=84.25, summary="The processor is at 84 °C.", since=ago(7000))
    desk.fire(
        "agent-failed", value=None, summary=LONG, labels={"agent": "The release agent of the northern branch", "kind": "coder"}
    )
    desk.fire(
        "link", value=None, title=LONG[:190], summary="The link to ALEX OS is retrying: nobody answers.", since=ago(90_000)
    )
    desk.fire("login", severity="info", value=17.0, summary="17 failed logins within 5 min.", labels={"address": "10.0.0.7"})
    desk.fire(state="acknowledged", acknowledged_by="user:ada", labels={"core": "1"}, since=ago(4000))
    desk.fire(state="snoozed", snoozed_until=ago(-3600), labels={"core": "2"}, since=ago(5000))
    desk.fire(state="pending", labels={"core": "3"}, since=ago(20), fired_at="")
    desk.fire("hot", state="acknowledged", acknowledged_by="device:panel", value=81.0, since=ago(400_000))
    desk.fire("backup-old", value=None, summary="No backup was made for 1 d.", since=ago(100_000))


def three_hundred(desk: MemoryDesk) -> None:
    twelve(desk)
    for number in range(288):
        desk.fire(labels={"agent": f"worker-{number}"}, since=ago(5000 - number), value=90 + number / 100)


def shot(t: Tower, shoot: Any, name: str, size: tuple[int, int], theme: str) -> None:
    QApplication.processEvents()
    picture = QImage(str(shoot(t.view, f"alerts-{name}-{'800' if size[0] < 1000 else '1280'}-{theme}")))
    assert (picture.width(), picture.height()) == size


@pytest.mark.parametrize("count", [0, 1, 12, 300])
def test_active(
    tower: Build, on_loop: OnLoop, theme_source: ThemeSource, shoot: Any, theme: Any, size: tuple[int, int], count: int
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        desk = MemoryDesk(*RULES)
        fill: dict[int, Callable[[MemoryDesk], object]] = {1: lambda d: d.fire(), 12: twelve, 300: three_hundred}
        if count in fill:
            fill[count](desk)
        async with tower(*size, alerts=desk) as t:
            t.view.show_page("alerts")
            part = t.view.alerts.active
            await asyncio.sleep(0.2)
            shot(t, shoot, f"active-{count}", size, theme)
            if count == 12:
                await desk.mute(3600, actor="user:ada")
                await click(part.several)
                tap_row(part.list, 0)
                tap_row(part.list, 2)
                shot(t, shoot, "selecting", size, theme)
                part.select(False)
                for index in (0, 5):
                    t.view.present({"page": "alerts", "alert_id": [*desk.alerts][index]})
                    await until(lambda: part.side.is_open)
                    await asyncio.sleep(0.2)
                    shot(t, shoot, f"details-{index}", size, theme)
                part.side.details._on_snooze()
                await asyncio.sleep(0.2)
                shot(t, shoot, "snooze", size, theme)
            if count == 300:
                index = next(at for at, line in enumerate(part.rows.lines) if not hasattr(line, "alert"))
                part._on_opened(index)
                part.list.set_current(index)
                shot(t, shoot, "group-open", size, theme)

    on_loop(work())


def test_history_rules_channels(
    tower: Build, on_loop: OnLoop, theme_source: ThemeSource, shoot: Any, theme: Any, size: tuple[int, int]
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        desk = MemoryDesk(*RULES)
        for number in range(40):
            begun = 400_000 - number * 9000
            state = "acknowledged" if number == 39 else "resolved"
            resolved = ago(begun - 37 * (number + 1)) if state == "resolved" else ""
            desk.fire(RULES[number % 8].name, state=state, since=ago(begun), fired_at=ago(begun), resolved_at=resolved)
        desk._rules["hot"] = RuleState(RULES[3], "changed", error="There is no figure 'temperature' on this machine.")
        desk._rules["login"] = RuleState(RULES[6], "own", last_fired_at=ago(7200))
        async with tower(*size, alerts=desk) as t:
            page = t.view.alerts
            for part in ("history", "rules", "channels"):
                t.view.present({"page": "alerts", "part": part})
                await asyncio.sleep(0.2)
                shot(t, shoot, part, size, theme)
            t.view.present({"page": "alerts", "part": "history"})
            await click(page.history.choose)
            await asyncio.sleep(0.1)
            shot(t, shoot, "history-filter", size, theme)

    on_loop(work())


def test_form(tower: Build, on_loop: OnLoop, theme_source: ThemeSource, shoot: Any, theme: Any, size: tuple[int, int]) -> None:
    async def work() -> None:
        theme_source.select(theme)
        desk = MemoryDesk(*RULES)
        now = time.time()
        looks = (Look(now - 7 * 86_400, now - 3600, 60), Look(now - 3600, now, 1))
        desk.trial = Trial(tuple(now - 3600 * n * n for n in range(1, 12)), now - 7 * 86_400, TRIAL_NOTE, looks)
        async with tower(*size, alerts=desk) as t:
            t.view.present({"page": "alerts", "rule": "cpu-busy"})
            editor = t.view.alerts.rules.editor
            assert editor is not None
            await click(editor.frame.try_it)
            await until(editor.frame.trial.isVisible)
            shot(t, shoot, "form", size, theme)
            bar = editor.frame._area.verticalScrollBar()
            bar.setValue(bar.maximum() // 2)
            shot(t, shoot, "form-middle", size, theme)
            bar.setValue(bar.maximum())
            editor.form.notify.whom.chosen.emit("some")
            shot(t, shoot, "form-end", size, theme)
            await click(editor.frame.yaml_chip)
            shot(t, shoot, "yaml", size, theme)
            editor.frame.yaml.setPlainText("name: x\ntitle: [")
            await until(lambda: "not YAML" in editor.frame.problem)
            shot(t, shoot, "yaml-wrong", size, theme)
            editor._close()
            t.view.present({"page": "alerts", "new_rule": True})
            await click(editor.frame.save)
            editor.form.value.setText("lots")
            await until(lambda: bool(editor.form.rows["value"].error))
            await asyncio.sleep(0.2)
            shot(t, shoot, "form-wrong", size, theme)
            await click(editor.form.metric_field.button)
            await asyncio.sleep(0.1)
            shot(t, shoot, "choice", size, theme)

    on_loop(work())
