"""The tables as SQLAlchemy sees them. How a database gets them is `migrations/`'s business; a test compares the two."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

JOURNAL_INDEXES = {
    "ix_journal_id": ("json_extract(envelope, '$.id')",),
    "ix_journal_type_seq": ("json_extract(envelope, '$.type')", "seq"),
    "ix_journal_subject_seq": ("json_extract(envelope, '$.subject')", "seq"),
    "ix_journal_actor_seq": ("json_extract(envelope, '$.actor')", "seq"),
    "ix_journal_time": ("json_extract(envelope, '$.time')",),
    "ix_journal_severe": ("json_extract(envelope, '$.severity')", "seq"),
    "ix_journal_attention": ("seq",),
}
"""Names and terms. The view `events` has the same terms, letter by letter: only so SQLite uses the index."""
JOURNAL_INDEX_CONDITIONS = {
    "ix_journal_severe": "json_extract(envelope, '$.severity') IN ('warning', 'error', 'critical')",
    "ix_journal_attention": "json_extract(envelope, '$.requires_attention') = 1",
}
"""Of the few that are looked for, so that the many cost nothing. Who asks says the same condition as well."""

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("envelope", Text, nullable=False),
    Column("prev_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    *(
        Index(
            name,
            *(term if term == "seq" else text(term) for term in terms),
            unique=name == "ix_journal_id",
            sqlite_where=text(JOURNAL_INDEX_CONDITIONS[name]) if name in JOURNAL_INDEX_CONDITIONS else None,
        )
        for name, terms in JOURNAL_INDEXES.items()
    ),
)
"""`envelope` is the text that was hashed after `prev_hash`. What it says stands nowhere else: nothing has to be compared with it."""

events = Table(
    "events",
    MetaData(),
    *(Column(column.name, column.type) for column in journal.columns),
    Column("id", String(36)),
    Column("time", String(27)),
    Column("type", String(300)),
    Column("version", Integer),
    Column("source", String(300)),
    Column("severity", String(10)),
    Column("subject", String(300)),
    Column("actor", String(220)),
    Column("requires_attention", Boolean),
    Column("data", Text),
)
"""A view of `journal`: what the envelopes say, to be asked for. `data` is JSON.

For what has no index, such as `source`, every event's JSON is looked into: two seconds for a million.
"""

SEVERE, URGENT = (text(f"({JOURNAL_INDEX_CONDITIONS[name]})") for name in ("ix_journal_severe", "ix_journal_attention"))

journal_marks = Table(
    "journal_marks",
    metadata,
    Column("name", String(50), primary_key=True),
    Column("seq", Integer, nullable=False),
)
"""How far derived indexes have come: `text` is the last `seq` in the full-text index `events_text` (FTS5)."""

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", String(300), primary_key=True),
    Column("key", String(300), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("recorded_at", Float, nullable=False),
    Index("ix_idempotency_keys_recorded_at", "recorded_at"),
)
"""`recorded_at` in seconds since the epoch; a key counts for seven days."""

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("stored_at", String(27), nullable=False),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("state", JSON, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("value", JSON, nullable=False),
)

outbox_positions = Table(
    "outbox_positions",
    metadata,
    Column("destination", String(300), primary_key=True),
    Column("seq", Integer, nullable=False),
)
"""Up to which `seq` the journal's public events have become deliveries to a destination."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("destination", String(300), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("event_id", String(36), nullable=False),
    Column("event_type", String(300), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("status_code", Integer, nullable=True),
    Column("answer", Text, nullable=False),
    Index("ix_deliveries_state", "destination", "state", "seq"),
)
"""State: pending | delivered | given_up. `answer` is the beginning of what the other side said last."""

dialects = Table(
    "dialects",
    metadata,
    Column("registry_url", String(300), primary_key=True),
    Column("name", String(50), nullable=False),
    Column("rows", JSON, nullable=False),
    Column("detected_at", String(27), nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("draft", Text, nullable=False),
    Column("read_through", Integer, nullable=False),
    Column("lead", String(200), nullable=False, server_default=""),
    Column("branched_from", String(36), nullable=False, server_default=""),
    Column("branched_at", Integer, nullable=False, server_default="0"),
    Column("cleared_through", Integer, nullable=False, server_default="0"),
    Column("named_by", String(10), nullable=False, server_default=""),
    Column("turn_order", String(20), nullable=False, server_default="lead"),
    Column("members", JSON, nullable=False, server_default="[]"),
    Column("recall", JSON, nullable=False, server_default="{}"),
    Index("ix_conversations_updated_at", "updated_at"),
    Index("ix_conversations_branched_from", "branched_from"),
)
"""`read_through` is the `number` of the last message that was shown, `lead` the agent that is meant where none is named.

A branch has the messages of `branched_from` up to number `branched_at` (and what that has from its own stem), and its own after
them; nothing is copied. `cleared_through`: messages up to this number are not its any more. `named_by`: "" | words | model | person.
`turn_order`: lead | round_robin | all, among the agents of `members` (ids). `recall` is how it recalls (see `chat.recall`).
"""

messages = Table(
    "messages",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False),
    Column("conversation_id", String(36), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("author", String(220), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("detail", JSON, nullable=False, server_default="{}"),
    Column("thread", String(36), nullable=False, server_default=""),
    Index("ix_messages_id", "id", unique=True),
    Index("ix_messages_conversation", "conversation_id", "number"),
    Index("ix_messages_thread", "conversation_id", "thread", "number"),
    sqlite_autoincrement=True,
)
"""`number` orders messages and is never used twice. Full text in `messages_text` (FTS5), kept by triggers.

`detail` is what an agent's answer has besides its text: its run, how it came about. `thread` is the run whose delegation a message
belongs to; "" is the conversation itself.
"""

memories = Table(
    "memories",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String(220), nullable=False),
    Column("conversation_id", String(36), nullable=False),
    Column("created_at", String(27), nullable=False),
    Index("ix_memories_id", "id", unique=True),
    sqlite_autoincrement=True,
)
"""Notes that are recalled in every conversation; `conversation_id` is where one was written. Full text in `memories_text`."""

agents = Table(
    "agents",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("name", String(300), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("config", JSON, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("state", String(20), nullable=False),
    Column("since", String(27), nullable=False),
    Column("reason", Text, nullable=False),
    Column("wanted", Boolean, nullable=False),
    Column("lease", JSON, nullable=True),
    Column("heartbeat_at", String(27), nullable=False),
)
"""The agents that run here. `wanted`: nobody stopped it. `lease` names the process that does its work while it runs."""

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("agent_id", String(200), nullable=False),
    Column("parent_id", String(36), nullable=False),
    Column("depth", Integer, nullable=False),
    Column("conversation_id", String(36), nullable=False),
    Column("actor", String(220), nullable=False),
    Column("task", Text, nullable=False),
    Column("context", JSON, nullable=False),
    Column("state", String(20), nullable=False),
    Column("started_at", String(27), nullable=False),
    Column("ended_at", String(27), nullable=False),
    Column("result", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cost", Float, nullable=True),
    Column("data", JSON, nullable=False),
    Column("history", LargeBinary, nullable=True),
    Column("follows", String(36), nullable=False, server_default=""),
    Index("ix_runs_agent", "agent_id", "started_at"),
    Index("ix_runs_started", "started_at", "id"),
    Index("ix_runs_conversation", "conversation_id", "started_at"),
    Index("ix_runs_state", "state"),
    Index("ix_runs_follows", "follows"),
    Index("ix_runs_parent", "parent_id"),
)
"""State: queued | running | waiting | succeeded | failed | cancelled. `history` is what a waiting run goes on from.

`follows` is the run that came to its end before it could take what this one was then made of.
"""

approvals = Table(
    "approvals",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("nonce", String(64), nullable=False),
    Column("run_id", String(36), nullable=False),
    Column("agent_id", String(200), nullable=False),
    Column("agent_name", String(300), nullable=False),
    Column("call_id", String(200), nullable=False),
    Column("tool", String(300), nullable=False),
    Column("title", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("detail_kind", String(20), nullable=False),
    Column("why", Text, nullable=False),
    Column("touches", JSON, nullable=False),
    Column("sandboxed", Boolean, nullable=True),
    Column("scope", String(500), nullable=False),
    Column("state", String(20), nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("expires_at", String(27), nullable=True),
    Column("decided_at", String(27), nullable=False),
    Column("decided_by", String(220), nullable=False),
    Column("answer", Text, nullable=False),
    Index("ix_approvals_state", "state", "created_at"),
    Index("ix_approvals_run", "run_id"),
)
"""State: pending | approved | approved_run | denied | expired. `scope` is what "for this run" covers."""

model_usage = Table(
    "model_usage",
    metadata,
    Column("day", String(10), primary_key=True),
    Column("agent_id", String(200), primary_key=True),
    Column("model", String(300), primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cost", Float, nullable=False),
    Column("unpriced_requests", Integer, nullable=False),
)
"""Sums a day (UTC). `agent_id` is empty for callers of the model API that are no agent."""

agent_messages = Table(
    "agent_messages",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False),
    Column("entanglement_id", String(200), nullable=False),
    Column("sender", String(300), nullable=False),
    Column("recipient", String(300), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("run_id", String(36), nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("in_reply_to", String(36), nullable=False, server_default=""),
    Column("conversation_id", String(36), nullable=False, server_default=""),
    Index("ix_agent_messages_id", "id", unique=True),
    Index("ix_agent_messages_entanglement", "entanglement_id", "number"),
    Index("ix_agent_messages_recipient", "recipient", "number"),
    Index("ix_agent_messages_in_reply_to", "in_reply_to"),
    sqlite_autoincrement=True,
)
"""What passed between agents. Notes of a data link are those of kind "note": the shared notebook is all of them in order.

`in_reply_to` is the message that this one answers, where that is known: what a guest was told waits until there is one.
"""

coordinations = Table(
    "coordinations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("entanglement_id", String(200), nullable=False),
    Column("task", Text, nullable=False),
    Column("actor", String(220), nullable=False),
    Column("started_at", String(27), nullable=False),
    Column("lead", String(200), nullable=False),
    Column("state", String(20), nullable=False),
    Column("answer", Text, nullable=False),
    Column("merged_by", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Column("ended_at", String(27), nullable=False),
    Column("merge_run_id", String(36), nullable=False),
    Column("stopping", Boolean, nullable=False),
    Index("ix_coordinations_entanglement", "entanglement_id", "started_at"),
    Index("ix_coordinations_ended_at", "ended_at"),
)
"""State: running | merging | succeeded | failed | cancelled. `ended_at` is empty while agents work on it."""

coordination_parts = Table(
    "coordination_parts",
    metadata,
    Column("coordination_id", String(36), ForeignKey("coordinations.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("agent_id", String(200), nullable=False),
    Column("name", String(300), nullable=False),
    Column("role", String(20), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("run_id", String(36), nullable=False),
    Column("message_id", String(36), nullable=False),
    Column("answer", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_coordination_parts_message", "message_id"),
)
"""State: planned | running | succeeded | failed | cancelled | skipped | told."""

alerts = Table(
    "alerts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(36), nullable=False),
    Column("rule", String(100), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("title", String(200), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("state", String(20), nullable=False),
    Column("summary", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("value", Float),
    Column("since", String(27), nullable=False),
    Column("fired_at", String(27), nullable=False),
    Column("resolved_at", String(27), nullable=False),
    Column("acknowledged_by", String(220), nullable=False),
    Column("acknowledged_at", String(27), nullable=False),
    Column("snoozed_until", String(27), nullable=False),
    Column("times", Integer, nullable=False),
    Column("flapping", Boolean, nullable=False),
    Column("runbook", Text, nullable=False),
    Column("cause", JSON, nullable=False),
    Column("changed_at", String(27), nullable=False),
    Index("ix_alerts_id", "id", unique=True),
    Index("ix_alerts_state", "state", "number"),
    Index("ix_alerts_rule", "rule", "number"),
    sqlite_autoincrement=True,
)
"""State: firing | acknowledged | snoozed | resolved; what is pending has not happened yet and is not kept."""

alert_deliveries = Table(
    "alert_deliveries",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("alert_id", String(36), nullable=False),
    Column("channel", String(100), nullable=False),
    Column("word", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", String(27), nullable=False),
    Column("updated_at", String(27), nullable=False),
    Column("answer", Text, nullable=False),
    Index("ix_alert_deliveries_state", "state", "next_attempt_at"),
    Index("ix_alert_deliveries_alert", "alert_id", "number"),
    sqlite_autoincrement=True,
)
"""What is told of an alert to a channel. Word: firing | resolved. State: pending | delivered | dropped | given_up; dropped: there was no
need any more. `updated_at` of a pending one is when it was made."""

received_webhooks = Table(
    "received_webhooks",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("seq", Integer),
    Column("received_at", String(27), nullable=False),
    Column("path", String(200), nullable=False),
    Column("caller", String(220), nullable=False),
    Column("key", String(300), nullable=False),
    Column("status", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary),
    Column("body_sha256", String(64), nullable=False),
    Column("replay_of", Integer),
    Index("ix_received_webhooks_seq", "seq"),
    Index("ix_received_webhooks_refused", "number", sqlite_where=text("status >= 400")),
    sqlite_autoincrement=True,
)
"""What others posted, and how it was answered. `seq` is the event that it made; none where it was refused. `size` in bytes.

`body` has the very bytes, unless `body_sha256` names them in `blobs`, where the event needs them as well. `replay_of` is a `number`.
"""
