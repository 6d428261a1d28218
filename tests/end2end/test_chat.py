"""Conversations in the whole program: an answer as it is written, the program killed in its middle, and the truth after the restart."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp

from tests.end2end.test_agents import _config, _spawn, served
from tests.helpers.model_server import Reply
from tests.helpers.program import Running, program

WORDS = [f"word{number}" for number in range(400)]


async def _hear(running: Running, conversation_id: str, text: str, *, until: str) -> str:
    """Send a message over `/ws/chat`; the answer as its frames tell it, up to `until`."""
    headers = {"Authorization": f"Bearer {running.token}"}
    told = ""
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(f"{running.url}/ws/chat") as socket,
        asyncio.timeout(30),
    ):
        await socket.send_json({"type": "chat_message", "conversation_id": conversation_id, "text": text})
        async for message in socket:
            frame = message.json()
            if frame["type"] == "agent_response":
                data = frame["data"]
                if data.get("text") is not None:
                    told = data["text"]
                elif data.get("delta") is not None:
                    assert data["offset"] == len(told), "a piece is missing, or comes twice"
                    told += data["delta"]
            if until in told:
                break
    return told


def _texts(running: Running, conversation_id: str) -> list[str]:
    return [message["text"] for message in running.get(f"/api/conversations/{conversation_id}/messages")["items"]]


def test_an_answer_that_the_program_was_killed_in_ends_honestly(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with served(Reply(text=" ".join(WORDS), rate=100)) as server:
        flags = (f"--config={_config(tmp_path, server)}", "--headless")
        with program(*flags, data=data) as running:
            _spawn(running, "assistant", "Ada", restart="always", tools=[])
            made = running.post("/api/conversations", {"title": "Garden"})
            conversation_id = made["id"]
            told = asyncio.run(_hear(running, conversation_id, "@Ada tell me all", until="word20"))
            assert told.startswith("word0 word1 word2")
            running.stop(signal.SIGKILL)
        with program(*flags, data=data) as running:
            page = running.until(f"/api/conversations/{conversation_id}/messages", lambda page: len(page["items"]) > 1)
            first, *rest = [message["text"] for message in page["items"]]
            assert first == "@Ada tell me all"
            assert "could not finish" in rest[-1] or "interrupted" in rest[-1]
            assert running.get(f"/api/conversations/{conversation_id}/activity")["answers"] == []
            server.say(Reply(text="Here I am again."))
            running.post(f"/api/conversations/{conversation_id}/messages", {"text": "@Ada are you there?"})
            running.until(
                f"/api/conversations/{conversation_id}/messages",
                lambda page: page["items"][-1]["text"] == "Here I am again.",
            )
            assert _texts(running, conversation_id)[0] == "@Ada tell me all"
