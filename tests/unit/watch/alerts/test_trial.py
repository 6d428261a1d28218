"""What a rule would have done with what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chainbot_desktop.core.events import ExternalEventReceived
from chainbot_desktop.core.events.envelope import Recorded
from chainbot_desktop.core.events.webhooks import ExternalFact
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.scopes import Figures
from chainbot_desktop.watch.alerts.trial import try_rule
from chainbot_desktop.watch.logs.document import LogRow
from tests.helpers.alert_desks import FIGURES, WrittenPast

BEGAN = 1_800_000_000.0


def rule(kind: Any, **values: Any) -> AlertRule:
    return AlertRule(name="r", title="R", kind=kind, **values)


def event(seconds: float, event_type: str = "x") -> Recorded[Any]:
    time = format_time(datetime.fromtimestamp(BEGAN, UTC) + timedelta(seconds=seconds))
    return Recorded(1, ExternalEventReceived(time=time, data=ExternalFact(event_type=event_type)), "", "")


async def test_a_threshold_over_an_hour_of_samples_with_a_gap() -> None:
    values = [50.0] * 100 + [95.0] * 100 + [50.0] * 100 + [95.0] * 20
    samples: list[tuple[float, Figures]] = [(BEGAN + second, {"cpu": value}) for second, value in enumerate(values)]
    samples += [(BEGAN + 30_000 + second, {"cpu": 95.0}) for second in range(20)]
    trial = await try_rule(rule("threshold", metric="cpu", value=90, seconds=30), WrittenPast(samples), FIGURES)
    # The machine slept between the last two stretches: twenty seconds and twenty more are thirty at the tenth.
    assert trial.fired[0] == BEGAN + 130
    assert [round(moment - BEGAN) for moment in trial.fired[1:]] == [30_011]
    assert trial.since == BEGAN


async def test_events_days_apart_fire_each_time() -> None:
    day = 86_400.0
    past = WrittenPast(recorded=[event(0), event(5), event(day), event(2 * day, "other")])
    found = await try_rule(
        rule("event", event="external_event_received", condition='event.data.event_type == "x"'), past, FIGURES
    )
    assert [moment - BEGAN for moment in found.fired] == [0.0, day]
    rate = await try_rule(rule("rate", event="external_event_received", value=1, within=60), past, FIGURES)
    assert [moment - BEGAN for moment in rate.fired] == [5.0]
    absence = await try_rule(rule("absence", event="external_event_received", within=3600), past, FIGURES)
    assert len(absence.fired) == 2


async def test_lines_and_nothing_at_all() -> None:
    rows = [LogRow(n, BEGAN + n, 40, "program", "app", f"line {n}") for n in range(10)]
    trial = await try_rule(rule("log", log=r"line [37]$", resolve_after=1), WrittenPast(rows=rows), FIGURES)
    assert [moment - BEGAN for moment in trial.fired] == [3.0, 7.0]
    empty = await try_rule(rule("log", log="line"), WrittenPast(), FIGURES)
    assert (empty.fired, empty.note) == ((), "Nothing is kept yet of what it looks at.")
