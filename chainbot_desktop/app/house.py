"""The composition root: every service made once, handed what it needs, opened in order and closed in the reverse order.

Order of opening: store, journal, what is read from it, metrics and health, the door, the server, ALEX OS.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api.application import build_application
from api.keys import HUB
from api.server import ApiServer
from api.services import ApiServices, Keys
from chainbot_desktop import __version__
from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.personas import load_personas
from chainbot_desktop.agents.records import Origin
from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.templates import AgentTemplates
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.alexos.answers import bare_url
from chainbot_desktop.alexos.client import AlexOsClient
from chainbot_desktop.alexos.identity import Identity, OwnAgent, own_uuid, reachable_url
from chainbot_desktop.app.agent_wing import make_agent_wing
from chainbot_desktop.app.alert_wing import make_alert_wing
from chainbot_desktop.app.audit_wing import make_audit_trail, open_audit_trail
from chainbot_desktop.app.chat_wing import ChatAround, make_chat_wing
from chainbot_desktop.app.configuration import database_path
from chainbot_desktop.app.delivery_wing import DeliveryWing, make_delivery_wing
from chainbot_desktop.app.log_wing import LogWing, make_log_wing
from chainbot_desktop.app.model_setup import PanelModelSetup
from chainbot_desktop.app.opened_store import OpenedStore, open_store
from chainbot_desktop.app.recall_wing import RecallWing
from chainbot_desktop.app.stopping import StopRequest, closed_within, within
from chainbot_desktop.app.watch_wing import WatchWing, make_watch_wing
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import HealthChanged, PanelStarted, PanelStopped
from chainbot_desktop.core.events.envelope import Severity
from chainbot_desktop.core.events.panel import HealthChange, Start, Stop
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import Blobs, Journal, Preferences
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.admin_token import ADMIN_TOKEN, AdminToken, read_or_make_token
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.browser_sessions import Sessions, Tickets
from chainbot_desktop.security.secret_store import SecretStore, desktop_keyring
from chainbot_desktop.security.signing import SIGNING_KEY
from chainbot_desktop.store.deliveries import DeliveryTable
from chainbot_desktop.store.dialects import DialectTable
from chainbot_desktop.watch.alerts.desk import Desk
from chainbot_desktop.watch.health import Health, HealthMonitor, ProgramFacts
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.workspace.changes import FileSet
from chainbot_desktop.workspace.workspace import Workspace

_log = logging.getLogger(__name__)

_SEVERITY = {"healthy": Severity.INFO, "degraded": Severity.WARNING, "unhealthy": Severity.ERROR}
_AGENTS_STOP_WITHIN = 12.0
"""Seconds: their processes are asked first, and killed after five."""
_LAST_FOLDER = "code-agent.folder"


class PanelFace(Protocol):
    """What the house needs of a panel with pixels."""

    async def screen(self) -> bytes:
        """What it shows now, as PNG."""
        ...

    def hot_swap(self, window: str, content: Mapping[str, object]) -> None:
        """Bring a window to the front with a content."""
        ...

    async def move_in(self, house: House) -> None: ...

    async def move_out(self) -> None: ...


@dataclass(frozen=True, slots=True)
class House:
    """Every service, open. They belong to the loop that opened them."""

    settings: Settings
    data_dir: Path
    mode: str
    stop: StopRequest
    tasks: Tasks
    bus: EventBus
    journal: Journal
    blobs: Blobs
    preferences: Preferences
    agents: AgentDirectory
    history: MapHistory
    runtime: AgentService
    desk: ApprovalDesk
    models: ModelService
    model_setup: PanelModelSetup
    entanglements: Entanglements
    vitals: AgentVitals
    templates: AgentTemplates
    persona_folder: Path
    chat: ChatService
    recall: RecallWing
    code: CodeActions
    files: FileSet
    chat_import: ChatGptImport
    workspace: Workspace
    logs: LogRing
    log_wing: LogWing
    watch: WatchWing
    audit: AuditTrail
    alerts: Desk
    link: AlexOsClient
    deliveries: DeliveryWing
    keys: Keys


@asynccontextmanager
async def open_house(
    settings: Settings, data_dir: Path, *, mode: str, logs: LogRing, panel: PanelFace | None, stop: StopRequest
) -> AsyncIterator[House]:
    """Raises ChainBotError where something cannot be opened; what was open by then is closed again."""
    async with AsyncExitStack() as stack:
        store = await open_store(stack, database_path(settings, data_dir))
        journal, bus = store.journal, store.bus
        agents = AgentDirectory(journal, bus, store.snapshots)
        history = MapHistory(journal)
        await agents.open()
        stack.push_async_callback(closed_within, 0.5, "the agent directory", agents.close)

        watch = make_watch_wing(
            settings,
            data_dir,
            database_path(settings, data_dir),
            logs,
            journal,
            link=lambda: link.status,
            skew=lambda: link.clock_skew,
            facts=lambda: ProgramFacts(
                websocket_connections=application[HUB].count,
                active_agents=_working(agents),
                gpt_integration_status=_model_word(wing.models),
            ),
        )
        tasks = Tasks(watch.health.record_task_failure)
        stack.push_async_callback(_cancel, tasks)
        identity = await _identity(
            settings,
            store.preferences,
            headless=panel is None,
            has_models=lambda: _model_word(wing.models) != "not_configured",
        )
        link = _make_link(settings, identity, store, watch.health, agents)
        deliveries = make_delivery_wing(settings, store, tasks, link, lambda: link.status.outbox_pending)
        await deliveries.open(stack, settings, tasks)
        secrets = await asyncio.to_thread(_secret_store, settings, data_dir)
        audit = make_audit_trail(store, agents, secrets, data_dir)
        keys = await _keys(secrets, settings, logs)
        workspace = Workspace(await _workspace_root(settings, store.preferences), journal, data_dir / "drafts")
        stack.push_async_callback(closed_within, 0.5, "the workspace", workspace.close)
        wing = await make_agent_wing(
            settings,
            data_dir,
            store,
            agents,
            tasks,
            workspace=lambda: workspace.root,
            secret=lambda name: secrets.get(name) if name not in (ADMIN_TOKEN, SIGNING_KEY) else None,
            redactor=logs.redactor,
        )
        log_wing = make_log_wing(settings.logs, logs, bus, store.preferences, tasks, wing.runtime, wing.children)
        rooms = make_chat_wing(
            settings,
            data_dir,
            store,
            tasks,
            agents,
            wing,
            ChatAround(
                workspace,
                StatusProbes(lambda: watch.health.current.reasons, lambda: link.status, lambda: len(agents.agents)),
                loop_lag=lambda: watch.lag.peak(1.0),
                redact=logs.redactor.redact,
            ),
        )
        alerts = make_alert_wing(
            settings,
            data_dir,
            store,
            watch,
            log_wing.timeline,
            tasks,
            link=lambda: link.status,
            ledger=wing.ledger,
            questions=wing.desk.pending,
            secret=secrets.get,
        )
        services = ApiServices(
            settings=settings,
            journal=journal,
            bus=bus,
            intake=deliveries.intake,
            agents=agents,
            history=history,
            link=link,
            health=watch.health.snapshot,
            machine=watch.metrics,
            lag=lambda: watch.lag.statistics.p95,
            keys=keys,
            tasks=tasks,
            mode=mode,
            screen=panel.screen if panel is not None else None,
            hot_swap=panel.hot_swap if panel is not None else None,
            runtime=wing.runtime,
            desk=wing.desk,
            entanglements=wing.entanglements,
            vitals=wing.vitals,
            templates=wing.templates,
            completions=wing.completions,
            personas=lambda: load_personas(wing.persona_folder),
            chat=rooms.chat,
            notes=rooms.recall.notes,
            recall=rooms.recall.recall,
            metric_store=watch.figures.store,
            timeline=log_wing.timeline,
            answered=log_wing.access.answered,
            earlier=journal.earlier,
            audit=audit,
            deliveries=deliveries.for_api(),
            alerts=alerts.desk,
        )
        application = build_application(services)
        await watch.open(stack)
        await open_audit_trail(audit, settings.audit, stack, tasks)

        stack.push_async_callback(closed_within, _AGENTS_STOP_WITHIN, "the agents", wing.close)
        await wing.open()
        watch.figures.agents.attach(wing.runtime, wing.ledger)
        tasks.spawn("look at the models", wing.models.probe())
        await rooms.open()
        stack.push_async_callback(closed_within, 1.0, "the chat", rooms.close)
        await log_wing.open(stack)
        await alerts.open(stack)

        server = ApiServer(application, settings.server.host, settings.server.port)
        await server.start()
        await journal.append(_started(settings, server.port, mode))
        stack.push_async_callback(_journal_stop, journal, stop)
        stack.push_async_callback(closed_within, 1.5, "the server", server.stop)
        await link.start()
        stack.push_async_callback(closed_within, 1.5, "the link to ALEX OS", link.stop)

        def on_health(before: Health, after: Health) -> None:
            tasks.spawn("journal health", journal.append(_health_changed(before, after)))
            link.report_now()

        stack.callback(watch.health.on_change(on_health))
        stack.callback(link.on_change(_LinkLog()))
        yield House(
            settings=settings,
            data_dir=data_dir,
            mode=mode,
            stop=stop,
            tasks=tasks,
            bus=bus,
            journal=journal,
            blobs=store.blobs,
            preferences=store.preferences,
            agents=agents,
            history=history,
            runtime=wing.runtime,
            desk=wing.desk,
            models=wing.models,
            model_setup=PanelModelSetup(wing.models, secrets, settings),
            entanglements=wing.entanglements,
            vitals=wing.vitals,
            templates=wing.templates,
            persona_folder=wing.persona_folder,
            chat=rooms.chat,
            recall=rooms.recall,
            code=rooms.code,
            files=rooms.files,
            chat_import=rooms.chat_import,
            workspace=workspace,
            logs=logs,
            log_wing=log_wing,
            watch=watch,
            audit=audit,
            alerts=alerts.desk,
            link=link,
            deliveries=deliveries,
            keys=keys,
        )


def _make_link(
    settings: Settings, identity: Identity, store: OpenedStore, health: HealthMonitor, agents: AgentDirectory
) -> AlexOsClient:
    return AlexOsClient(
        settings.alex_os,
        identity,
        journal=store.journal,
        bus=store.bus,
        blobs=store.blobs,
        snapshots=store.snapshots,
        deliveries=DeliveryTable(store.database, store.journal),
        dialects=DialectTable(store.database),
        health=health.snapshot,
        ours=lambda: _own_agents(agents),
        on_failure=health.record_task_failure,
    )


async def _keys(secrets: SecretStore, settings: Settings, logs: LogRing) -> Keys:
    # The keyring may have to be asked over D-Bus, and the file lies on a disk.
    token = await asyncio.to_thread(read_or_make_token, secrets)
    _redact(logs, token, settings)
    return Keys(AdminToken(token), Tickets(), Sessions())


class _LinkLog:
    """Says in the log when the link to ALEX OS goes from one state to another."""

    def __init__(self) -> None:
        self._state: LinkState | None = None

    def __call__(self, status: LinkStatus) -> None:
        if status.state is not self._state:
            self._state = status.state
            _log.info("the link to ALEX OS is %s%s", status.state.value, f": {status.reason}" if status.reason else "")


async def _cancel(tasks: Tasks) -> None:
    for name in await tasks.cancel_all(deadline=0.5):
        _log.error("the task %s did not end", name)


async def _journal_stop(journal: Journal, stop: StopRequest) -> None:
    event = PanelStopped(data=Stop(pid=os.getpid(), reason=stop.reason or "an error at the start"))
    await within(1.0, "the last event", journal.append(event))


async def _identity(
    settings: Settings, preferences: Preferences, *, headless: bool, has_models: Callable[[], bool]
) -> Identity:
    """Who we are to ALEX OS."""
    alex_os, server = settings.alex_os, settings.server
    if alex_os.webhook_url is not None:
        webhook_url = str(alex_os.webhook_url)
    else:
        registry_host = alex_os.registry_url.host or ""
        # May ask a name server.
        base = await asyncio.get_running_loop().run_in_executor(None, reachable_url, server.host, server.port, registry_host)
        webhook_url = f"{base}/api/webhooks/chainbot"
    return Identity(
        uuid=await own_uuid(preferences),
        agent_name=settings.chainbot.name,
        agent_version=__version__,
        role=settings.chainbot.role,
        port=server.port,
        event_bus_url=bare_url(alex_os.event_bus_url),
        webhook_url=webhook_url,
        headless=headless,
        has_models=has_models,
    )


def _own_agents(agents: AgentDirectory) -> list[OwnAgent]:
    return [
        OwnAgent(agent.id, agent.name, agent.kind or "agent", "offline" if agent.ended_at else "online")
        for agent in agents.agents
        if agent.origin is Origin.OWN
    ]


def _redact(logs: LogRing, token: str, settings: Settings) -> None:
    """Keep every secret we know out of the lines that people and ALEX OS see."""
    known = (
        settings.alex_os.api_key,
        settings.openai.api_key,
        settings.maclink.api_key,
        settings.security.secret_key,
    )
    logs.redactor.add(token, *(secret.get_secret_value() for secret in known if secret is not None))


def _secret_store(settings: Settings, data_dir: Path) -> SecretStore:
    kind = settings.security.secret_store
    return SecretStore(data_dir, kind, None if kind == "file" else desktop_keyring())


async def _workspace_root(settings: Settings, preferences: Preferences) -> Path:
    """The folder of the settings, else the last one used, else home; one that is gone does not count."""
    last = await preferences.get(_LAST_FOLDER)
    for candidate in (settings.workspace.root, Path(last) if isinstance(last, str) else None):
        if candidate is not None and candidate.expanduser().is_dir():
            return candidate.expanduser()
    return Path.home()


def _model_word(models: ModelService) -> str:
    """What ALEX OS is told of the models: available | demonstration | not_configured."""
    ready = [status for status in models.statuses() if status.state == "ready"]
    if any(not status.demonstration for status in ready):
        return "available"
    return "demonstration" if ready else "not_configured"


def _working(agents: AgentDirectory) -> int:
    return sum(1 for agent in agents.agents if agent.state == AgentState.WORKING)


def _started(settings: Settings, port: int, mode: str) -> PanelStarted:
    return PanelStarted(data=Start(version=__version__, pid=os.getpid(), host=settings.server.host, port=port, mode=mode))


def _health_changed(before: Health, after: Health) -> HealthChanged:
    return HealthChanged(
        severity=_SEVERITY[after.status],
        data=HealthChange(before=before.status, after=after.status, reasons=after.reasons),
    )
