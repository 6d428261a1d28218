"""Alerts over HTTP: what fires, what people do about it, the rules, and where it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Any, cast

import pytest

from chainbot_desktop.watch.alerts.trial import try_rule
from chainbot_desktop.watch.alerts.trial_figures import Shown
from tests.api.house import House
from tests.api.test_conversations import call
from tests.helpers.alert_desks import WrittenPast
from tests.helpers.alexos import until

ALERTS, RULES, CHANNELS = "/api/alerts", "/api/alert-rules", "/api/alert-channels"
RULE = {
    "title": "Somebody reported",
    "kind": "event",
    "event": "external_event_received",
    "group_by": ["event.data.event_type"],
    "summary": "{event.data.event_type}",
    "for": 0,
}


async def fire(house: House, *names: str) -> list[dict[str, Any]]:
    """Let a rule fire once for each name; the alerts, the newest first."""
    status, made = await call(house, "PUT", f"{RULES}/of-a-test", RULE)
    assert status in (200, 201), made
    for name in names:
        await house.post("/api/webhooks/chainbot/event", {"event_type": name})
    return (await house.get(f"{ALERTS}?state=active"))["items"]  # type: ignore[no-any-return]


async def test_an_alert_is_acknowledged_taken_back_snoozed_and_resolved(house: House) -> None:
    [alert] = await fire(house, "smoke")
    path = f"{ALERTS}/{alert['id']}"
    assert (alert["state"], alert["summary"], alert["labels"]) == ("firing", "smoke", {"event_type": "smoke"})
    assert alert["cause"]["content"]["page"] == "events"
    assert (await house.get(path)) == alert
    status, acknowledged = await call(house, "POST", f"{path}/acknowledge")
    assert (status, acknowledged["state"], acknowledged["acknowledged_by"]) == (200, "acknowledged", "user:admin")
    assert (await call(house, "POST", f"{path}/unacknowledge"))[1]["state"] == "firing"
    assert (await call(house, "POST", f"{path}/unacknowledge"))[0] == 409
    status, snoozed = await call(house, "POST", f"{path}/snooze", {"seconds": 600})
    assert (status, snoozed["state"]) == (200, "snoozed")
    assert snoozed["snoozed_until"] > snoozed["changed_at"]
    assert (await call(house, "POST", f"{path}/snooze", {"seconds": 10**9}))[0] == 422
    assert (await call(house, "POST", f"{path}/resolve"))[1]["state"] == "resolved"
    status, problem = await call(house, "POST", f"{path}/acknowledge")
    assert (status, problem["code"]) == (409, "alert_resolved")
    assert (await house.get(f"{ALERTS}?state=active"))["items"] == []
    assert (await call(house, "POST", f"{ALERTS}/none/acknowledge"))[0] == 404
    types = [event["type"] for event in (await house.get("/api/events?subject=" + alert["id"]))["items"]]
    assert types == ["alert_fired", "alert_acknowledged", "alert_fired", "alert_snoozed", "alert_resolved"]


async def test_the_history_is_read_a_page_at_a_time(house: House) -> None:
    for alert in await fire(house, "one", "two", "three"):
        await call(house, "POST", f"{ALERTS}/{alert['id']}/resolve")
    first = await house.get(f"{ALERTS}?state=resolved&rule=of-a-test&limit=2")
    rest = await house.get(f"{ALERTS}?state=resolved&rule=of-a-test&limit=2&cursor={first['next']}")
    assert [alert["summary"] for alert in first["items"] + rest["items"]] == ["three", "two", "one"]
    assert rest["next"] is None
    assert (await house.get(f"{ALERTS}?rule=another"))["items"] == []


async def test_rules_are_listed_changed_tried_and_taken_away(house: House) -> None:
    page = await house.get(RULES)
    assert {item["origin"] for item in page["items"]} == {"shipped"}
    assert "event.data" in page["variables"]
    hot = next(item["rule"] for item in page["items"] if item["rule"]["name"] == "cpu-busy")
    status, changed = await call(house, "PUT", f"{RULES}/cpu-busy", {**hot, "value": 80, "clear": 70})
    assert (status, changed["origin"], changed["rule"]["value"]) == (200, "changed", 80)
    assert (await house.get(f"{RULES}/cpu-busy")) == changed
    status, done = await call(house, "DELETE", f"{RULES}/cpu-busy")
    assert (status, done["message"]) == (200, "The rule cpu-busy is as it was shipped.")
    assert (await call(house, "DELETE", f"{RULES}/cpu-busy"))[0] == 409
    assert (await call(house, "DELETE", f"{RULES}/nothing"))[0] == 404
    status, trial = await call(house, "POST", f"{RULES}/try", {**hot})
    assert (status, trial["fired"], trial["looks"]) == (200, [], []), "nothing is measured in this house"
    await house.post("/api/webhooks/chainbot/event", {"event_type": "smoke"})
    assert (await call(house, "PUT", f"{RULES}/mine", {**RULE, "name": "another"}))[0] == 422


async def test_a_trial_ends_with_the_caller_who_hung_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = (await house.get(f"{RULES}/cpu-busy"))["rule"]
    begun = threading.Event()

    def endless(*_: object) -> Iterator[Shown]:
        for second in count():
            begun.set()
            yield Shown(float(second), float(second), {"cpu": 1.0})

    desk = house.services.alerts
    assert desk is not None
    past = cast(WrittenPast, desk._past)
    past.samples.append((1_800_000_000.0, {"cpu": 1.0}))
    with monkeypatch.context() as patched:
        patched.setattr("chainbot_desktop.watch.alerts.trial.shown", endless)
        patched.setattr("chainbot_desktop.watch.alerts.desk.try_rule", partial(try_rule, longest=1e9))
        asking = asyncio.ensure_future(call(house, "POST", f"{RULES}/try", hot))
        await until(begun.is_set)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(60):  # one is tried at a time
        status, trial = await call(house, "POST", f"{RULES}/try", hot)
    assert (status, [look["step"] for look in trial["looks"]]) == (200, [1])


async def test_a_rule_that_means_nothing_is_refused_with_what_is_wrong(house: House) -> None:
    for change, word in (
        ({"condition": "event.data.state =="}, "condition"),
        ({"condition": "nothing > 1"}, "no variable nothing"),
        ({"event": "nothing_of_the_kind"}, "no events of the type"),
        ({"kind": "log", "event": "", "log": "("}, "expression"),
        ({"group_by": ["log.text"]}, "to group by"),
        ({"notify": ["nobody"]}, "no channel nobody"),
        ({"summary": "{nothing}"}, "could stand there"),
    ):
        status, problem = await call(house, "PUT", f"{RULES}/mine", {**RULE, **change})
        assert status == 422, change
        assert word in problem["detail"], problem
    assert (await call(house, "PUT", f"{RULES}/Bad Name", RULE))[0] == 422
    assert all(item["origin"] == "shipped" for item in (await house.get(RULES))["items"])


async def test_alerts_are_muted_and_channels_listed(house: House) -> None:
    [panel] = (await house.get(CHANNELS))["items"]
    assert (panel["name"], panel["enabled"], panel["refusal"]) == ("panel", True, None)
    status, muted = await call(house, "POST", f"{ALERTS}/mute", {"seconds": 60})
    assert status == 200
    assert muted["quiet_until"] == (await house.get(ALERTS))["quiet_until"] or muted["quiet_until"]
    assert (await call(house, "POST", f"{ALERTS}/mute", {"seconds": 0}))[1] == {"quiet_until": None}
    assert (await call(house, "POST", f"{CHANNELS}/panel/test"))[0] == 422
    assert (await call(house, "POST", f"{CHANNELS}/nobody/test"))[0] == 404
