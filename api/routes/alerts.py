"""Alerts and what people do about them, the rules that make them, and the channels in which they are told.

Who wants to hear of alerts subscribes to the WebSocket: each change is an event (alert_fired, alert_acknowledged …).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from api.alert_schemas import (
    AlertDocument,
    AlertPage,
    AlertParameters,
    ChannelPage,
    Done,
    MuteDocument,
    MuteRequest,
    RuleBody,
    RuleDocument,
    RulePage,
    SnoozeRequest,
    TrialDocument,
)
from api.answers import json_answer
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import gone, parse_model, parse_query, read_object
from chainbot_desktop.core.errors import InvalidInput, NotFound, Unavailable
from chainbot_desktop.watch.alerts.delivery_messages import alert_json
from chainbot_desktop.watch.alerts.desk import Desk
from chainbot_desktop.watch.alerts.records import Alert, RuleState

_ALERTS = "/api/alerts"
_RULES = "/api/alert-rules"
_CHANNELS = "/api/alert-channels"


async def list_alerts(request: web.Request) -> web.Response:
    desk = _desk(request)
    asked = parse_query(request.query, AlertParameters)
    found: Sequence[Alert]
    if asked.state == "active":
        found = _of_active(desk.active, asked)
    elif asked.state == "pending":  # kept nowhere but in memory
        found = _of_active([alert for alert in desk.active if alert.state == "pending"], asked)
    else:
        found = await desk.history(before=asked.cursor, limit=asked.limit + 1, rule=asked.rule, state=asked.state)
    page = found[: asked.limit]
    more = page[-1].id if len(found) > asked.limit else None
    return json_answer({"items": [_document(a) for a in page], "next": more, "quiet_until": desk.quiet_until or None})


async def get_alert(request: web.Request) -> web.Response:
    return json_answer(_document(await _desk(request).alert(request.match_info["id"])))


async def acknowledge(request: web.Request) -> web.Response:
    return json_answer(_document(await _desk(request).acknowledge(request.match_info["id"], actor=ADMIN)))


async def unacknowledge(request: web.Request) -> web.Response:
    return json_answer(_document(await _desk(request).unacknowledge(request.match_info["id"], actor=ADMIN)))


async def snooze(request: web.Request) -> web.Response:
    wanted = parse_model(await read_object(request), SnoozeRequest)
    return json_answer(_document(await _desk(request).snooze(request.match_info["id"], wanted.seconds, actor=ADMIN)))


async def resolve(request: web.Request) -> web.Response:
    return json_answer(_document(await _desk(request).resolve(request.match_info["id"], actor=ADMIN)))


async def mute(request: web.Request) -> web.Response:
    desk = _desk(request)
    wanted = parse_model(await read_object(request), MuteRequest)
    await desk.mute(wanted.seconds, actor=ADMIN)
    return json_answer({"quiet_until": desk.quiet_until or None})


async def list_rules(request: web.Request) -> web.Response:
    desk = _desk(request)
    return json_answer(
        {
            "items": [_rule_document(state) for state in desk.rules],
            "problems": list(desk.rule_problems),
            "variables": dict(desk.variables),
            "metrics": list(desk.metrics),
        }
    )


async def get_rule(request: web.Request) -> web.Response:
    return json_answer(_rule_document(_rule(_desk(request), request.match_info["name"])))


async def put_rule(request: web.Request) -> web.Response:
    desk, name = _desk(request), request.match_info["name"]
    rule = parse_model({"name": name, **await read_object(request)}, RuleBody)
    if rule.name != name:
        raise InvalidInput(
            f"The rule is named {rule.name}, and the address {name[:100]}.", hint="A rule keeps its name.", code="another_name"
        )
    known = any(state.rule.name == name for state in desk.rules)
    return json_answer(_rule_document(await desk.save_rule(rule, actor=ADMIN)), 200 if known else 201)


async def delete_rule(request: web.Request) -> web.Response:
    desk, name = _desk(request), request.match_info["name"]
    await desk.remove_rule(name, actor=ADMIN)
    left = any(state.rule.name == name for state in desk.rules)
    message = f"The rule {name} is as it was shipped." if left else f"The rule {name} is gone."
    return json_answer({"status": "success", "message": message})


async def try_rule(request: web.Request) -> web.Response:
    rule = parse_model(await read_object(request), RuleBody)
    trial = await _desk(request).try_rule(rule, gone=lambda: gone(request))
    looks = [{"since": look.since, "until": look.until, "step": look.step} for look in trial.looks]
    return json_answer({"fired": list(trial.fired), "since": trial.since, "looks": looks, "note": trial.note})


async def list_channels(request: web.Request) -> web.Response:
    desk = _desk(request)
    channels = [
        {
            "name": channel.name,
            "kind": channel.kind,
            "target": channel.target,
            "enabled": channel.enabled,
            "refusal": channel.refusal or None,
            "last": channel.last or None,
        }
        for channel in desk.channels
    ]
    return json_answer({"items": channels, "quiet_until": desk.quiet_until or None})


async def test_channel(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    await _desk(request).test_channel(name, actor=ADMIN)
    return json_answer({"status": "success", "message": f"The channel {name} took a test message."})


def _desk(request: web.Request) -> Desk:
    found = request.app[SERVICES].alerts
    if found is None:
        raise Unavailable("This program has no alerts now.", code="no_alerts")
    return found


def _of_active(active: Sequence[Alert], asked: AlertParameters) -> Sequence[Alert]:
    """Those of the rule, after the page before."""
    alerts = [alert for alert in active if asked.rule in ("", alert.rule)]
    ids = [alert.id for alert in alerts]
    return alerts[ids.index(asked.cursor) + 1 :] if asked.cursor in ids else alerts


def _rule(desk: Desk, name: str) -> RuleState:
    for state in desk.rules:
        if state.rule.name == name:
            return state
    raise NotFound(f"There is no rule {name[:100]!r}.", hint=f"GET {_RULES} lists them.", code="no_such_rule")


def _document(alert: Alert) -> dict[str, Any]:
    said = ("fired_at", "resolved_at", "acknowledged_by", "acknowledged_at", "snoozed_until")
    return {
        **alert_json(alert),
        **{name: getattr(alert, name) or None for name in said},
        "cause": {"window": alert.cause.window, "content": dict(alert.cause.content)},
        "changed_at": alert.changed_at,
    }


def _rule_document(state: RuleState) -> dict[str, Any]:
    return {
        "rule": state.rule.model_dump(mode="json", by_alias=True),
        "origin": state.origin,
        "error": state.error or None,
        "last_fired_at": state.last_fired_at or None,
    }


_ID = {"id": "Id of the alert"}
_NAME = {"name": "Name of the rule"}
_CHANNEL = {"name": "Name of the channel"}
_BODY = (400, 404, 408, 409, 413, 415, 422, 503)
_ONE = (Answer("As it is now", AlertDocument),)
_RULE = (Answer("As it is now", RuleDocument),)

ENDPOINTS = (
    Endpoint(
        "GET", _ALERTS, list_alerts, "Alerts", "alerts", (Answer("", AlertPage),), query=AlertParameters, problems=(422, 503)
    ),
    Endpoint(
        "POST",
        _ALERTS + "/mute",
        mute,
        "Tell nobody of any alert for a while",
        "alerts",
        (Answer("", MuteDocument),),
        body=MuteRequest,
        problems=_BODY,
    ),
    Endpoint(
        "GET",
        _ALERTS + "/{id}",
        get_alert,
        "One alert",
        "alerts",
        (Answer("", AlertDocument),),
        problems=(404, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _ALERTS + "/{id}/acknowledge",
        acknowledge,
        "Somebody has seen it",
        "alerts",
        _ONE,
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _ALERTS + "/{id}/unacknowledge",
        unacknowledge,
        "Take that back: it fires again",
        "alerts",
        _ONE,
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _ALERTS + "/{id}/snooze",
        snooze,
        "Let it be quiet for a while",
        "alerts",
        _ONE,
        body=SnoozeRequest,
        problems=_BODY,
        parameters=_ID,
    ),
    Endpoint(
        "POST",
        _ALERTS + "/{id}/resolve",
        resolve,
        "Say that it is over",
        "alerts",
        _ONE,
        description="It fires again when its condition becomes true anew.",
        problems=(404, 409, 503),
        parameters=_ID,
    ),
    Endpoint("GET", _RULES, list_rules, "The rules of alerts", "alerts", (Answer("", RulePage),), problems=(503,)),
    Endpoint(
        "POST",
        _RULES + "/try",
        try_rule,
        "What a rule would have done",
        "alerts",
        (Answer("", TrialDocument),),
        description="With what is kept: figures by the second for an hour and by the minute for a week before, the newest events of "
        "its types, and the newest lines. `looks` says what that was. It takes seconds, 20 at most. Nothing is changed, and nobody "
        "is told.",
        body=RuleBody,
        problems=_BODY,
    ),
    Endpoint("GET", _RULES + "/{name}", get_rule, "One rule", "alerts", _RULE, problems=(404, 503), parameters=_NAME),
    Endpoint(
        "PUT",
        _RULES + "/{name}",
        put_rule,
        "Add a rule, or change it",
        "alerts",
        (Answer("Changed", RuleDocument), Answer("Added", RuleDocument, status=201)),
        body=RuleBody,
        problems=_BODY,
        parameters=_NAME,
    ),
    Endpoint(
        "DELETE",
        _RULES + "/{name}",
        delete_rule,
        "Take a rule away; a shipped one is as it was shipped again",
        "alerts",
        (Answer("", Done),),
        problems=(404, 409, 503),
        parameters=_NAME,
    ),
    Endpoint("GET", _CHANNELS, list_channels, "Where alerts are told", "alerts", (Answer("", ChannelPage),), problems=(503,)),
    Endpoint(
        "POST",
        _CHANNELS + "/{name}/test",
        test_channel,
        "Send a test message",
        "alerts",
        (Answer("It was taken", Done),),
        problems=(404, 422, 502, 503),
        parameters=_CHANNEL,
    ),
)
