"""What an assistant is made of: its configuration, and the worker that gives its tasks to a model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import Field

from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.in_process import InProcessWorker
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.personas import load_personas

_FRAMEWORK = "chainbot_desktop.agents.kinds.assistant.turn"
"""Takes a second and 80 MB to import, more on a small machine: not before it is needed, and on a thread."""


class AssistantConfig(AgentConfig):
    persona: str = Field("general_assistant", description="Name of the persona.")
    model: str = Field("", max_length=300, description="PROVIDER/MODEL, or a provider; the order of the settings if empty.")
    instructions: str = Field("", max_length=100_000, description="What it should know on top of its persona.")
    tools: tuple[str, ...] | None = Field(None, description="Names of its tools; those of the persona if empty.")
    temperature: float | None = Field(None, ge=0, le=2, description="How freely it chooses its words.")
    max_turns: int = Field(30, ge=1, le=500, description="Requests to the model that one task may take.")
    max_output_tokens: int = Field(4096, ge=16, le=200_000, description="Longest answer to one request, in tokens.")


class AssistantKind:
    info = KindInfo(
        "assistant",
        "Assistant",
        "A model with tools, in the role that its persona describes.",
        model_backed=True,
        default_restart="always",
    )
    config_model: type[AgentConfig] = AssistantConfig

    def __init__(self, services: KindServices) -> None:
        self._services = services

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, AssistantConfig)
        provider = config.model.partition("/")[0]
        said = {"persona": config.persona, "model": config.model or "automatic", "provider": provider}
        return {key: value for key, value in said.items() if value}

    def make(self, context: AgentContext, config: AgentConfig) -> AssistantWorker:
        assert isinstance(config, AssistantConfig)
        return AssistantWorker(self._services, context, config)


class AssistantWorker(InProcessWorker):
    """Implements `kind.Worker`. A pause holds it before its next request: the runtime's budget waits."""

    def __init__(self, services: KindServices, context: AgentContext, config: AssistantConfig) -> None:
        self._services = services
        self._context = context
        self._config = config

    async def start(self) -> None:
        """NotFound where there is no such persona. Whether a model answers shows at the first task."""
        personas = await asyncio.to_thread(load_personas, self._services.persona_folder)
        personas.get(self._config.persona)

    async def execute(self, run: Run) -> Result:
        # Read anew for each task: a person edits personas while agents live.
        personas = await asyncio.to_thread(load_personas, self._services.persona_folder)
        persona = personas.get(self._config.persona)
        framework: Any = await asyncio.to_thread(import_module, _FRAMEWORK)
        result: Result = await framework.take_turn(self._services, self._context, self._config, persona, run)
        return result
