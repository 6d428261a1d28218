"""The kinds of agents that are installed: ours and those of third parties, found by their entry points."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from pydantic import ValidationError

from chainbot_desktop.agents.kind import AgentConfig, AgentKind
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.core.errors import InvalidInput, NotFound

_log = logging.getLogger(__name__)

GROUP = "chainbot.agents"


class Kinds:
    """By name. A kind that cannot be loaded is named in the log and does not keep the others away."""

    def __init__(self, kinds: Iterable[AgentKind]) -> None:
        self._kinds = {kind.info.name: kind for kind in kinds}

    def __iter__(self) -> Iterator[AgentKind]:
        return iter(self._kinds.values())

    def get(self, name: str) -> AgentKind:
        kind = self._kinds.get(name)
        if kind is None:
            known = ", ".join(sorted(self._kinds)) or "none"
            raise NotFound(f"There is no kind of agent {name!r}.", hint=f"There are: {known}.", code="no_such_kind")
        return kind

    def check(self, name: str, config: Mapping[str, Any]) -> AgentConfig:
        """The configuration, as its kind understands it; InvalidInput names the field that is wrong."""
        kind = self.get(name)
        given = {"restart": kind.info.default_restart, **config}
        try:
            return kind.config_model.model_validate(given)
        except ValidationError as error:
            raise _invalid(error) from None


def load_kinds(services: KindServices, points: Iterable[EntryPoint] | None = None) -> Kinds:
    """Imports what the entry points name: call it on a thread."""
    found: list[AgentKind] = []
    for point in entry_points(group=GROUP) if points is None else points:
        try:
            found.append(point.load()(services))
        except Exception:  # the border of an extension: a broken one does not keep the program from starting
            _log.exception("the kind of agent %r (%s) cannot be loaded", point.name, point.value)
    return Kinds(found)


def _invalid(error: ValidationError) -> InvalidInput:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])[:100] or "config"
    if first["type"] == "missing":
        return InvalidInput(f"The configuration lacks {name!r}.", code="invalid_config")
    if first["type"] == "extra_forbidden":
        return InvalidInput(
            f"The configuration has {name!r}, which is not known here.",
            hint="GET /api/agents/types lists what is.",
            code="invalid_config",
        )
    expected = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if first["type"] == "not_shown":  # what was given may hold a key
        return InvalidInput(f"{name!r}: {expected}.", code="invalid_config")
    found = repr(first["input"])
    return InvalidInput(f"{name!r}: found {found[:80]}, expected {expected}.", code="invalid_config")
