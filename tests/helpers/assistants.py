"""Assistants on the real runtime, the real tools and the real models' service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.kind import Conversations
from chainbot_desktop.agents.kinds.assistant import AssistantKind
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.models.model_files import ModelFolder
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.tools.toolboxes import ToolboxFactory
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import RunRow
from tests.helpers.agent_house import AgentHouse, LateKind, open_agent_house
from tests.helpers.model_server import ModelServer
from tests.helpers.processes import children as open_children
from tests.helpers.toolboxes import FakeConversations

ME = "user:tester"


@asynccontextmanager
async def assistants(
    folder: Path,
    *servers: ModelServer,
    anthropic: str = "",
    conversations: Conversations | None = None,
    **models: Any,
) -> AsyncIterator[AgentHouse]:
    """A house whose providers are `servers`, in this order, and Anthropic at `anthropic`; `models` are more of the settings' own."""
    named = [
        {"name": f"lan{number}", "base_url": f"{server.url}/v1", "model": "fake-1"} for number, server in enumerate(servers)
    ]
    given: dict[str, Any] = {"models": {"servers": named, "local_enabled": not named, "context_tokens": 2048, **models}}
    if anthropic:
        given["anthropic"] = {"base_url": anthropic, "api_key": "k", "model": "claude-sonnet-5-5"}
    settings = Settings.model_validate(given)
    (folder / "work").mkdir(exist_ok=True)
    late = LateKind()
    tasks = Tasks()
    async with (
        open_children() as children,
        open_agent_house(folder, kinds=[late], workspace=folder / "work", children=lambda _: children, opened=False) as house,
    ):
        service = ModelService(settings, lambda _: None, children, tasks, ModelFolder(folder / "models"), hide=lambda _: None)
        await service.open()
        toolboxes = ToolboxFactory(
            settings.tools, house.store.journal, conversations or FakeConversations(), tasks, redact=lambda text: text
        )
        late.become(
            AssistantKind(KindServices(service, toolboxes, folder / "personas", lambda _: None, settings, house.store.blobs))
        )
        await house.service.open()
        try:
            yield house
        finally:
            await house.service.close()
            await service.close()
            await tasks.cancel_all()


async def spawn(house: AgentHouse, **config: Any) -> str:
    agent_id = await house.service.spawn("assistant", "Ada", config, actor=ME)
    await house.becomes(agent_id, "idle")
    return agent_id


async def do(house: AgentHouse, agent_id: str, task: str, **rest: Any) -> RunRow:
    return await house.service.wait(await house.service.execute(agent_id, task, actor=ME, **rest))


async def was_asked(server: ModelServer, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while len(server.requests) < times:
            await asyncio.sleep(0.01)


def told(server: ModelServer, index: int = -1) -> str:
    """All that the model was given with a request, as text."""
    return str(server.requests[index]["messages"])
