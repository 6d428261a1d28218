"""Every request to a model asks the budget first and is counted afterwards, whether it came to a good end or not."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from chainbot_desktop.agents.kind import Budget, Usage
from chainbot_desktop.agents.models.gateway import ModelChoice, Models

_CHARACTERS_PER_TOKEN = 4
"""Roughly, for English in the tokenizers of the large providers; other languages and code take more tokens. A guess is enough here:
what was really used is counted after the request."""


class MeteredModel(WrapperModel):
    """A model that costs. `answered` tells whether it was this one that answered last."""

    def __init__(self, model: Model, choice: ModelChoice, models: Models, budget: Budget, max_output_tokens: int) -> None:
        super().__init__(model)
        self.choice = choice
        self.answered = False
        self._models = models
        self._budget = budget
        self._max_output_tokens = max_output_tokens

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        await self._reserve(messages)
        usage = RequestUsage()
        try:
            response = await super().request(messages, model_settings, model_request_parameters)
            usage = response.usage
            self.answered = True
            return response
        finally:
            await self._spend(usage)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        await self._reserve(messages)
        stream: StreamedResponse | None = None
        try:
            async with super().request_stream(messages, model_settings, model_request_parameters, run_context) as stream:
                self.answered = True
                yield stream
        finally:
            await self._spend(stream.usage if stream is not None else RequestUsage())

    async def _reserve(self, messages: list[ModelMessage]) -> None:
        self.answered = False
        given = sum(_length(message) for message in messages) // _CHARACTERS_PER_TOKEN
        cost = self._models.price(self.choice, given, self._max_output_tokens)
        await self._budget.reserve(given + self._max_output_tokens, cost)

    async def _spend(self, usage: RequestUsage) -> None:
        cost = self._models.price(self.choice, usage.input_tokens, usage.output_tokens)
        await self._budget.spend(Usage(self.choice.name, usage.input_tokens, usage.output_tokens, cost))


def _length(message: ModelMessage) -> int:
    return sum(len(str(getattr(part, "content", "") or getattr(part, "args", ""))) for part in message.parts)
