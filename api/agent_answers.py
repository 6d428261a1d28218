"""An agent that runs here answers like a model: its run becomes pieces of an answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

from api.door import ADMIN
from api.run_streams import KEEP_ALIVE, Feed
from chainbot_desktop.agents.models.completion import Finished, Order, Piece, TextPiece, ThinkingPiece
from chainbot_desktop.agents.models.failing import ModelFailed
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound
from chainbot_desktop.store.agent_rows import RunRow

AGENT_PREFIX = "agent/"


def answering_agents(runtime: AgentService) -> list[LiveAgent]:
    """Those that take tasks."""
    takers = {kind.name for kind in runtime.kinds() if kind.takes_tasks}
    return [agent for agent in runtime.living() if agent.kind in takers]


async def stream_agent(runtime: AgentService, order: Order) -> AsyncGenerator[Piece]:
    """What the agent says, last `Finished`. An empty piece comes now and then while it is silent. Closed early, the run is cancelled."""
    agent = _agent(runtime, order.model.removeprefix(AGENT_PREFIX))
    task, context = _task(order)
    run_id = await runtime.execute(agent.id, task, actor=ADMIN, context=context)
    feed = Feed()
    cancel = runtime.follow_run(run_id, feed.push)
    said = False
    try:
        while not feed.ended:
            await feed.wait(KEEP_ALIVE)
            taken = [(kind, text) for kind, text in feed.take() if kind in ("answer", "thinking")]
            for kind, text in taken:
                said = said or kind == "answer"
                yield TextPiece(text) if kind == "answer" else ThinkingPiece(text)
            if not taken and not feed.ended:
                yield TextPiece("")
        row = await runtime.wait(run_id)
        if row.state != "succeeded":
            raise ModelFailed(f"{agent.name} did not answer: {row.reason or row.state}.", code="run_" + row.state)
        if not said and row.result:
            yield TextPiece(row.result)
        yield _finished(agent, row)
    finally:
        cancel()
        if not feed.ended:
            with suppress(Conflict, NotFound):  # it has ended just now
                await runtime.cancel_run(run_id, actor=ADMIN)


def _agent(runtime: AgentService, wanted: str) -> LiveAgent:
    agents = answering_agents(runtime)
    found = [agent for agent in agents if agent.id == wanted] or [agent for agent in agents if agent.name == wanted]
    if not found:
        raise NotFound(
            f"There is no agent {wanted[:200]!r} that answers.", hint="GET /v1/models lists them.", code="no_such_agent"
        )
    if len(found) > 1:
        raise Conflict(f"{len(found)} agents are called {wanted[:200]!r}.", hint="Use its id.", code="ambiguous_agent")
    return found[0]


def _task(order: Order) -> tuple[str, dict[str, Any]]:
    last = order.messages[-1]
    if last.role != "user" or not last.text.strip():
        raise InvalidInput("The last message must be a user's, with a text: it is the agent's task.", code="invalid_field")
    if order.tools or order.schema is not None or any(message.pictures for message in order.messages):
        raise InvalidInput("An agent has its own tools; it takes text and gives text.", code="invalid_field")
    earlier = [{"role": message.role, "content": message.text} for message in order.messages[:-1]]
    return last.text, {"conversation": earlier} if earlier else {}


def _finished(agent: LiveAgent, row: RunRow) -> Finished:
    name = f"{AGENT_PREFIX}{agent.name}"
    counted = (row.input_tokens, row.output_tokens, row.cost)
    return Finished(name, "agent", bool(row.data.get("demonstration")), row.result, (), *counted, "stop")
