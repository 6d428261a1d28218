"""Every request to a model asks the budget first and is counted afterwards, whether it came to a good end or not."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings, merge_model_settings
from pydantic_ai.usage import RequestUsage

from chainbot_desktop.agents.kind import Budget, Usage
from chainbot_desktop.agents.kinds.assistant.background import as_sent
from chainbot_desktop.agents.kinds.assistant.fitting import fitted, length
from chainbot_desktop.agents.models.failing import ModelFailed, ModelRefused
from chainbot_desktop.agents.models.failures import as_failure
from chainbot_desktop.agents.models.gateway import ModelChoice, Models

_CHARACTERS_PER_TOKEN = 4
"""Roughly, for English in the tokenizers of the large providers; other languages and code take more tokens. A guess is enough here:
what was really used is counted after the request, where the provider tells it."""
_CHARACTERS_PER_TOKEN_THAT_FIT = 3
"""The same guess where being wrong means a refusal."""


class MeteredModel(WrapperModel):
    """A model that costs. `answered` tells whether it was this one that answered last, `spent` what its requests came to."""

    def __init__(self, model: Model, choice: ModelChoice, models: Models, budget: Budget, max_output_tokens: int) -> None:
        super().__init__(model)
        self.choice = choice
        self.answered = False
        self.spent: list[Usage] = []
        self._models = models
        self._budget = budget
        self._max_output_tokens = max_output_tokens

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        async with self.request_stream(messages, model_settings, model_request_parameters) as stream:
            async for _ in stream:
                pass
            return stream.get()

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        parameters = self._offered(model_request_parameters)
        sent = self._fitting(as_sent(messages, pictures=self.choice.pictures), parameters)
        settings = merge_model_settings(model_settings, ModelSettings(max_tokens=self._max_output_tokens))
        given = _tokens(sent, parameters)
        self.answered = False
        await self._budget.reserve(
            given + self._max_output_tokens, self._models.price(self.choice, given, self._max_output_tokens)
        )
        stream: StreamedResponse | None = None
        try:
            async with super().request_stream(sent, settings, parameters, run_context) as stream:
                self.answered = True
                yield stream
            self._require_end(stream)
        except Exception as error:  # the border to the framework: noted here, and goes on up as it is
            failure = as_failure(error)
            if isinstance(failure, ModelFailed) and not isinstance(failure, ModelRefused):
                self._models.note(self.choice, failure.message)
            raise
        else:
            self._models.note(self.choice, "")
        finally:
            await self._spend(stream, given)

    def _offered(self, parameters: ModelRequestParameters) -> ModelRequestParameters:
        """A model that cannot call tools must not be shown any: one that stands in for another may be such a one."""
        return parameters if self.choice.tools else replace(parameters, function_tools=[])

    def _fitting(self, messages: list[ModelMessage], parameters: ModelRequestParameters) -> list[ModelMessage]:
        if self.choice.context_tokens is None:
            return messages
        room = (self.choice.context_tokens - self._max_output_tokens) * _CHARACTERS_PER_TOKEN_THAT_FIT
        return fitted(messages, max(0, room - _overhead(messages, parameters)))

    def _require_end(self, stream: StreamedResponse) -> None:
        """A connection that was closed in the middle of an answer may look like its end."""
        if stream.finish_reason is None:
            raise ModelFailed(f"The answer of {self.choice.name} broke off before its end.", hint="Try again.")

    async def _spend(self, stream: StreamedResponse | None, given: int) -> None:
        usage = stream.usage if stream is not None else RequestUsage()
        asked, answered = usage.input_tokens, usage.output_tokens
        if stream is not None and not asked:
            # It tells nothing, or was not let finish: taken for nothing it would escape every limit.
            asked, answered = given, max(answered, length(stream.get()) // _CHARACTERS_PER_TOKEN)
        spent = Usage(self.choice.name, asked, answered, self._models.price(self.choice, asked, answered))
        self.spent.append(spent)
        await self._budget.spend(spent)


def _tokens(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> int:
    return (sum(map(length, messages)) + _overhead(messages, parameters)) // _CHARACTERS_PER_TOKEN


def _overhead(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> int:
    """Characters of what goes along with the messages: the instructions and what the tools are."""
    last = messages[-1] if messages else None
    instructions = (last.instructions or "") if isinstance(last, ModelRequest) else ""
    tools = sum(
        len(tool.name) + len(tool.description or "") + len(json.dumps(tool.parameters_json_schema))
        for tool in parameters.function_tools
    )
    return len(instructions) + tools
