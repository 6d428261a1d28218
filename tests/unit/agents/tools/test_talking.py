"""Messages, notes, the journal, and questions to the human."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.agents.approvals.request import Verdict
from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.core.errors import Conflict
from chainbot_desktop.core.events import AttentionRequired, Severity
from chainbot_desktop.core.events.panel import Attention
from tests.helpers.toolboxes import Bench, open_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, sandbox="off") as opened:
        yield opened


async def test_messages_and_notes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await bench.execute("send_message", recipient="other", text="hello") == "Delivered to other."
    assert bench.conversations.told == [("agent-1", "other", "hello", "run-1")]
    assert await bench.execute("read_notes") == "[no notes yet]"
    await bench.execute("append_note", text="remember")
    assert await bench.execute("read_notes") == "remember"

    async def refuse(*_: object, **__: object) -> str:
        raise Conflict("No link leads to other.")

    monkeypatch.setattr(bench.conversations, "tell", refuse)
    with pytest.raises(ToolFailed, match="No link leads to other"):
        await bench.execute("send_message", recipient="other", text="hello")


async def test_a_question_is_answered_by_its_approval(bench: Bench) -> None:
    loose = bench.with_rules({"tool": "ask_human", "action": "allow"})
    call = bench.call("ask_human", question="Blue or green?")
    judgement = await loose.box.judge(call, bench.run)
    assert judgement.verdict == "ask", "no rule can answer it"
    assert judgement.draft is not None
    assert (judgement.draft.detail, judgement.draft.detail_kind) == ("Blue or green?", "question")
    bench.approvals.calls[judgement.draft.call_id] = Verdict(True, answer="Green.")
    assert await loose.box.execute(call, bench.run) == "Green."


async def test_the_journal_is_read_bounded_and_without_secrets(bench: Bench) -> None:
    for number in range(3):
        text = f"number {number} with hunter22" + ("x" * 5000 if number == 2 else "")
        event = AttentionRequired(severity=Severity.WARNING, subject="disk", data=_attention(text))
        await bench.store.journal.append(event)
    answer = await bench.execute("query_journal", text="number", severities=["warning"], limit=2)
    lines = answer.splitlines()
    assert len(lines) == 2
    assert '"seq":3' in lines[0]
    assert all(len(row) < 2000 for row in lines)
    assert "hunter22" not in answer
    assert "[redacted]" in answer
    assert (await bench.judge("query_journal", after="yesterday")).rule == "malformed"
    assert await bench.execute("query_journal", types=["run_started"]) == "[no such events]"


def _attention(text: str) -> Attention:
    return Attention(reason=text)
