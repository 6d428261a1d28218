"""Personas: who an assistant is, as Markdown files with front matter. A person's own files win over ours of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.resources import resource_path

_FENCE = "---"
_MAX_BYTES = 256 * 1024
_MAX_FILES = 500


class _FrontMatter(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")
    title: str = Field("", max_length=200)
    description: str = Field("", max_length=1000)
    model: str = Field("", max_length=300)
    tools: tuple[str, ...] | None = None
    policy: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Persona:
    """`tools` are the names of the tools it is meant to have; None: all. `model` is empty where the settings decide."""

    name: str
    title: str
    description: str
    model: str
    tools: tuple[str, ...] | None
    policy: Mapping[str, Any]
    instructions: str


@dataclass(frozen=True, slots=True)
class Personas:
    """All that could be read, by name, and sentences about files that could not."""

    by_name: Mapping[str, Persona]
    problems: tuple[str, ...]

    def get(self, name: str) -> Persona:
        persona = self.by_name.get(name)
        if persona is None:
            raise NotFound(
                f"There is no persona {name!r}.",
                hint=f"There are {', '.join(sorted(self.by_name))}. {' '.join(self.problems)}".strip(),
                code="no_such_persona",
            )
        return persona


def load_personas(own: Path) -> Personas:
    """Ours and those of the folder `own`, which may not exist. Blocks."""
    found: dict[str, Persona] = {}
    problems: list[str] = []
    for folder in (resource_path("personas"), own):
        for path in _files(folder):
            try:
                persona = parse_persona(_read(path))
            except InvalidInput as error:
                problems.append(f"{path.name}: {error.message}")
                continue
            found[persona.name] = persona
    return Personas(found, tuple(problems))


def parse_persona(text: str) -> Persona:
    """InvalidInput says what is wrong with it."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines or lines[0].strip() != _FENCE:
        raise InvalidInput("It does not begin with front matter between two lines of ---.")
    try:
        end = next(number for number, line in enumerate(lines[1:], 1) if line.strip() == _FENCE)
    except StopIteration:
        raise InvalidInput("Its front matter has no end: a line of --- is missing.") from None
    try:
        front = _FrontMatter.model_validate(yaml.safe_load("\n".join(lines[1:end])))
    except yaml.YAMLError as error:
        raise InvalidInput(f"Its front matter is not YAML: {' '.join(str(error).split())}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(f"{'.'.join(map(str, first['loc'])) or 'front matter'}: {first['msg']}.") from None
    instructions = "\n".join(lines[end + 1 :]).strip()
    if not instructions:
        raise InvalidInput("It has no instructions after its front matter.")
    return Persona(
        front.name, front.title or front.name, front.description, front.model, front.tools, front.policy, instructions
    )


def _files(folder: Path) -> Sequence[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".md" and path.is_file())[:_MAX_FILES]
    except OSError:
        return ()


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InvalidInput(f"It has more than {_MAX_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"It cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidInput("It is not a text in UTF-8.") from None
