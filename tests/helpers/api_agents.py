"""An API agent in a house of its own, and what a test asks of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from chainbot_desktop.agents.kinds.api import ApiKind
from chainbot_desktop.agents.kinds.api.retry import Pace
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.store.agent_rows import RunRow
from tests.helpers.agent_house import AgentHouse, open_agent_house

ME = "user:tester"
HURRIED = Pace(first=0.01)


def api_kind(pace: Pace = HURRIED) -> ApiKind:
    return ApiKind(cast(KindServices, None), pace=pace)


@asynccontextmanager
async def agent(folder: Path, base: str, pace: Pace = HURRIED, **config: Any) -> AsyncIterator[tuple[AgentHouse, str]]:
    async with open_agent_house(folder, kinds=[api_kind(pace)]) as house:
        agent_id = await house.service.spawn("api", "Shop", {"base_url": base, **config}, actor=ME)
        await house.until(agent_id, lambda live: live.state in ("idle", "failed"))
        yield house, agent_id


async def do(house: AgentHouse, agent_id: str, task: str, **context: Any) -> RunRow:
    return await house.service.wait(await house.service.execute(agent_id, task, actor=ME, context=context))


def said(house: AgentHouse, agent_id: str) -> str:
    """All lines of its log."""
    return "\n".join(line.text for line in house.service.log(agent_id).since(0)[0])
