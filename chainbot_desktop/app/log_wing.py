"""The log timeline and who speaks in it, wired together: the program, its agents, the system journal, ALEX OS, the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from chainbot_desktop.agents.logs import AgentLine
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.app.stopping import closed_within
from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.ports import Preferences
from chainbot_desktop.core.settings import LogsSettings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.records import SOURCES, Source
from chainbot_desktop.watch.logs.sources.agents import AgentOutput
from chainbot_desktop.watch.logs.sources.alexos import AlexOsEvents
from chainbot_desktop.watch.logs.sources.http_access import HttpAccess
from chainbot_desktop.watch.logs.sources.journald import SystemJournal
from chainbot_desktop.watch.logs.sources.program import ProgramLog
from chainbot_desktop.watch.logs.sources.switches import LogSources
from chainbot_desktop.watch.logs.timeline import LogTimeline

_CHOICE = "logs.source."
"""A preference: whether the source of that name was turned on or off at the panel."""
_CLOSED_WITHIN = 3.0


class RuntimeLogs:
    """The logs of the agents that run here, as the timeline wants them."""

    def __init__(self, runtime: AgentService) -> None:
        self._runtime = runtime

    def ids(self) -> Iterable[str]:
        return [live.id for live in self._runtime.living()]

    def name(self, agent_id: str) -> str:
        live = self._runtime.live(agent_id)
        return live.name if live is not None else agent_id

    def since(self, agent_id: str, number: int) -> tuple[Sequence[AgentLine], int]:
        return self._runtime.log(agent_id).since(number) if self._is_here(agent_id) else ((), 0)

    def last(self, agent_id: str) -> int:
        return self._runtime.log(agent_id).last_number if self._is_here(agent_id) else 0

    def on_lines(self, listener: Callable[[str], None]) -> Callable[[], None]:
        return self._runtime.on_work(lambda agent_id, _: listener(agent_id))

    def _is_here(self, agent_id: str) -> bool:
        return self._runtime.live(agent_id) is not None


@dataclass(frozen=True, slots=True)
class LogWing:
    timeline: LogTimeline
    sources: LogSources
    access: HttpAccess
    _settings: LogsSettings
    _preferences: Preferences

    async def open(self, stack: AsyncExitStack) -> None:
        """Once the agents are there. Closed by `stack`, before the agents' processes: one of them is `journalctl`."""
        stack.push_async_callback(closed_within, _CLOSED_WITHIN, "the log timeline", self.timeline.close)
        self.sources.open(initially_on(self._settings, await self._preferences.all()))
        stack.push_async_callback(closed_within, _CLOSED_WITHIN, "the log sources", self.sources.close)


def make_log_wing(
    settings: LogsSettings,
    ring: LogRing,
    bus: EventBus,
    preferences: Preferences,
    tasks: Tasks,
    runtime: AgentService,
    children: ChildProcesses,
) -> LogWing:
    timeline = LogTimeline(tasks, ring.redactor, kept_bytes=settings.kept_bytes)
    access = HttpAccess(timeline.ask)

    def remember(source: Source, on: bool) -> None:
        tasks.spawn("remember a log source", preferences.set(f"{_CHOICE}{source}", on))

    sources = LogSources(
        (
            ProgramLog(timeline.add, ring),
            AgentOutput(timeline.add, RuntimeLogs(runtime)),
            SystemJournal(timeline.add, lambda: children, tasks, timeline.kept),
            AlexOsEvents(timeline.add, bus),
            access,
        ),
        remember,
    )
    return LogWing(timeline, sources, access, settings, preferences)


def initially_on(settings: LogsSettings, preferences: Mapping[str, object]) -> Mapping[Source, bool]:
    """What the settings say outright counts, then what a person chose last; the system journal is off until somebody wants it."""
    on: dict[Source, bool] = {source: preferences.get(f"{_CHOICE}{source}", source != "journald") is True for source in SOURCES}
    if settings.journald != "auto":
        on["journald"] = settings.journald == "on"
    if settings.access != "auto":
        on["http"] = settings.access == "on"
    return on
