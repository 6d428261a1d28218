"""What a command agent is configured with. A person writes it, so it is checked here, with words that help."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import regex
from pydantic import Field, StringConstraints, field_validator, model_validator

from chainbot_desktop.agents.kind import AgentConfig
from chainbot_desktop.agents.kinds.schedules import Schedule

Argument = Annotated[str, StringConstraints(max_length=100_000, pattern=r"^[^\x00]*$")]
VariableName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^=\x00]+$")]


class CommandConfig(AgentConfig):
    """A program under supervision."""

    command: tuple[Argument, ...] = Field(
        min_length=1, description="The program and its arguments, one each; no shell reads them."
    )
    cwd: Path | None = Field(None, description="Folder that it runs in, from the workspace; the workspace itself if empty.")
    env: Mapping[VariableName, Argument] = Field(
        default_factory=dict, description="Variables on top of ours, which come without secrets."
    )
    secret_env: Mapping[VariableName, str] = Field(
        default_factory=dict, description="Variables whose values are secrets: their names in the keyring."
    )
    mode: Literal["service", "task"] = Field(
        "service",
        description="service: runs as long as the agent does. task: runs once for each task. With a schedule it is always task.",
    )
    schedule: Schedule | None = None
    stdin: bool = Field(False, description="Give a task's text on standard input too; it is always in AGENT_TASK.")
    ready: str = Field(
        "", max_length=1_000, description="Regular expression; the agent is ready when a line of output matches it."
    )
    ready_seconds: float = Field(30.0, gt=0, le=3_600, description="Longest that it may take to become ready.")

    @property
    def is_service(self) -> bool:
        return self.mode == "service" and self.schedule is None

    @field_validator("command", mode="before")
    @classmethod
    def _no_single_string(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError('a list such as ["make", "test"]; for pipes and the like: ["sh", "-c", "make test | tee log"]')  # noqa: TRY004
        return value

    @field_validator("command")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value[0].strip():
            raise ValueError("the name of a program first")
        return value

    @field_validator("ready")
    @classmethod
    def _expression(cls, value: str) -> str:
        try:
            regex.compile(value)
        except (regex.error, OverflowError, RecursionError) as error:
            raise ValueError(f"a regular expression ({error})") from None
        return value

    @model_validator(mode="after")
    def _ready_is_for_services(self) -> Self:
        if self.ready and not self.is_service:
            raise ValueError("ready only for a service: what runs to its end is ready at once")
        return self
