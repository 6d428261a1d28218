"""What the map needs of the agents that run here and of the models they can have: protocols that the app fulfils."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from chainbot_desktop.agents.entanglements.coordination import Coordination
from chainbot_desktop.agents.kind import Delivery, KindInfo
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.agents.records import Entanglement
from chainbot_desktop.agents.runtime.live import LiveAgent
from chainbot_desktop.agents.templates import Template
from chainbot_desktop.store.agent_rows import AgentRow, RunRow
from chainbot_desktop.ui.agent_map.folder_field import ChooseFolder

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


class AgentRuntime(Protocol):
    """Of agents.runtime.service.AgentService."""

    def kinds(self) -> Sequence[KindInfo]: ...

    def config_schema(self, kind: str) -> dict[str, Any]: ...

    def live(self, agent_id: str) -> LiveAgent | None: ...

    def living(self) -> Sequence[LiveAgent]: ...

    def definition(self, agent_id: str) -> AgentRow: ...

    def folder(self, agent_id: str) -> Path: ...

    def log(self, agent_id: str) -> AgentLog: ...

    def on_change(self, listener: Callable[[str], None]) -> Callable[[], None]: ...

    async def spawn(self, kind: str, name: str, config: Mapping[str, Any], *, actor: str) -> str: ...

    async def stop(self, agent_id: str, *, actor: str) -> None: ...

    async def kill(self, agent_id: str, *, actor: str) -> None: ...

    async def restart(self, agent_id: str, *, actor: str) -> None: ...

    async def pause(self, agent_id: str, *, actor: str) -> None: ...

    async def resume(self, agent_id: str, *, actor: str) -> None: ...

    async def remove(self, agent_id: str, *, actor: str) -> None: ...

    async def hot_swap(
        self,
        agent_id: str,
        *,
        actor: str,
        kind: str | None = None,
        name: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None: ...

    async def execute(self, agent_id: str, task: str, *, actor: str) -> str: ...

    async def message(self, agent_id: str, text: str, *, actor: str, delivery: Delivery = "between") -> str: ...

    async def cancel_run(self, run_id: str, *, actor: str) -> None: ...

    async def runs_of(self, agent_id: str, limit: int = 100) -> Sequence[RunRow]: ...


class TemplateBook(Protocol):
    """Of agents.templates.AgentTemplates."""

    def list(self) -> Sequence[Template]: ...

    async def save(
        self, title: str, kind: str, config: Mapping[str, Any], *, description: str = ""
    ) -> tuple[Template, Sequence[str]]: ...

    async def delete(self, template_id: str) -> None: ...


class LinkService(Protocol):
    """Of agents.entanglements.service.Entanglements: links between agents, and tasks that go from one to another."""

    async def create(self, name: str, kind: str, agents: Sequence[str], *, actor: str) -> Entanglement: ...

    async def release(self, entanglement_id: str, *, actor: str) -> None: ...

    async def tell_guest(self, agent_id: str, text: str, *, actor: str) -> str: ...

    async def handover(self, from_agent: str, to_agent: str, *, run_id: str = "", actor: str) -> str: ...

    async def coordinate(self, entanglement_id: str, task: str, *, actor: str) -> Coordination: ...

    async def coordinate_among(self, agents: Sequence[str], task: str, *, actor: str) -> Coordination: ...

    def on_coordination(self, listener: Callable[[Coordination], None]) -> Callable[[], None]: ...

    async def cancel(self, coordination_id: str, *, actor: str) -> Coordination: ...


class ModelList(Protocol):
    """Of agents.models.gateway.Models: which models there are, and how they are."""

    def statuses(self) -> Sequence[ProviderStatus]: ...

    async def probe(self, provider: str | None = None) -> Sequence[ProviderStatus]: ...


@dataclass(frozen=True, slots=True)
class RuntimeParts:
    """What the map is given to let agents be made and steered. `personas` are names; `folder` is where agents work by default."""

    agents: AgentRuntime
    models: ModelList | None
    personas: Callable[[], Sequence[str]]
    folder: Callable[[], str]
    better_models: Callable[[QWidget, Callable[[], object]], object] | None = None
    """Opens the sheet of better models over a widget; the callback is for when they changed."""
    choose_folder: ChooseFolder | None = None
    last_file: Callable[[str], Awaitable[str]] | None = None
    """The file that an agent (by id) wrote last, as its tools named it; "" where there is none."""
    templates: TemplateBook | None = None
    links: LinkService | None = None
