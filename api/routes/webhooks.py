"""What the other programs of the house post. The hottest path of the server: read, hand over, answer."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer, json_bytes
from api.border import BAD_BODY, WEBHOOKS
from api.endpoints import Access, Answer, Endpoint, Handler
from api.keys import CALLER, SERVICES
from api.reading import read_body
from api.routes.health import report
from api.schemas import Accepted, HealthReport, WebhookList
from chainbot_desktop.alexos.webhooks import KINDS, Kind
from chainbot_desktop.core.errors import ChainBotError


def _accept(kind: Kind) -> Handler:
    path = kind.path
    # Ids and numbers need no escaping: the answer is cut from a mould.
    mould = b'{"status":"success","message":"%s","event_id":"%%s","seq":%%d}' % kind.message.encode()

    async def accept(request: web.Request) -> web.Response:
        intake = request.app[SERVICES].intake
        try:
            body = await read_body(request)
        except ChainBotError as error:
            intake.turn_away(path, request[CALLER].id, error.http_status, error.message)
            raise
        except (web.RequestPayloadError, ConnectionError):
            intake.turn_away(path, request[CALLER].id, 400, BAD_BODY)
            raise
        headers = request.headers
        key = headers.get("webhook-id") or headers.get("Idempotency-Key")
        recorded = await intake.accept(path, body, request[CALLER], key)
        return json_bytes(mould % (recorded.event.id.encode(), recorded.seq))

    return accept


async def own_health(request: web.Request) -> web.Response:
    return json_answer(report(request.app[SERVICES]))


async def list_webhooks(request: web.Request) -> web.Response:
    return json_answer({"webhooks": [_row(kind) for kind in KINDS.values()]})


def _row(kind: Kind) -> dict[str, object]:
    fields = kind.fact.model_fields
    return {
        "path": f"{WEBHOOKS}/{kind.path}",
        "method": "POST",
        "event_type": kind.event.model_fields["type"].default,
        "required": [name for name, field in fields.items() if field.is_required()],
        "fields": list(fields),
    }


def _endpoint(kind: Kind) -> Endpoint:
    return Endpoint(
        "POST",
        f"{WEBHOOKS}/{kind.path}",
        _accept(kind),
        f"Webhook {kind.path}",
        "webhooks",
        (Answer("On disk", Accepted),),
        access=Access.WEBHOOK,
        description="Fields that are not listed are kept. The same delivery (webhook-id, Idempotency-Key or event_id) answers the same.",
        body=kind.fact,
        problems=(400, 408, 413, 415, 422, 503),
    )


ENDPOINTS = (
    Endpoint("GET", WEBHOOKS, list_webhooks, "The webhooks there are", "webhooks", (Answer("", WebhookList),)),
    *(_endpoint(kind) for kind in KINDS.values()),
    *(
        Endpoint("GET", f"{WEBHOOKS}/{name}", own_health, f"Our own {name} report", "webhooks", (Answer("", HealthReport),))
        for name in ("health", "status")
    ),
)
