"""What a coder is configured with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from chainbot_desktop.agents.kind import AgentConfig
from chainbot_desktop.agents.kinds.coder.presets import PRESETS, Preset, PresetName

_Word = Annotated[str, StringConstraints(max_length=32_768, pattern=r"^[^\x00]*$")]
_Variable = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^=\x00]+$")]


class CoderConfig(AgentConfig):
    preset: PresetName = Field("claude-code", description="Which coding agent works; custom takes the command below.")
    command: tuple[_Word, ...] = Field((), max_length=1000, description="Program and arguments; those of the preset if empty.")
    env: Mapping[_Variable, _Word] = Field(default_factory=dict, description="Environment variables for it.")
    secret_env: Mapping[_Variable, str] = Field(
        default_factory=dict, description="Environment variables whose values are secrets of these names."
    )
    mode: str = Field("", max_length=200, description="Its mode, where it offers several; its own choice if empty.")
    model: str = Field("", max_length=300, description="Its model, where it lets one be chosen; its own choice if empty.")
    answer_seconds: float = Field(60, gt=0, le=600, description="Longest that it may take to get ready, in seconds.")

    @model_validator(mode="after")
    def _something_to_start(self) -> CoderConfig:
        if not self.words or not self.words[0].strip():
            raise ValueError("a custom coding agent needs its command")
        return self

    @property
    def known(self) -> Preset:
        return PRESETS[self.preset]

    @property
    def words(self) -> tuple[str, ...]:
        """The argument vector that starts it."""
        return self.command or self.known.command
