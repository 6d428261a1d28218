"""What a coder is configured with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from chainbot_desktop.agents.kind import AgentConfig
from chainbot_desktop.agents.kinds.coder.presets import PRESETS, Preset, known_agents
from chainbot_desktop.core.settings import CoderProgram

_PRESET = "Which coding agent works; custom takes the command below. coder.programs of the settings adds names."

_Word = Annotated[str, StringConstraints(max_length=32_768, pattern=r"^[^\x00]*$")]
_Variable = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^=\x00]+$")]


class CoderConfig(AgentConfig):
    known_presets: ClassVar[Mapping[str, Preset]] = PRESETS

    preset: str = Field("claude-code", description=_PRESET)
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
        if self.preset not in self.known_presets:
            raise ValueError(f"there is no coding agent {self.preset[:50]!r}; there are {', '.join(self.known_presets)}")
        if not self.words or not self.words[0].strip():
            raise ValueError("a custom coding agent needs its command")
        return self

    @property
    def known(self) -> Preset:
        return self.known_presets[self.preset]

    @property
    def words(self) -> tuple[str, ...]:
        """The argument vector that starts it."""
        return self.command or self.known.command


def config_with(own: Iterable[CoderProgram]) -> type[CoderConfig]:
    """The configuration where the settings hold these command lines."""
    known = known_agents(own)

    class Configured(CoderConfig):
        model_config = ConfigDict(title="CoderConfig")
        known_presets: ClassVar[Mapping[str, Preset]] = known

        preset: str = Field("claude-code", description=_PRESET, json_schema_extra={"enum": list(known)})

    return Configured
