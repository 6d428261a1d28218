"""Templates: a kind with a configuration to begin from. Ours come along as files, a person's own lie in the data directory.

A template holds no secrets: what looks like one is left out when an agent is kept as a template, and named.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chainbot_desktop.agents.processes.environment import looks_secret
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.resources import resource_path

_log = logging.getLogger(__name__)

MAX_OWN = 200
_MAX_BYTES = 256 * 1024
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_NAMES_OF_SECRETS = frozenset({"secret", "secret_env"})
"""Fields that say which secret is meant, and never what it is."""
_OPTION = re.compile(r"(--?[\w-]*?(?:key|token|secret|password|passwd|passphrase|credential)[\w-]*)(=.+)?", re.IGNORECASE)


class _TemplateFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=1_000)
    icon: str = Field("agent", pattern=r"^[a-z0-9-]{1,50}$")
    rank: int = Field(0, ge=0, le=1_000)
    name: str = Field("", max_length=200)
    agent_type: str = Field(min_length=1, max_length=200)
    config: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """`name` is what an agent of it is called if that is free; `rank` orders ours; `own` ones can be deleted."""

    id: str
    title: str
    description: str
    icon: str
    name: str
    kind: str
    config: Mapping[str, Any]
    own: bool
    rank: int = 0


class AgentTemplates:
    """Use on the loop's thread, after `open`. `own` is the folder of a person's own; it is made when the first is kept."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._known: dict[str, Template] = {}
        self._changing = asyncio.Lock()

    async def open(self) -> None:
        found = await asyncio.to_thread(
            lambda: [*_read_all(resource_path("templates"), own=False), *_read_all(self._own, own=True)]
        )
        self._known = {template.id: template for template in found}

    def list(self) -> Sequence[Template]:
        """Ours first, then a person's own by title."""
        return sorted(self._known.values(), key=lambda each: (each.own, each.rank, each.title.casefold()))

    def get(self, template_id: str) -> Template:
        found = self._known.get(template_id)
        if found is None:
            raise NotFound(
                f"There is no template {template_id[:200]!r}.",
                hint="GET /api/agent-templates lists them.",
                code="no_such_template",
            )
        return found

    async def save(
        self, title: str, kind: str, config: Mapping[str, Any], *, description: str = ""
    ) -> tuple[Template, Sequence[str]]:
        """Keep a configuration, which must be one that `kind` takes; the template, and the names of fields left out as secrets."""
        title, description = " ".join(title.split()), " ".join(description.split())
        if not title or len(title) > 200 or not title.isprintable():
            raise InvalidInput("A template's title has 1 to 200 printable characters.", code="invalid_title")
        async with self._changing:
            if any(each.title.casefold() == title.casefold() for each in self._known.values()):
                raise Conflict(f"There is a template {title!r} already.", hint="Choose another title.", code="title_taken")
            if sum(each.own for each in self._known.values()) >= MAX_OWN:
                raise Conflict(f"There are {MAX_OWN} templates already.", hint="Delete one.", code="too_many_templates")
            kept, left_out = without_secrets(config)
            template = Template(self._free_id(title), title, description[:1_000], "agent", title, kind, kept, own=True)
            await asyncio.to_thread(_write, self._own / f"{template.id}.json", template)
            self._known[template.id] = template
        return template, left_out

    async def delete(self, template_id: str) -> None:
        async with self._changing:
            template = self.get(template_id)
            if not template.own:
                raise Conflict(f"{template.title} comes along with the program: it stays.", code="built_in_template")
            await asyncio.to_thread(_delete, self._own / f"{template.id}.json")
            del self._known[template.id]

    def _free_id(self, title: str) -> str:
        stem = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")[:60] or "template"
        number = 1
        while (found := stem if number == 1 else f"{stem}_{number}") in self._known:
            number += 1
        return found


def without_secrets(config: Mapping[str, Any]) -> tuple[dict[str, Any], Sequence[str]]:
    """The configuration without what looks like a secret, and where that stood."""
    left_out: list[str] = []
    kept = _plain(config, "", left_out)
    assert isinstance(kept, dict)
    return kept, tuple(left_out)


def _plain(value: Any, path: str, left_out: list[str]) -> Any:
    if isinstance(value, Mapping):
        kept = {}
        for key, each in value.items():
            where = f"{path}.{key}" if path else str(key)
            if key in _NAMES_OF_SECRETS:
                kept[key] = each
            elif isinstance(each, str) and looks_secret(str(key), each):
                left_out.append(where)
            else:
                kept[key] = _plain(each, where, left_out)
        return kept
    if isinstance(value, list | tuple):
        return _plain_words(value, path, left_out)
    return value


def _plain_words(words: Sequence[Any], path: str, left_out: list[str]) -> list[Any]:
    """A list, as a command's: what follows `--token`, or stands behind its equals sign, is emptied so that its place is seen."""
    kept: list[Any] = []
    hide_next = False
    for number, word in enumerate(words):
        where = f"{path}.{number}"
        option = _OPTION.fullmatch(word) if isinstance(word, str) else None
        if hide_next and isinstance(word, str) and not word.startswith("-"):
            kept.append("")
            left_out.append(where)
        elif option is not None and option[2]:
            kept.append(f"{option[1]}=")
            left_out.append(where)
        elif isinstance(word, str) and looks_secret("", word):
            kept.append("")
            left_out.append(where)
        else:
            kept.append(_plain(word, where, left_out))
        hide_next = option is not None and not option[2]
    return kept


# Files. All of this blocks.


def _read_all(folder: Path, *, own: bool) -> Iterator[Template]:
    """One that cannot be read is named in the log and does not keep the others away."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".json") and path.is_file())
    except OSError:
        return
    for path in paths[: 2 * MAX_OWN]:
        try:
            yield _read(path, own=own)
        except (OSError, ValueError, yaml.YAMLError) as error:
            _log.warning("the template %s cannot be read: %s", path, " ".join(str(error).split())[:300])


def _read(path: Path, *, own: bool) -> Template:
    if not _ID.fullmatch(path.stem) or path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"its name is no id, or it has more than {_MAX_BYTES} bytes")
    text = path.read_text(encoding="utf-8")
    try:
        found = _TemplateFile.model_validate(json.loads(text) if path.suffix == ".json" else yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    config = found.config if own else _filled_in(found.config)
    return Template(
        path.stem,
        found.title,
        found.description,
        found.icon,
        found.name or found.title,
        found.agent_type,
        config,
        own,
        found.rank,
    )


def _filled_in(value: Any) -> Any:
    """`{python}` in a file of ours is the Python that runs this program."""
    if isinstance(value, str):
        return sys.executable if value == "{python}" else value
    if isinstance(value, dict):
        return {key: _filled_in(each) for key, each in value.items()}
    return [_filled_in(each) for each in value] if isinstance(value, list) else value


def _write(path: Path, template: Template) -> None:
    body = {
        "title": template.title,
        "description": template.description,
        "name": template.name,
        "agent_type": template.kind,
        "config": template.config,
    }
    text = json.dumps(body, indent=2, ensure_ascii=False)
    if len(text.encode()) > _MAX_BYTES:
        raise InvalidInput(f"The configuration has more than {_MAX_BYTES:,} bytes.", hint="Put long texts into a file.")
    half_written = path.with_suffix(".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with half_written.open("w", encoding="utf-8") as file:
            half_written.chmod(0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half_written.replace(path)
    except OSError as error:
        raise Unavailable(f"The template cannot be kept: {error.strerror}.", hint="Look at the disk.") from None


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"The template cannot be deleted: {error.strerror}.") from None
