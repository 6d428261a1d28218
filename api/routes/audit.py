"""The audit trail: who did what, when; the proof of its chain; and signed copies of it."""

from __future__ import annotations

import logging
from contextlib import aclosing
from typing import Any

from aiohttp import web

from api.answers import headers, json_answer, saved_as
from api.door import ADMIN
from api.endpoints import Answer, Endpoint
from api.export_proofs import ExportProof
from api.keys import DOOR, EXPORTS, SERVICES
from api.reading import parse_query
from api.routes.events import event_page
from api.schemas import AuditPage, ChainVerdict, EventParameters, ExportStretch, ProofParameters
from chainbot_desktop.core.errors import ChainBotError, NotFound, Unavailable
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ids import new_id
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.signed_exports import manifest_of
from chainbot_desktop.security.signing import public_pem
from chainbot_desktop.store.audit_export import AuditExport, Stretch
from chainbot_desktop.store.audit_forms import MEDIA_TYPES

_log = logging.getLogger(__name__)


def _audit_of(request: web.Request) -> AuditTrail:
    found = request.app[SERVICES].audit
    if found is None:
        raise Unavailable("This program has no audit trail of its own.")
    return found


async def audit_trail(request: web.Request) -> web.Response:
    return await event_page(request, _audit_entry)


def _audit_entry(recorded: Recorded[Event]) -> dict[str, Any]:
    envelope = recorded.envelope()
    named = ("seq", "id", "time", "actor", "subject", "source", "severity", "requires_attention", "prev_hash", "hash")
    return {**{name: envelope[name] for name in named}, "action": envelope["type"], "details": envelope["data"]}


async def verify(request: web.Request) -> web.Response:
    # The trail does one long thing at a time: a second caller waits for the first.
    report = await _audit_of(request).verify(actor=ADMIN)
    return json_answer({"ok": report.ok, "checked": report.checked, "broken_at": report.broken_at, "reason": report.reason})


async def export(request: web.Request) -> web.StreamResponse:
    trail = _audit_of(request)
    asked = parse_query(request.query, ExportStretch)
    wanted = trail.new_export(asked.format, Stretch(asked.first, asked.last, asked.after, asked.before))
    export_id, name = new_id(), f"audit.{asked.format}"
    response = web.StreamResponse(
        headers=headers(MEDIA_TYPES[asked.format], Content_Disposition=saved_as(name), X_Audit_Export=export_id)
    )
    async with aclosing(trail.stream(wanted)) as pieces:
        first = await anext(pieces)  # what cannot be exported is an ordinary error
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        may_stay = request.app[DOOR].stay(request)
        try:
            await response.write(first)
            async for piece in pieces:
                if not may_stay():
                    raise ConnectionResetError
                await response.write(piece)
            await _keep_proof(request, trail, wanted, export_id, name)
            await response.write_eof()
        except (ChainBotError, ConnectionError) as error:
            # Half an export must not look like a whole one: the connection is cut before the end that every whole one has.
            _log.warning("an export of the audit trail broke off: %s", error)
            if request.transport is not None:
                request.transport.abort()
    return response


async def _keep_proof(request: web.Request, trail: AuditTrail, done: AuditExport, export_id: str, name: str) -> None:
    assert done.summary is not None
    signer = await trail.signer()
    manifest = manifest_of(done.summary, name, signer)
    proof = ExportProof(manifest, signer.sign_bytes(manifest).encode() + b"\n", public_pem(signer.public))
    await trail.note_export(done.summary, ADMIN)
    request.app[EXPORTS].keep(export_id, proof)


async def proof_of_export(request: web.Request) -> web.Response:
    asked = parse_query(request.query, ProofParameters)
    found = request.app[EXPORTS].get(asked.id)
    if found is None:
        raise NotFound(
            "There is no such export.",
            hint="Its proof is there when its stream has ended, until the program stops. Export again.",
        )
    body, media_type = {
        "manifest": (found.manifest, "application/json"),
        "signature": (found.signature, "text/plain; charset=utf-8"),
        "key": (found.key, "application/x-pem-file"),
    }[asked.part]
    return web.Response(body=body, headers=headers(media_type))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/audit",
        audit_trail,
        "The audit trail: who did what, when",
        "audit",
        (Answer("", AuditPage),),
        query=EventParameters,
        problems=(422, 503),
    ),
    Endpoint(
        "GET",
        "/api/audit/verify",
        verify,
        "Recompute the hash chain",
        "audit",
        (Answer("", ChainVerdict),),
        description="The whole journal, against the signed checkpoints: seconds for a million events. One at a time.",
        problems=(503,),
    ),
    Endpoint(
        "GET",
        "/api/audit/export",
        export,
        "A copy of the audit trail, or of a stretch of it",
        "audit",
        (
            Answer("An event a line, exactly as it was hashed, with its hashes", None, "application/x-ndjson"),
            Answer("A row an event; a cell that could be a formula begins with an apostrophe", None, "text/csv"),
        ),
        description=(
            "Streamed. `X-Audit-Export` names it: /api/audit/export/manifest gives its signed manifest once the stream has ended. "
            "`chainbot-desktop audit verify FILE` proves the four files together."
        ),
        query=ExportStretch,
        problems=(404, 409, 422, 503),
    ),
    Endpoint(
        "GET",
        "/api/audit/export/manifest",
        proof_of_export,
        "The proof of an export: its manifest, the signature (Ed25519, base64) over the bytes of the manifest, or the public key",
        "audit",
        (
            Answer("The manifest", None, "application/json"),
            Answer("The signature", None, "text/plain"),
            Answer("The key", None, "application/x-pem-file"),
        ),
        query=ProofParameters,
        problems=(404, 422),
    ),
)
