"""The rooms of the agents, made once and handed to each other: processes, models, tools, links, and the runtime over them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.kind import Limits
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.models.model_files import ModelFolder
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.processes.leases import end_lease, lease_alive, take_lease
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.kinds import load_kinds
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.runtime.shared import Leases, RuntimeParts
from chainbot_desktop.agents.templates import AgentTemplates
from chainbot_desktop.agents.tools.mcp_servers import McpServers
from chainbot_desktop.agents.tools.toolboxes import ToolboxFactory
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.app.code_runs import CodeRuns
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agents import AgentMessageTable, AgentTable, RunTable, UsageTable
from chainbot_desktop.store.approvals import ApprovalTable
from chainbot_desktop.store.coordinations import CoordinationTable
from chainbot_desktop.watch.redaction import Redactor


@dataclass(frozen=True, slots=True)
class AgentWing:
    """`open` and `close` on the loop's thread; what stands between is what the rest of the house uses."""

    runtime: AgentService
    desk: ApprovalDesk
    models: ModelService
    completions: Completions
    ledger: Ledger
    entanglements: Entanglements
    vitals: AgentVitals
    templates: AgentTemplates
    persona_folder: Path
    code: CodeRuns
    _own: Children
    _host: ProcessHost
    _tool_servers: McpServers

    @property
    def children(self) -> Children:
        """Starts programs for the house itself; whatever still runs of them is stopped by `close`."""
        return self._own

    async def open(self) -> None:
        """Tool servers connect in the background; agents of the last time are taken back in."""
        await self.models.open()
        await self.templates.open()
        self._tool_servers.start()
        self.entanglements.open()
        self.vitals.open()
        await self.runtime.open()
        await self.entanglements.take_up()
        await self.code.open()

    async def close(self) -> None:
        await self.code.close()
        await self.entanglements.close()
        await self.runtime.close()
        await self.vitals.close()
        await asyncio.gather(self._tool_servers.stop(), self.models.close())
        await self._own.stop_all(grace=1.0)
        await self._host.close()


async def make_agent_wing(
    settings: Settings,
    data_dir: Path,
    store: OpenedStore,
    directory: AgentDirectory,
    tasks: Tasks,
    *,
    workspace: Callable[[], Path],
    secret: Callable[[str], str | None],
    redactor: Redactor,
) -> AgentWing:
    """`secret` may block. Kinds are imported on a thread."""
    database, journal = store.database, store.journal
    host = ProcessHost()
    own = Children(host, tasks)

    def children(limits: Limits) -> Children:
        return Children(host, tasks, memory_mb=limits.memory_mb, cpu_percent=limits.cpu_percent)

    services: list[AgentService] = []
    messages, shared_work = AgentMessageTable(database, journal), CoordinationTable(database, journal)
    entanglements = Entanglements(directory, journal, messages, shared_work, tasks, lambda: services[0], store.bus, store.blobs)
    tool_servers = McpServers(settings.mcp.servers, own, tasks, data_dir, secret)
    models = ModelService(settings, secret, own, tasks, ModelFolder(data_dir / "models"), hide=redactor.add)
    toolboxes = ToolboxFactory(
        settings.tools, journal, entanglements, tasks, redact=redactor.redact, hidden=_hidden(data_dir), more=tool_servers
    )
    persona_folder = data_dir / "personas"
    kinds = await asyncio.to_thread(load_kinds, KindServices(models, toolboxes, persona_folder, secret, settings, store.blobs))
    desk = ApprovalDesk(ApprovalTable(database, journal), tasks)
    ledger = Ledger(UsageTable(database), settings.agents)
    parts = RuntimeParts(
        agents=AgentTable(database, journal),
        runs=RunTable(database, journal),
        ledger=ledger,
        desk=desk,
        tasks=tasks,
        settings=settings.agents,
        children=children,
        leases=Leases(take_lease, lease_alive, end_lease),
        workspace=workspace,
        private=data_dir / "agents",
        secret=secret,
    )
    runtime = AgentService(kinds, parts)
    runtime.before_task = entanglements.before_task
    services.append(runtime)
    vitals = AgentVitals(directory, store.bus, runtime, tasks)
    templates = AgentTemplates(data_dir / "templates")
    completions = Completions(models, ledger)
    code = CodeRuns(desk, journal, settings.tools, Children(host, tasks), tasks, workspace, _hidden(data_dir))
    return AgentWing(
        runtime,
        desk,
        models,
        completions,
        ledger,
        entanglements,
        vitals,
        templates,
        persona_folder,
        code,
        own,
        host,
        tool_servers,
    )


def _hidden(data_dir: Path) -> Sequence[Path]:
    """What no tool of an agent may see: the journal, the keys, the folders of other agents."""
    return (data_dir,)
