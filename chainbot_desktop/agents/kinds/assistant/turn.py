"""One task of an assistant, from its first request to its answer, through approvals that may take days and restarts of the program.

When a call needs a human, everything that needs none is carried out first; then the exchange so far is kept, the cards are put, and
the run goes on from there once they are answered, in this life of the program or in the next one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterable, Mapping, Sequence
from typing import Any

from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import (
    AgentStreamEvent,
    ModelMessage,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
)
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import DeferredToolRequests, DeferredToolResults, ToolDenied
from pydantic_ai.usage import RunUsage, UsageLimits

from chainbot_desktop.agents.approvals.desk import DetailTooLarge
from chainbot_desktop.agents.conversation_context import conversation_of, without_conversation
from chainbot_desktop.agents.kind import AgentContext, Result, Run
from chainbot_desktop.agents.kinds.assistant.background import around_task, with_pictures, worth_remembering
from chainbot_desktop.agents.kinds.assistant.kind import AssistantConfig
from chainbot_desktop.agents.kinds.assistant.memory import ConversationMemory
from chainbot_desktop.agents.kinds.assistant.metering import MeteredModel
from chainbot_desktop.agents.kinds.assistant.progress import Progress, open_calls, own_call_id
from chainbot_desktop.agents.kinds.assistant.toolset import PolicedToolset
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.models.failures import as_failure
from chainbot_desktop.agents.models.gateway import ModelChoice
from chainbot_desktop.agents.personas import Persona
from chainbot_desktop.agents.tools.tool import Toolbox, ToolCall
from chainbot_desktop.core.ports import Blobs

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
            await services.models.open_model(choice, start=choice is choices[0]),
            choice,
            services.models,
            run.budget,
            _most_output(config, choice),
        )
        for choice in choices
    ]
    toolbox: Toolbox | None = None
    if any(choice.tools for choice in choices):
        names = config.tools if config.tools is not None else persona.tools
        toolbox = services.toolboxes.of(context, _both(persona.policy, config.policy), names)
    turn = _Turn(context, config, persona, run, models, toolbox, services.blobs)
    try:
        return await turn.take()
    except Exception as error:  # the border to the framework: what is known becomes a sentence, the rest goes on up
        failure = as_failure(error)
        if failure is None or failure is error:
            raise
        raise failure from error


def _both(persona: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a persona must not do it must not do with rules of the agent's own either: a denial is final."""
    if persona.get("rules") and own.get("rules"):
        return {**persona, **own, "rules": [*persona["rules"], *own["rules"]]}
    return own or persona


class _Turn:
    def __init__(
        self,
        context: AgentContext,
        config: AssistantConfig,
        persona: Persona,
        run: Run,
        models: Sequence[MeteredModel],
        toolbox: Toolbox | None,
        blobs: Blobs,
    ) -> None:
        self._blobs = blobs
        self._context = context
        self._config = config
        self._run = run
        self._models = models
        self._toolbox = toolbox
        self._progress = Progress(run)
        self._begins_anew = False
        self._last = ""
        model: Model = models[0] if len(models) == 1 else FallbackModel(models[0], *models[1:])
        self._agent: Agent[None, Any] = Agent(
            model,
            name=None,
            deps_type=type(None),
            instructions="\n\n".join(part for part in (persona.instructions, config.instructions) if part),
            output_type=[str, DeferredToolRequests] if toolbox is not None else str,
            toolsets=[PolicedToolset(toolbox, run, context.approvals, self._progress)] if toolbox is not None else [],
            model_settings=ModelSettings() if config.temperature is None else ModelSettings(temperature=config.temperature),
        )
        self._memory = ConversationMemory(context.private / "conversations", run.row.conversation_id)

    async def take(self) -> Result:
        messages, results, prompt = await self._beginning()
        while True:
            outcome = await self._agent.run(
                prompt,
                message_history=messages,
                deferred_tool_results=results,
                event_stream_handler=self._on_events,
                usage=RunUsage(requests=self._progress.requests),
                usage_limits=UsageLimits(request_limit=self._config.max_turns),
            )
            messages = list(outcome.all_messages())
            if not isinstance(outcome.output, DeferredToolRequests):
                break
            await self._progress.keep(messages, outcome.usage.requests)
            results = await self._ask(messages)
            said = self._run.take_messages()
            self._progress.hear(said)
            prompt = "\n\n".join(said) or None
        await asyncio.to_thread(self._memory.save, worth_remembering(messages))
        return self._result(str(outcome.output))

    async def _beginning(self) -> tuple[list[ModelMessage], DeferredToolResults | None, str | None]:
        kept = await self._progress.recall()
        if kept is not None:
            return kept, await self._ask(kept) if open_calls(kept) else None, self._progress.unsaid or None
        return await self._before_task(), None, _prompt(self._run)

    async def _before_task(self) -> list[ModelMessage]:
        """What it remembers of the conversation and what it is told of it, as much as the model has room for."""
        choice = self._models[0].choice
        most = _REMEMBERED_CHARACTERS
        if choice.context_tokens is not None:
            most = max(0, (choice.context_tokens // 2) * _CHARACTERS_PER_TOKEN)
        talk = conversation_of(self._run.row.context)
        if talk is None:
            return await self._remembered(most)
        remembered = [] if talk.anew else await self._remembered(most if not talk.said else most // 2)
        return await around_task(
            remembered, talk, self._context.agent_id, self._blobs, most_characters=most, takes_pictures=choice.pictures
        )

    async def _remembered(self, most_characters: int) -> list[ModelMessage]:
        kept = await asyncio.to_thread(self._memory.load, most_characters)
        return await with_pictures(kept, self._blobs) if self._models[0].choice.pictures else kept

    async def _ask(self, messages: Sequence[ModelMessage]) -> DeferredToolResults:
        """Put a card for each call that needs one, wait for all answers."""
        results = DeferredToolResults()
        asked: dict[str, str] = {}
        for part in open_calls(messages):
            call = ToolCall(own_call_id(messages, part.tool_call_id), part.tool_name, part.args_as_dict())
            if self._progress.outcome(messages, call.call_id) is not None:
                results.approvals[part.tool_call_id] = True  # not to be carried out: what it came to is known
                continue
            answer = await self._put(call)
            if isinstance(answer, str):
                asked[part.tool_call_id] = answer
            else:
                results.approvals[part.tool_call_id] = answer
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

    async def _put(self, call: ToolCall) -> str | bool | ToolDenied:
        """The id of the request to a human, or the answer that needs none."""
        if self._toolbox is None:
            return ToolDenied("There are no tools any more.")
        judgement = await self._toolbox.judge(call, self._run)
        if judgement.verdict == "allow":
            return True
        if judgement.verdict == "deny" or judgement.draft is None:
            return ToolDenied(judgement.reason or "The policy does not allow it.")
        try:
            return await self._context.approvals.put(self._run.row.id, judgement.draft)
        except DetailTooLarge as error:
            return ToolDenied(str(error))

    async def _on_events(self, _: RunContext[None], events: AsyncIterable[AgentStreamEvent]) -> None:
        async for event in events:
            if isinstance(event, PartStartEvent):
                self._begins_anew = self._begins_anew or isinstance(event.part, TextPart)
                self._stream(event.part)
            elif isinstance(event, PartDeltaEvent):
                self._stream(event.delta)

    def _stream(self, part: Any) -> None:
        if isinstance(part, TextPart):
            self._say(part.content)
        elif isinstance(part, TextPartDelta):
            self._say(part.content_delta)
        elif isinstance(part, ThinkingPart):
            self._run.stream(part.content, channel="thinking")
        elif isinstance(part, ThinkingPartDelta):
            self._run.stream(part.content_delta or "", channel="thinking")

    def _say(self, text: str) -> None:
        if not text:
            return
        if self._begins_anew and self._last not in ("", "\n"):
            self._run.stream("\n\n")  # between what it said before a tool call and after it
        self._begins_anew, self._last = False, text[-1]
        self._run.stream(text)

    def _result(self, text: str) -> Result:
        used = next((model.choice for model in self._models if model.answered), self._models[0].choice)
        spent = [usage for model in self._models for usage in model.spent]
        costs = [usage.cost for usage in spent]
        counted = {
            "requests": len(spent),
            "input_tokens": sum(usage.input_tokens for usage in spent),
            "output_tokens": sum(usage.output_tokens for usage in spent),
            "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
        }
        return Result(
            text,
            {"model": used.name, "provider": used.provider, "demonstration": used.demonstration, "usage": counted},
        )


def _most_output(config: AssistantConfig, choice: ModelChoice) -> int:
    """A small context must hold the question too."""
    if choice.context_tokens is None:
        return config.max_output_tokens
    return max(16, min(config.max_output_tokens, choice.context_tokens // 4))


def _prompt(run: Run) -> str:
    context = without_conversation(run.row.context)
    if not context:
        return run.row.task
    return f"{run.row.task}\n\nContext:\n```json\n{json.dumps(context, ensure_ascii=False, indent=1)}\n```"
