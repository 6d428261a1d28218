"""Whether the program is well, why not, and what to do: for the panel, `/api/health` and the report to ALEX OS.

The status is about *us*: healthy, degraded (it works, something wants a look) or unhealthy (it does not do its job). That ALEX
OS is away, refuses us or gave back a delivery is reported as a check (a notice) and changes nothing: a panel that works is
healthy, and ALEX OS, which polls this, would otherwise hear that we are ill because it was away. Thresholds are in `checks`.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.link import ClockSkew, LinkStatus
from chainbot_desktop.core.ports import DiskRefusal, HealthSource
from chainbot_desktop.watch.checks import Check, Level, machine_gauges
from chainbot_desktop.watch.link_checks import clock_checks, link_checks
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.metrics import MetricsSampler, Sample
from chainbot_desktop.watch.sensors import Throttling

_log = logging.getLogger(__name__)

Status = Literal["healthy", "degraded", "unhealthy"]
TASK_FAILURE_MEMORY = 600.0
"""Seconds for which a failed background task keeps the program degraded."""
REFUSAL_MEMORY = 60.0
"""Seconds for which events that the disk refused keep the program unhealthy where nobody tries again."""


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """What the report says beyond health. Asked for at every report; must answer from memory."""

    active_workflows: int = 0
    workflow_blockers: tuple[str, ...] = ()
    websocket_connections: int = 0
    active_agents: int = 0
    gpt_integration_status: str = "not_configured"
    attention: tuple[str, ...] = ()
    """Sentences that say what needs a human, beside failing health."""


@dataclass(frozen=True, slots=True)
class Health:
    status: Status
    checks: tuple[Check, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The sentences of what keeps the program from being healthy, the worst first."""
        bad = sorted((check for check in self.checks if check.level >= Level.WARNING), key=lambda check: -check.level)
        return tuple(check.sentence for check in bad)


class HealthMonitor:
    """Assesses after every metrics sample. Use on the loop's thread; `open` and `close` once each.

    `journal_waiting` is the number of appends that wait for the disk; `journal_refused` tells why while the
    disk takes none; `skew` is this clock against ALEX OS's, None while it is not known; `sources` are parts of the
    program that can be unwell; `notices` are worth a look and change no status.
    """

    def __init__(  # noqa: PLR0913 (what it looks at is what it is)
        self,
        metrics: MetricsSampler,
        logs: LogRing,
        *,
        name: str,
        version: str,
        link: Callable[[], LinkStatus],
        journal_waiting: Callable[[], int],
        journal_refused: Callable[[], DiskRefusal | None] = lambda: None,
        skew: Callable[[], ClockSkew | None] = lambda: None,
        facts: Callable[[], ProgramFacts] = ProgramFacts,
        sources: Sequence[HealthSource] = (),
        notices: Callable[[], Sequence[Check]] = tuple,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._logs = logs
        self._name = name
        self._version = version
        self._link = link
        self._journal_waiting = journal_waiting
        self._journal_refused = journal_refused
        self._skew = skew
        self._facts = facts
        self._sources = tuple(sources)
        self._notices = notices
        self._clock = clock
        self._gauges = machine_gauges()
        self._task_failures: deque[tuple[float, str]] = deque(maxlen=1000)
        self._listeners: list[Callable[[Health, Health], None]] = []
        self._current = Health("healthy", ())
        self._stop: Callable[[], None] | None = None

    def open(self) -> None:
        self._stop = self._metrics.on_sample(self._on_sample)

    def close(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None

    @property
    def current(self) -> Health:
        return self._current

    def on_change(self, listener: Callable[[Health, Health], None]) -> Callable[[], None]:
        """Call `listener` (before, after) when the status changes; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def record_task_failure(self, name: str, error: BaseException) -> None:
        """For `Tasks(on_failure=…)`."""
        self._task_failures.append((self._clock(), f"{name}: {type(error).__name__}"))

    def assess(self, sample: Sample | None) -> Health:
        """Look at everything now, and tell the listeners if the status changed."""
        now = self._clock()
        checks = (
            *self._machine_checks(sample, now),
            self._writing_check(now),
            self._task_check(now),
            *self._source_checks(),
            *link_checks(self._link()),
            *clock_checks(self._skew()),
            *self._notices(),
        )
        worst = max(check.level for check in checks)
        status: Status = "unhealthy" if worst is Level.FAILING else "degraded" if worst is Level.WARNING else "healthy"
        before, self._current = self._current, Health(status, checks)
        if before.status != status:
            self._tell(before, self._current)
        return self._current

    def snapshot(self) -> dict[str, Any]:
        """The documented health report, with `status` and `checks` beside it. JSON-ready; answers from memory."""
        facts, health = self._facts(), self._current
        failing = tuple(check.sentence for check in health.checks if check.level is Level.FAILING)
        attention = (*failing, *facts.attention)
        blockers = (*facts.workflow_blockers, *(sentence for source in self._sources for sentence in source.blockers()))
        return {
            "status": health.status,
            "agent_name": self._name,
            "agent_version": self._version,
            "timestamp": utc_now(),
            "status_id": health.status,
            "workflow_state": "running" if facts.active_workflows else "idle",
            "active_workflows": facts.active_workflows,
            "workflow_blockers": list(blockers),
            "log_excerpt": self._logs.excerpt(),
            "requires_attention": bool(attention),
            "attention_reason": " ".join(attention),
            "gpt_integration_status": facts.gpt_integration_status,
            "websocket_connections": facts.websocket_connections,
            "active_agents": facts.active_agents,
            "system_resources": self._metrics.system_resources(),
            "checks": [check.as_json() for check in health.checks],
        }

    def look_again(self) -> None:
        """Assess now: something changed that cannot wait for the next sample."""
        self.assess(self._metrics.latest)

    def _on_sample(self, sample: Sample) -> None:
        self.assess(sample)

    def _machine_checks(self, sample: Sample | None, now: float) -> list[Check]:
        machine = sample.machine if sample is not None else None
        lag = sample.lag.p95 if sample is not None and sample.lag.count else None
        values: Mapping[str, float | None] = {
            "cpu": machine.cpu if machine else None,
            "memory": machine.memory if machine else None,
            "disk": machine.disk if machine else None,
            "temperature": machine.temperature if machine else None,
            "loop_lag": lag,
            "journal": self._journal_waiting(),
        }
        checks = [gauge.assess(values[id_], now) for id_, gauge in self._gauges.items()]
        return [*checks, _power_check(machine.throttling if machine else None)]

    def _task_check(self, now: float) -> Check:
        while self._task_failures and self._task_failures[0][0] < now - TASK_FAILURE_MEMORY:
            self._task_failures.popleft()
        count = len(self._task_failures)
        if not count:
            return Check("tasks", "Background work", Level.OK, "No background task failed in the last 10 minutes.")
        tasks = "A background task" if count == 1 else f"{count} background tasks"
        sentence = f"{tasks} failed in the last 10 minutes, last {self._task_failures[-1][1]}."
        return Check("tasks", "Background work", Level.WARNING, sentence, "Logs has the traceback.")

    def _writing_check(self, now: float) -> Check:
        refused = self._journal_refused()
        if refused is None or now - refused.at > REFUSAL_MEMORY:
            return Check("writing", "Writing", Level.OK, "The disk takes what is written to the journal.")
        hint = "Nothing that was answered with success is lost. Free disk space and check the permissions of the data folder."
        return Check("writing", "Writing", Level.FAILING, f"The disk refuses new events: {refused.reason}.", hint)

    def _source_checks(self) -> list[Check]:
        sentences = [sentence for source in self._sources for sentence in source.blockers()]
        return [Check(f"blocker{n}", "Blocked", Level.WARNING, sentence) for n, sentence in enumerate(sentences)]

    def _tell(self, before: Health, after: Health) -> None:
        _log.info("health went from %s to %s", before.status, after.status)
        for listener in tuple(self._listeners):
            try:
                listener(before, after)
            except Exception:  # the border of a listener: one that fails keeps nobody else from hearing
                _log.exception("a listener of the health status failed")


def _power_check(throttling: Throttling | None) -> Check:
    def check(level: Level, sentence: str, hint: str = "") -> Check:
        return Check("power", "Power and throttling", level, sentence, hint)

    if throttling is None:
        return Check(
            "power", "Power and throttling", Level.OK, "This machine does not report undervoltage or throttling.", known=False
        )
    if throttling.undervoltage:
        return check(
            Level.WARNING, "The supply voltage is too low.", "Use the power supply made for this board and a short cable."
        )
    if throttling.any_now:
        return check(Level.WARNING, "The firmware slows the processor down.", "Give the machine air or a cooler.")
    if throttling.undervoltage_since_start:
        return check(
            Level.NOTICE, "The supply voltage was too low since the machine started.", "Check the power supply and its cable."
        )
    return check(Level.OK, "Voltage and clock are as they should be.")
