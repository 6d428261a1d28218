"""One answer from the models of the house: in the order of fallback, within the budget, counted. What the HTTP API asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from chainbot_desktop.agents.kind import Limits, Usage
from chainbot_desktop.agents.models.completion import EndReason, Finished, Order, Piece
from chainbot_desktop.agents.models.failing import AnswerBrokeOff, ModelFailed, ModelRefused
from chainbot_desktop.agents.models.gateway import ModelChoice
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.runtime.budget import Ledger, RunBudget
from chainbot_desktop.core.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from types import ModuleType

_CHARACTERS_PER_TOKEN = 4
_USUAL_ANSWER = 4096
"""Tokens that an answer is taken to need where its caller names no limit."""
_PICTURE_TOKENS = 1000
_REASONS: dict[str, EndReason] = {
    "stop": "stop",
    "length": "length",
    "tool_call": "tool_calls",
    "content_filter": "content_filter",
}


class Completions:
    """Use on the loop's thread. Requests have the limits of a task, and count for everybody's day under no agent's id."""

    def __init__(self, models: ModelService, ledger: Ledger) -> None:
        self.models = models
        self._ledger = ledger
        self._unpaused = asyncio.Event()
        self._unpaused.set()
        self._modules: tuple[ModuleType, ModuleType] | None = None

    async def stream(self, order: Order) -> AsyncGenerator[Piece]:
        """The answer piece by piece, last `Finished`. Close it (`aclosing`) where it is not read to its end.

        Another model takes over only before the first piece: after it AnswerBrokeOff. ModelRefused, ModelFailed, LimitReached.
        """
        choices = _fitting(await self.models.choose(order.model), order)
        problems: list[str] = []
        for choice in choices:
            begun = False
            try:
                async with aclosing(self._ask(choice, order)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                self.models.note(choice, "")
                return
            except ModelRefused:
                raise
            except (ModelFailed, Unavailable) as error:
                self.models.note(choice, error.message)
                if begun:
                    raise AnswerBrokeOff(
                        f"The answer of {choice.name} broke off: {error.message}", hint="Ask again."
                    ) from error
                if len(choices) == 1:
                    raise
                problems.append(error.message)
        raise ModelFailed(f"No model answered. {' '.join(problems)}", hint="GET /api/gpt/providers/status tells how they are.")

    async def _ask(self, choice: ModelChoice, order: Order) -> AsyncGenerator[Piece]:
        budget = RunBudget("", Limits(), self._ledger, None, self._unpaused)
        try:
            await self._reserve(budget, choice, order)
            model = await self.models.open_model(choice)
            asking, failures = await self._framework()
            pieces = asking.Pieces()
            stream = None
            try:
                async with asking.answer_of(model, _bounded(order, choice)) as stream:
                    async for event in stream:
                        for piece in pieces.of(event):
                            yield piece
                asking.require_end(stream)
            except Exception as error:  # the border to the framework: what is known becomes a sentence, the rest goes on up
                failure = failures.as_failure(error)
                if failure is None:
                    raise
                raise failure from error
            finally:
                used = stream.usage if stream is not None else None
                usage = self._usage(choice, used.input_tokens if used else 0, used.output_tokens if used else 0)
                await budget.spend(usage)
            response = stream.get()
            reason = _REASONS.get(stream.finish_reason, "stop")
            calls = asking.calls_of(response)
            counted = (usage.input_tokens, usage.output_tokens, usage.cost)
            text = asking.text_of(response)
            yield Finished(choice.name, choice.provider, choice.demonstration, text, calls, *counted, reason)
        finally:
            budget.close()

    async def _reserve(self, budget: RunBudget, choice: ModelChoice, order: Order) -> None:
        given = sum(len(message.text) for message in order.messages) // _CHARACTERS_PER_TOKEN
        given += _PICTURE_TOKENS * sum(len(message.pictures) for message in order.messages)
        answer = _bounded(order, choice).max_tokens or _USUAL_ANSWER
        await budget.reserve(given + answer, self.models.price(choice, given, answer))

    def _usage(self, choice: ModelChoice, input_tokens: int, output_tokens: int) -> Usage:
        cost = self.models.price(choice, input_tokens, output_tokens)
        return Usage(choice.name, input_tokens, output_tokens, cost)

    async def _framework(self) -> tuple[ModuleType, ModuleType]:
        if self._modules is None:
            self._modules = await asyncio.to_thread(_load)
        return self._modules


def _load() -> tuple[ModuleType, ModuleType]:
    from chainbot_desktop.agents.models import asking, failures

    return asking, failures


def _fitting(choices: Sequence[ModelChoice], order: Order) -> Sequence[ModelChoice]:
    found = [choice for choice in choices if choice.tools or not order.tools]
    if not found:
        raise InvalidInput(
            f"The model {choices[0].name} cannot call tools.",
            hint="Leave the tools out and ask for a JSON schema (response_format), or choose another model.",
            code="no_tools",
        )
    return found


def _bounded(order: Order, choice: ModelChoice) -> Order:
    """A small context must hold the question and the answer."""
    if choice.context_tokens is None:
        return order
    most = max(16, choice.context_tokens // 2)
    return replace(order, max_tokens=min(order.max_tokens or most, most))
