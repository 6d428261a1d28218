"""Runs, definitions, approvals and messages as the JSON documents of the API."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from chainbot_desktop.agents.documents import runtime_document
from chainbot_desktop.agents.entanglements.messages import NO_ANSWER_YET, Delivered, Refused
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.agents.vitals import Figures
from chainbot_desktop.store.agent_rows import AgentMessage, AgentRow, ApprovalRow, RunRow


def definition_document(row: AgentRow, live: LiveAgent) -> dict[str, Any]:
    return {
        "agent_id": row.id,
        "name": row.name,
        "agent_type": row.kind,
        "config": dict(row.config),
        "created_at": row.created_at,
        "status": live.state,
    }


def status_document(live: LiveAgent, figures: Figures | None) -> dict[str, Any]:
    """`figures` are None where nobody measures them."""
    said = runtime_document(live)
    return {
        "agent_id": live.id,
        "name": live.name,
        "agent_type": live.kind,
        "status": live.state,
        **said,
        "cpu_percent": figures.cpu_percent if figures is not None else None,
        "memory_bytes": figures.memory_bytes if figures is not None else None,
    }


def run_document(row: RunRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "agent_id": row.agent_id,
        "task": row.task,
        "actor": row.actor,
        "state": row.state,
        "started_at": row.started_at,
        "ended_at": row.ended_at or None,
        "result": row.result,
        "reason": row.reason,
        "context": dict(row.context),
        "parent_run_id": row.parent_id or None,
        "depth": row.depth,
        "conversation_id": row.conversation_id or None,
        "usage": {"input_tokens": row.input_tokens, "output_tokens": row.output_tokens, "cost": row.cost},
    }


def conversation_messages(row: RunRow) -> list[dict[str, Any]]:
    """A run as what was asked and what was answered."""
    of_run = {"run_id": row.id, "state": row.state, "conversation_id": row.conversation_id or None}
    asked = {"role": "user", "content": row.task, "timestamp": row.started_at, **of_run}
    if not row.ended_at:
        return [asked]
    content = row.result if row.state == "succeeded" else row.reason
    return [asked, {**asked, "role": "assistant", "content": content, "timestamp": row.ended_at}]


def approval_document(row: ApprovalRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "nonce": row.nonce,
        "run_id": row.run_id,
        "agent_id": row.agent_id,
        "agent_name": row.agent_name,
        "tool": row.tool,
        "title": row.title,
        "detail": row.detail,
        "detail_kind": row.detail_kind,
        "why": row.why,
        "touches": list(row.touches),
        "sandboxed": row.sandboxed,
        "for_run": bool(row.scope) and row.detail_kind != "question",
        "state": row.state,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "decided_at": row.decided_at or None,
        "decided_by": row.decided_by or None,
        "answer": row.answer,
    }


def message_document(message: AgentMessage, unanswered: Collection[str] = ()) -> dict[str, Any]:
    """`unanswered` are the ids of those that a guest was sent and has not answered."""
    return {
        "number": message.number,
        "id": message.id,
        "sender": message.sender,
        "recipient": message.recipient,
        "kind": message.kind,
        "text": message.text,
        "run_id": message.run_id or None,
        "created_at": message.created_at,
        "in_reply_to": message.in_reply_to or None,
        "note": NO_ANSWER_YET if message.id in unanswered else "",
    }


def delivery_document(delivered: Delivered) -> dict[str, Any]:
    return {
        "message_id": delivered.message_id,
        "recipient": delivered.recipient,
        "run_id": delivered.run_id or None,
        "note": delivered.note,
    }


def refusal_document(refused: Refused) -> dict[str, Any]:
    return {"recipient": refused.recipient, "reason": refused.reason}
