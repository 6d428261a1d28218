"""One task of an assistant, from its first request to its answer, through approvals that may take days and restarts of the program.

When a call needs a human, everything that needs none is carried out first; then the exchange so far is kept, the cards are put, and
the run goes on from there once they are answered, in this life of the program or in the next one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterable, Sequence
from typing import Any

import httpx2
from pydantic_ai import Agent, RunContext
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import (
    AgentStreamEvent,
    ModelMessage,
    ModelMessagesTypeAdapter,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, ToolDenied
from pydantic_ai.usage import UsageLimits

from chainbot_desktop.agents.kind import AgentContext, Result, Run
from chainbot_desktop.agents.kinds.assistant.kind import AssistantConfig
from chainbot_desktop.agents.kinds.assistant.memory import ConversationMemory
from chainbot_desktop.agents.kinds.assistant.metering import MeteredModel
from chainbot_desktop.agents.kinds.assistant.toolset import PolicedToolset
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.models.failures import as_failure
from chainbot_desktop.agents.models.gateway import ModelChoice
from chainbot_desktop.agents.personas import Persona
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall

_log = logging.getLogger(__name__)

_REMEMBERED_CHARACTERS = 200_000
_CHARACTERS_PER_TOKEN = 3


async def take_turn(
    services: KindServices, context: AgentContext, config: AssistantConfig, persona: Persona, run: Run
) -> Result:
    """ChainBotError says why there is no answer."""
    choices = await services.models.choose(config.model or persona.model)
    models = [
        MeteredModel(
            await services.models.open_model(choice), choice, services.models, run.budget, _most_output(config, choice)
        )
        for choice in choices
    ]
    toolbox: Toolbox | None = None
    if choices[0].tools:
        policy = config.policy or persona.policy
        names = config.tools if config.tools is not None else persona.tools
        toolbox = services.toolboxes.of(context, policy, names)
    turn = _Turn(context, config, persona, run, models, toolbox)
    try:
        return await turn.take()
    except (AgentRunError, ExceptionGroup, ConnectionError, httpx2.HTTPError) as error:
        failure = as_failure(error)
        if failure is None:
            raise
        raise failure from error


class _Turn:
    def __init__(
        self,
        context: AgentContext,
        config: AssistantConfig,
        persona: Persona,
        run: Run,
        models: Sequence[MeteredModel],
        toolbox: Toolbox | None,
    ) -> None:
        self._context = context
        self._config = config
        self._run = run
        self._models = models
        self._toolbox = toolbox
        model: Model = models[0] if len(models) == 1 else FallbackModel(models[0], *models[1:])
        self._agent: Agent[None, Any] = Agent(
            model,
            name=None,
            deps_type=type(None),
            instructions="\n\n".join(part for part in (persona.instructions, config.instructions) if part),
            output_type=[str, DeferredToolRequests] if toolbox is not None else str,
            toolsets=[PolicedToolset(toolbox, run, context.approvals)] if toolbox is not None else [],
            model_settings=self._settings(),
        )
        self._memory = ConversationMemory(context.private / "conversations", run.row.conversation_id)

    async def take(self) -> Result:
        messages, waiting = await self._beginning()
        prompt: str | None = None if waiting else _prompt(self._run)
        results = await self._ask(waiting) if waiting else None
        while True:
            outcome = await self._agent.run(
                prompt,
                message_history=messages,
                deferred_tool_results=results,
                event_stream_handler=self._on_events,
                usage_limits=UsageLimits(request_limit=self._config.max_turns),
            )
            messages = list(outcome.all_messages())
            if not isinstance(outcome.output, DeferredToolRequests):
                break
            await self._run.save_history(_frozen(messages, outcome.output.approvals))
            results, prompt = await self._ask(outcome.output.approvals), None
        await asyncio.to_thread(self._memory.save, messages)
        return self._result(str(outcome.output))

    async def _beginning(self) -> tuple[list[ModelMessage], list[ToolCallPart]]:
        kept = await self._run.history()
        if kept is not None:
            return _thawed(kept)
        context_tokens = self._models[0].choice.context_tokens
        most = _REMEMBERED_CHARACTERS
        if context_tokens is not None:
            most = max(0, (context_tokens // 2) * _CHARACTERS_PER_TOKEN)
        return await asyncio.to_thread(self._memory.load, most), []

    async def _ask(self, calls: Sequence[ToolCallPart]) -> DeferredToolResults:
        """Put a card for each call, wait for all answers."""
        assert self._toolbox is not None
        results = DeferredToolResults()
        asked: dict[str, str] = {}
        for part in calls:
            call = ToolCall(part.tool_call_id, part.tool_name, part.args_as_dict())
            judgement = await self._toolbox.judge(call, self._run)
            if judgement.verdict == "ask" and judgement.draft is not None:
                asked[part.tool_call_id] = await self._context.approvals.put(self._run.row.id, judgement.draft)
            elif judgement.verdict == "allow":
                results.approvals[part.tool_call_id] = True
            else:
                results.approvals[part.tool_call_id] = ToolDenied(judgement.reason or "The policy does not allow it.")
        done = self._run.waits_for("your approval" if len(asked) == 1 else f"your {len(asked)} approvals") if asked else None
        try:
            for call_id, approval_id in asked.items():
                verdict = await self._context.approvals.wait(approval_id)
                reason = verdict.answer or ("Nobody answered in time." if verdict.expired else "A person denied it.")
                results.approvals[call_id] = True if verdict.approved else ToolDenied(reason)
        finally:
            if done is not None:
                done()
        return results

    async def _on_events(self, _: RunContext[None], events: AsyncIterable[AgentStreamEvent]) -> None:
        async for event in events:
            if isinstance(event, PartStartEvent):
                self._stream(event.part)
            elif isinstance(event, PartDeltaEvent):
                self._stream(event.delta)

    def _stream(self, part: Any) -> None:
        if isinstance(part, TextPart):
            self._run.stream(part.content)
        elif isinstance(part, TextPartDelta):
            self._run.stream(part.content_delta)
        elif isinstance(part, ThinkingPart):
            self._run.stream(part.content, channel="thinking")
        elif isinstance(part, ThinkingPartDelta):
            self._run.stream(part.content_delta or "", channel="thinking")

    def _settings(self) -> ModelSettings:
        settings = ModelSettings(max_tokens=_most_output(self._config, self._models[0].choice))
        if self._config.temperature is not None:
            settings["temperature"] = self._config.temperature
        return settings

    def _result(self, text: str) -> Result:
        used = next((model.choice for model in self._models if model.answered), self._models[0].choice)
        return Result(text, {"model": used.name, "provider": used.provider, "demonstration": used.demonstration})


def _most_output(config: AssistantConfig, choice: ModelChoice) -> int:
    """A small context must hold the question too."""
    if choice.context_tokens is None:
        return config.max_output_tokens
    return max(16, min(config.max_output_tokens, choice.context_tokens // 4))


def _prompt(run: Run) -> str:
    if not run.row.context:
        return run.row.task
    return f"{run.row.task}\n\nContext:\n```json\n{json.dumps(run.row.context, ensure_ascii=False, indent=1)}\n```"


def _frozen(messages: Sequence[ModelMessage], calls: Sequence[ToolCallPart]) -> bytes:
    kept = {
        "messages": json.loads(ModelMessagesTypeAdapter.dump_json(list(messages))),
        "waiting": [call.tool_call_id for call in calls],
    }
    return json.dumps(kept).encode()


def _thawed(kept: bytes) -> tuple[list[ModelMessage], list[ToolCallPart]]:
    found = json.loads(kept)
    messages = ModelMessagesTypeAdapter.validate_python(found["messages"])
    waiting = set(found["waiting"])
    calls = [
        part
        for message in messages
        for part in message.parts
        if isinstance(part, ToolCallPart) and part.tool_call_id in waiting
    ]
    return messages, calls
