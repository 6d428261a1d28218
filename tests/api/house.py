"""A whole server for a test: the real store, intake, directory, door and monitors, on a real socket. Only ALEX OS is not there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import aiohttp
import orjson
from aiohttp import web

from api.application import build_application
from api.keys import HUB
from api.server import ApiServer
from api.services import ApiServices, Keys
from chainbot_desktop import __version__
from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.kind import AgentKind, Limits
from chainbot_desktop.agents.models.completions import Completions
from chainbot_desktop.agents.models.model_files import ModelFolder
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.agents.personas import load_personas
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.replay import MapHistory
from chainbot_desktop.agents.runtime.budget import Ledger
from chainbot_desktop.agents.runtime.kinds import Kinds
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.agents.runtime.shared import Leases, RuntimeParts
from chainbot_desktop.agents.templates import AgentTemplates
from chainbot_desktop.agents.vitals import AgentVitals
from chainbot_desktop.app.agent_talk import ServiceTalk
from chainbot_desktop.app.delivery_wing import make_delivery_wing
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.app.recall_wing import Around, make_recall
from chainbot_desktop.chat.attachments import AttachmentService
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.service import UNDO_SECONDS, ChatService, Surroundings
from chainbot_desktop.core.link import DialectRow, LinkState, LinkStatus, Verdict
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.admin_token import AdminToken
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.browser_sessions import Sessions, Tickets
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signing import read_or_make_signer
from chainbot_desktop.store.agents import AgentMessageTable, AgentTable, RunTable, UsageTable
from chainbot_desktop.store.approvals import ApprovalTable
from chainbot_desktop.store.attachments import AttachmentTable
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.coordinations import CoordinationTable
from chainbot_desktop.store.metric_file import MetricFile
from chainbot_desktop.watch.health import HealthMonitor, ProgramFacts
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.sources.http_access import HttpAccess
from chainbot_desktop.watch.logs.timeline import LogTimeline
from chainbot_desktop.watch.loop_lag import LoopLagMonitor
from chainbot_desktop.watch.metric_store import MetricStore
from chainbot_desktop.watch.metrics import MetricsSampler
from tests.helpers.agent_house import NoChildren, ScriptedKind
from tests.helpers.alert_desks import open_plain_desk
from tests.helpers.deliveries import StillWay
from tests.helpers.stores import Store, open_store

TOKEN = "the-token-of-the-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class FakeLink:
    """A link whose status a test sets."""

    def __init__(self) -> None:
        row = DialectRow(capability="events", path="/api/events/", verdict=Verdict.WORKS, status=200)
        self.status = LinkStatus(state=LinkState.DEGRADED, reason="It cannot register us.", dialect="observed", rows=(row,))

    def on_change(self, listener: Callable[[LinkStatus], None]) -> Callable[[], None]:
        return lambda: None


@dataclass
class House:
    store: Store
    services: ApiServices
    application: web.Application
    server: ApiServer
    http: aiohttp.ClientSession
    """Carries the token."""
    runtime: AgentService
    desk: ApprovalDesk
    chat: ChatService
    scripted: ScriptedKind
    swaps: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    async def get(self, path: str, **more: Any) -> Any:
        async with self.http.get(self.url + path, **more) as response:
            assert response.status == 200, await response.text()
            return orjson.loads(await response.read())

    async def post(self, path: str, body: Any, **more: Any) -> Any:
        async with self.http.post(self.url + path, json=body, **more) as response:
            assert response.status == 200, await response.text()
            return orjson.loads(await response.read())

    async def post_new(self, path: str, body: Any) -> Any:
        """What was made."""
        async with self.http.post(self.url + path, json=body) as response:
            assert response.status == 201, await response.text()
            return orjson.loads(await response.read())

    async def runs(self, name: str, **config: Any) -> str:
        """An agent that runs here and is idle; its id."""
        return await self.starts("scripted", name, **config)

    async def starts(self, kind: str, name: str, **config: Any) -> str:
        agent_id = await self.runtime.spawn(kind, name, config, actor="user:test")
        await self.becomes(agent_id, "idle")
        return agent_id

    async def becomes(self, agent_id: str, state: str) -> None:
        changed = asyncio.Event()
        cancel = self.runtime.on_change(lambda _: changed.set())
        try:
            async with asyncio.timeout(10):
                while (live := self.runtime.live(agent_id)) is None or live.state != state:
                    changed.clear()
                    await changed.wait()
        finally:
            cancel()

    async def spawn(self, agent_id: str, **more: Any) -> int:
        """Report an agent; the `seq` of the event."""
        answer = await self.post("/api/webhooks/chainbot/agent/spawned", {"agent_id": agent_id, **more})
        return int(answer["seq"])


@asynccontextmanager
async def open_house(
    folder: Path,
    settings: Mapping[str, Any] | None = None,
    screen: Callable[[], Awaitable[bytes]] | None = None,
    *,
    panel: bool = False,
    kinds: Sequence[AgentKind] = (),
    agents: bool = True,
    children: Callable[[Limits, Tasks], ChildProcesses] = lambda _limits, _tasks: NoChildren(),
    secrets: Mapping[str, str] = MappingProxyType({}),
    undo_seconds: float = UNDO_SECONDS,
) -> AsyncIterator[House]:
    failures: list[str] = []
    tasks = Tasks(lambda name, error: failures.append(f"{name}: {error!r}"))
    chosen = Settings.model_validate(settings or {})
    async with open_store(folder) as store, open_plain_desk(store, folder, tasks) as alerts:
        directory = AgentDirectory(store.journal, store.bus, store.snapshots)
        await directory.open()
        lag = LoopLagMonitor()
        metrics = MetricsSampler(folder, tasks, lag, event_count=lambda: store.journal.head_seq)
        metric_store = MetricStore(MetricFile(folder / "metrics.db"))
        await metric_store.open()
        link = FakeLink()
        # Whether the machine that runs the tests is well is not what they are about.
        health = HealthMonitor(
            metrics,
            LogRing(),
            name="chainbot",
            version=__version__,
            link=LinkStatus,
            journal_waiting=lambda: 0,
            facts=ProgramFacts,
        )
        swaps: list[tuple[str, Mapping[str, object]]] = []
        scripted = ScriptedKind()
        desk = ApprovalDesk(ApprovalTable(store.database, store.journal), tasks)
        parts = RuntimeParts(
            agents=AgentTable(store.database, store.journal),
            runs=RunTable(store.database, store.journal),
            ledger=Ledger(UsageTable(store.database), chosen.agents),
            desk=desk,
            tasks=tasks,
            settings=chosen.agents,
            children=lambda limits: children(limits, tasks),
            leases=Leases(lambda _: None, lambda _: False, lambda _: None),
            workspace=lambda: folder,
            private=folder / "agents",
            secret=os.environ.get,
        )
        runtime = AgentService(Kinds([scripted, *kinds]), parts)
        messages = AgentMessageTable(store.database, store.journal)
        shared_work = CoordinationTable(store.database, store.journal)
        entanglements = Entanglements(
            directory, store.journal, messages, shared_work, tasks, lambda: runtime, store.bus, store.blobs
        )
        entanglements.open()
        runtime.before_task = entanglements.before_task
        vitals = AgentVitals(directory, store.bus, runtime, tasks)
        vitals.open()
        await runtime.open()
        await entanglements.take_up()
        own = Children(host := ProcessHost(), tasks)
        models = ModelService(chosen, secrets.get, own, tasks, ModelFolder(folder / "models"), hide=lambda _: None)
        await models.open()
        templates = AgentTemplates(folder / "templates")
        await templates.open()
        attachments = AttachmentService(
            store.blobs, AttachmentTable(store.database), store.journal, store.preferences, chosen.chat
        )
        chat = ChatService(
            ConversationTable(store.database, store.journal),
            store.journal,
            store.bus,
            tasks,
            store.preferences,
            Surroundings(
                StatusProbes(list, lambda: link.status, lambda: len(directory.agents)),
                folder / "exports",
                lambda: folder,
                ServiceTalk(runtime, desk, entanglements.guests) if agents else None,
                attachments=attachments,
            ),
            undo_seconds=undo_seconds,
        )
        await chat.open()
        around = Around(lambda: folder, lambda: None, lambda text: text, None)
        recall = make_recall(chosen, folder, cast(OpenedStore, store), lambda: chat, directory, models, tasks, around)
        recall.commands.register_in(chat.commands)
        kept_secrets = SecretStore(folder, "file", None)
        audit = AuditTrail(store.database, store.journal, store.preferences, folder, lambda: read_or_make_signer(kept_secrets))
        await audit.open()
        wing = make_delivery_wing(chosen, cast(OpenedStore, store), tasks, StillWay(), lambda: link.status.outbox_pending)
        await wing.refusals.open()
        timeline = LogTimeline(tasks)
        access = HttpAccess(timeline.ask)
        access.start()
        services = ApiServices(
            settings=chosen,
            journal=store.journal,
            bus=store.bus,
            intake=wing.intake,
            agents=directory,
            history=MapHistory(store.journal),
            link=link,
            health=health.snapshot,
            machine=metrics,
            lag=lambda: lag.statistics.p95 if lag.statistics.count else None,
            keys=Keys(AdminToken(TOKEN), Tickets(), Sessions()),
            tasks=tasks,
            mode="panel" if panel else "headless",
            screen=screen,
            hot_swap=(lambda window, content: swaps.append((window, content))) if panel else None,
            runtime=runtime if agents else None,
            desk=desk if agents else None,
            entanglements=entanglements if agents else None,
            vitals=vitals if agents else None,
            templates=templates if agents else None,
            completions=Completions(models, parts.ledger) if agents else None,
            personas=lambda: load_personas(folder / "personas"),
            chat=chat,
            notes=recall.notes,
            recall=recall.recall,
            metric_store=metric_store,
            earlier=store.journal.earlier,
            alerts=alerts,
            audit=audit,
            deliveries=wing.for_api(),
            timeline=timeline,
            answered=access.answered,
        )
        application = build_application(services)
        server = ApiServer(application, "127.0.0.1", 0)
        await server.start()
        lag.start()
        try:
            async with aiohttp.ClientSession(headers=BEARER) as http:
                yield House(store, services, application, server, http, runtime, desk, chat, scripted, swaps)
        finally:
            lag.stop()
            await server.stop()
            await timeline.close()
            await wing.refusals.close()
            assert application[HUB].count == 0
            await chat.close()
            await entanglements.close()
            await runtime.close()
            await audit.close()
            await vitals.close()
            await models.close()
            await own.stop_all(grace=0)
            await host.close()
            stuck = await tasks.cancel_all()
            await metrics.close()
            await metric_store.close()
            await directory.close()
            assert not stuck
            assert failures == []


async def next_frame(socket: aiohttp.ClientWebSocketResponse, *types: str) -> dict[str, Any]:
    """The next frame, or the next one of `types`."""
    while True:
        message = await socket.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        found: dict[str, Any] = orjson.loads(message.data)
        if not types or found["type"] in types:
            return found
