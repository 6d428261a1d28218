"""The life of the simulated house: guests come to work, tire, leave and return, and events tell of it.

It is made up, and this is the one place of the program where that is right: this is the simulator.
"""

from __future__ import annotations

import asyncio
import random

from chainbot_desktop.alexos.simulator.house import House
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import JsonObject

_JOBS = ("index the archive", "review the night's changes", "back up the photos", "sort the post", "check the heating")
_NOTES = (
    ("log_update", "info", "Backup of the photo archive verified"),
    ("log_update", "info", "Front door camera reports clear view"),
    ("log_update", "warning", "Kitchen Pi is running warm"),
    ("metrics", "info", "House at rest"),
    ("alert", "warning", "Disk of the archive is 81 % full"),
)


class Life:
    """One step a `pace` (seconds, give or take half). The same `seed` lives the same life."""

    def __init__(self, house: House, pace: float, seed: int | None = None) -> None:
        self._house = house
        self._pace = pace
        self._random = random.Random(seed)  # noqa: S311 - a demonstration, not a secret
        self._running: list[JsonObject] = []
        self._away: list[JsonObject] = []

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._pace * self._random.uniform(0.5, 1.5))
            self.step()

    def step(self) -> None:
        chance = self._random.random()
        if chance < 0.35:
            self._change_status()
        elif chance < 0.65:
            self._work()
        elif chance < 0.75:
            self._come_or_go()
        else:
            kind, severity, text = self._random.choice(_NOTES)
            self._house.publish(kind, {"message": text}, severity=severity)

    def _change_status(self) -> None:
        mine = [row for row in self._house.agents.values() if row["owner"] == "alex_os"]
        if not mine:
            return
        row = self._random.choice(mine)
        others = [status for status in ("online", "degraded", "offline") if status != row["status"]]
        row["status"] = self._random.choice(others if row["status"] == "online" else ["online"])
        row["updated_at"] = utc_now()
        severity = "info" if row["status"] == "online" else "warning"
        data = {"agent_id": row["uuid"], "agent_name": row["name"], "status": row["status"]}
        self._house.publish("agent_status_update", data, severity=severity)

    def _work(self) -> None:
        if self._running and self._random.random() < 0.6:
            job = self._running.pop(0)
            if self._random.random() < 0.15:
                self._house.publish("workflow_failed", {**job, "error": "The archive did not answer"}, severity="error")
            else:
                self._house.publish("workflow_completed", {**job, "status": "completed"})
            return
        job = {"workflow_id": new_id(), "workflow_name": self._random.choice(_JOBS), "status": "running"}
        self._running.append(job)
        self._house.publish("workflow_started", job)

    def _come_or_go(self) -> None:
        if self._away:
            row = self._away.pop()
            row["status"] = "online"
            self._house.agents[row["uuid"]] = row
            kind = "agent_spawned"
        else:
            mine = [row for row in self._house.agents.values() if row["owner"] == "alex_os"]
            if len(mine) < 3:
                return
            row = self._random.choice(mine)
            self._away.append(self._house.agents.pop(row["uuid"]))
            kind = "agent_terminated"
        self._house.publish(kind, {"agent_id": row["uuid"], "agent_name": row["name"], "agent_type": row["agent_type"]})
