"""Guests of the simulated house that answer what they are told: a moment later, on the bus, naming the question."""

from __future__ import annotations

import asyncio
from typing import Any

from chainbot_desktop.alexos.simulator.house import NAME, House
from chainbot_desktop.alexos.simulator.misbehaviour import Misbehaviour
from chainbot_desktop.core.json_codec import JsonObject
from chainbot_desktop.core.tasks import Tasks

_QUOTED = 300


class AnsweringGuests:
    """Who is not at home, or silent by a switch, answers nothing."""

    def __init__(self, house: House, bad: Misbehaviour, tasks: Tasks) -> None:
        self._house = house
        self._bad = bad
        self._tasks = tasks

    def hear(self, event: JsonObject) -> None:
        """An event of a module: `guest_addressed` is answered, everything else is none of theirs."""
        data: Any = event.get("data")
        if event.get("event_type") == "guest_addressed" and isinstance(data, dict):
            self._tasks.spawn("simulated guest", self._answer(data))

    async def _answer(self, question: JsonObject) -> None:
        await asyncio.sleep(self._house.guests_think)
        guest = self._house.agents.get(str(question.get("agent_id")))
        if guest is None or guest["owner"] != NAME or guest["status"] == "offline" or self._bad.silent_guests:
            return
        asked = " ".join(str(question.get("text", "")).split())
        shown = asked if len(asked) <= _QUOTED else f"{asked[:_QUOTED]}…"
        self._house.publish(
            "agent_response",
            {
                "agent_id": guest["uuid"],
                "agent_name": guest["name"],
                "text": f"{guest['name']} of the simulated ALEX OS heard you: “{shown}”",
                "in_reply_to": question.get("message_id"),
                "conversation_id": question.get("conversation_id") or None,
            },
        )
