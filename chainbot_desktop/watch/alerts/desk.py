"""The desk of alerts: what the engine finds becomes alerts, and people say what is to become of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded
from chainbot_desktop.core.ids import new_id, parse_time
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.alerts import AlertTable
from chainbot_desktop.watch.alerts import alert_events
from chainbot_desktop.watch.alerts.alert_rows import alert_of_row
from chainbot_desktop.watch.alerts.clocks import Clocks
from chainbot_desktop.watch.alerts.delivery import Courier
from chainbot_desktop.watch.alerts.engine import Engine
from chainbot_desktop.watch.alerts.records import Alert, AlertRule, AlertSeverity, AlertState, Channel, RuleState, Trial
from chainbot_desktop.watch.alerts.roster import Roster
from chainbot_desktop.watch.alerts.rule_checks import problems
from chainbot_desktop.watch.alerts.rule_desk import RuleDesk
from chainbot_desktop.watch.alerts.scopes import VARIABLES, Figures
from chainbot_desktop.watch.alerts.tracks import Signal
from chainbot_desktop.watch.alerts.trial import Past, try_rule
from chainbot_desktop.watch.logs.document import LogRow

_log = logging.getLogger(__name__)
_NOTE_EVERY = 60
LONGEST_SNOOZE = 31 * 86_400.0
"""Seconds."""


class Desk:
    """Implements `AlertDesk`. Use on the loop's thread; feed it after `open`."""

    def __init__(
        self,
        table: AlertTable,
        rules: RuleDesk,
        courier: Courier,
        tasks: Tasks,
        *,
        past: Past,
        clocks: Clocks,
        meanings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`meanings`: what figures are, by name, where it is known."""
        self._table = table
        self._rules = rules
        self._courier = courier
        self._tasks = tasks
        self._past = past
        self._clocks = clocks
        self._meanings = meanings
        self._engine = Engine(self._on_signal, rules.known.figures)
        self._roster = Roster(table, tasks, on_change=self._changed, on_notices=courier.take)
        self._listeners: Listeners[[]] = Listeners()
        self._told = True
        self._snoozes: dict[str, float] = {}
        self._last_fired: dict[str, str] = {}
        self._counts: dict[str, tuple[int, float | None]] = {}
        self._ticks = 0
        self._task: asyncio.Task[None] | None = None
        self._trying = asyncio.Lock()

    async def open(self) -> None:
        self._last_fired = dict(await self._table.last_fired())
        await self._table.prune()
        await self._rules.open(self._apply_rules)
        for alert in await self._roster.open():
            self._restore(alert)
        await self._seed_absences()
        await self._courier.open(self._find, self._changed)
        self._task = self._tasks.spawn("alerts: watching", self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        await self._roster.close()
        await self._courier.close()

    # What happens

    def feed_sample(self, figures: Figures) -> None:
        if self._rules.learn_figures(figures):
            self._engine.set_figures(self._rules.known.figures)
            self._apply_rules()
        self._engine.feed_sample(figures, self._clocks.steady(), self._clocks.wall())

    def feed_event(self, recorded: Recorded[Event]) -> None:
        self._engine.feed_event(recorded, self._clocks.steady())

    @property
    def least_level(self) -> int:
        """No rule looks at lines of a lower level: they need not be fed."""
        return self._engine.least_level

    def feed_logs(self, rows: Sequence[LogRow]) -> None:
        self._engine.feed_logs(rows, self._clocks.steady(), self._clocks.wall())

    def tick(self) -> None:
        """Once a second: what time alone changes."""
        now = self._clocks.steady()
        self._engine.tick(now)
        for alert_id in [alert_id for alert_id, end in self._snoozes.items() if end <= now]:
            self._end_snooze(alert_id)
        self._refresh_counts()

    # What people see and do

    @property
    def active(self) -> Sequence[Alert]:
        return self._roster.active

    async def history(
        self, *, before: str = "", limit: int = 100, rule: str = "", state: AlertState | None = None
    ) -> Sequence[Alert]:
        rows = await self._table.history(before=before, limit=limit, rule=rule, state=state)
        return [alert_of_row(row) for row in rows]

    async def alert(self, alert_id: str) -> Alert:
        try:
            return self._roster.get(alert_id)
        except NotFound:
            row = await self._table.get(alert_id)
            if row is None:
                raise
            return alert_of_row(row)

    async def acknowledge(self, alert_id: str, *, actor: Actor) -> Alert:
        alert = await self._open_alert(alert_id)
        if alert.state == "acknowledged":
            return alert
        now = self._clocks.now()
        changed = replace(
            alert, state="acknowledged", acknowledged_by=actor, acknowledged_at=now, snoozed_until="", changed_at=now
        )
        return await self._change(changed, alert_events.acknowledged(changed, actor))

    async def unacknowledge(self, alert_id: str, *, actor: Actor) -> Alert:
        """It counts as firing again, and nobody is told anew. Conflict where it is not acknowledged."""
        alert = await self._open_alert(alert_id)
        if alert.state != "acknowledged":
            raise Conflict("This alert is not acknowledged.", code="not_acknowledged")
        changed = replace(alert, state="firing", acknowledged_by="", acknowledged_at="", changed_at=self._clocks.now())
        return await self._change(changed, alert_events.fired(changed, again=True, actor=actor))

    async def snooze(self, alert_id: str, seconds: float, *, actor: Actor) -> Alert:
        if not 0 <= seconds <= LONGEST_SNOOZE:
            raise InvalidInput("An alert is snoozed for 0 seconds to 31 days.", code="bad_snooze")
        alert = await self._open_alert(alert_id)
        if seconds == 0:
            if alert.state != "snoozed":
                return alert
            changed = self._awake(alert)
            return await self._change(changed, alert_events.fired(changed, again=True, actor=actor))
        changed = replace(
            alert,
            state="snoozed",
            snoozed_until=self._clocks.at(seconds),
            acknowledged_by="",
            acknowledged_at="",
            changed_at=self._clocks.now(),
        )
        changed = await self._change(changed, alert_events.snoozed(changed, seconds, actor))
        self._snoozes[alert.id] = self._clocks.steady() + seconds
        return changed

    async def resolve(self, alert_id: str, *, actor: Actor) -> Alert:
        alert = await self._open_alert(alert_id)
        now = self._clocks.now()
        changed = replace(alert, state="resolved", resolved_at=now, changed_at=now, snoozed_until="")
        notices = self._courier.plan(changed, self._rules.notify_of(alert.rule), "resolved")
        await self._roster.change_now(changed, alert_events.resolved(changed, actor=actor), notices)
        self._snoozes.pop(alert_id, None)
        self._engine.dismiss(alert.rule, alert.labels)
        return changed

    @property
    def rules(self) -> Sequence[RuleState]:
        return self._rules.states(self._engine.errors, self._last_fired)

    @property
    def rule_problems(self) -> Sequence[str]:
        """What of the person's file is not used, in sentences."""
        return self._rules.problems

    def check_rule(self, rule: AlertRule) -> Mapping[str, str]:
        return problems(rule, self._rules.known)

    async def save_rule(self, rule: AlertRule, *, actor: Actor) -> RuleState:
        await self._rules.save(rule, actor)
        self._changed()
        return next(state for state in self.rules if state.rule.name == rule.name)

    async def remove_rule(self, name: str, *, actor: Actor) -> None:
        await self._rules.remove(name, actor)
        self._changed()

    async def try_rule(self, rule: AlertRule, *, gone: Callable[[], bool] = lambda: False) -> Trial:
        """It is given up when who asked is `gone`, which is asked on a thread."""
        self._rules.require_sound(rule)
        async with self._trying:
            return await try_rule(rule, self._past, self._rules.known.figures, now=self._clocks.wall(), gone=gone)

    @property
    def channels(self) -> Sequence[Channel]:
        return self._courier.channels

    async def test_channel(self, name: str, *, actor: Actor) -> None:
        await self._courier.test(name, actor)

    @property
    def variables(self) -> Mapping[str, str]:
        figures = {
            name: f"the figure of that name{f', in {unit}' if unit else ''}" for name, unit in self._rules.known.figures.items()
        }
        return {**VARIABLES, **{name: words for name, words in figures.items() if name.isidentifier()}}

    @property
    def metrics(self) -> Sequence[str]:
        return tuple(sorted(self._rules.known.figures))

    def unit_of(self, metric: str) -> str:
        return self._rules.known.figures.get(metric, "")

    @property
    def quiet_until(self) -> str:
        return self._courier.quiet_until

    def is_quiet(self, severity: AlertSeverity) -> bool:
        return self._courier.quiet_for(severity) > 0

    async def mute(self, seconds: float, *, actor: Actor) -> None:
        await self._courier.mute(seconds, actor)
        self._changed()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._listeners.add(listener)

    # Inside

    def _meaning(self, name: str) -> str:
        unit = self._rules.known.figures[name]
        return self._meanings.get(name, "the figure of that name") + (f", in {unit}" if unit else "")

    async def _open_alert(self, alert_id: str) -> Alert:
        """One that fires, or did and is not over. Conflict, and NotFound."""
        alert = await self.alert(alert_id)
        if alert.state == "resolved":
            raise Conflict("This alert is resolved.", code="alert_resolved")
        if alert.state == "pending":
            raise Conflict("This alert does not fire yet.", code="alert_pending")
        return alert

    async def _change(self, alert: Alert, event: Event) -> Alert:
        self._snoozes.pop(alert.id, None)
        await self._roster.change_now(alert, event)
        return alert

    def _on_signal(self, signal: Signal) -> None:
        known = self._roster.find(signal.rule.name, signal.labels)
        if signal.word == "pending":
            self._roster.hold(self._alert_of(signal, known, "pending"))
        elif signal.word == "firing":
            self._on_firing(signal, known)
        elif known is not None and known.state == "pending":
            self._roster.drop(known)
        elif known is not None and signal.word == "resolved":
            self._on_resolved(signal, known)

    def _on_firing(self, signal: Signal, known: Alert | None) -> None:
        if known is not None and known.state != "pending":
            return  # it fires already: a rule that was changed found it again
        alert = self._alert_of(signal, known, "firing")
        self._last_fired[alert.rule] = alert.fired_at
        _log.info("the alert %s fires: %s", alert.rule, alert.summary or alert.title)
        notices = self._courier.plan(alert, signal.rule.notify, "firing")
        self._roster.change(alert, alert_events.fired(alert), notices)

    def _on_resolved(self, signal: Signal, known: Alert) -> None:
        now = self._clocks.now()
        alert = replace(
            known, state="resolved", resolved_at=now, changed_at=now, snoozed_until="", times=max(known.times, signal.times)
        )
        self._snoozes.pop(alert.id, None)
        notices = self._courier.plan(alert, signal.rule.notify, "resolved")
        self._roster.change(alert, alert_events.resolved(alert, reason=signal.reason), notices)

    def _alert_of(self, signal: Signal, known: Alert | None, state: AlertState) -> Alert:
        now = self._clocks.now()
        rule = signal.rule
        return Alert(
            id=known.id if known is not None else new_id(),
            rule=rule.name,
            title=rule.title,
            severity=rule.severity,
            state=state,
            summary=signal.summary,
            labels=signal.labels,
            value=signal.value,
            since=self._clocks.at(-signal.age),
            fired_at=now if state == "firing" else "",
            times=signal.times,
            flapping=signal.flapping,
            runbook=rule.runbook,
            cause=signal.cause,
            changed_at=now,
        )

    def _restore(self, alert: Alert) -> None:
        if not self._engine.restore(alert.rule, alert.labels, alert.times):
            now = self._clocks.now()
            gone = replace(alert, state="resolved", resolved_at=now, changed_at=now, snoozed_until="")
            self._roster.change(gone, alert_events.resolved(gone, reason="The rule is gone or switched off."))
        elif alert.state == "snoozed":
            left = parse_time(alert.snoozed_until).timestamp() - self._clocks.wall()
            # A clock that jumped must not keep it asleep for longer than anybody could have meant.
            self._snoozes[alert.id] = self._clocks.steady() + min(max(0.0, left), LONGEST_SNOOZE)

    def _awake(self, alert: Alert) -> Alert:
        return replace(alert, state="firing", snoozed_until="", changed_at=self._clocks.now())

    def _end_snooze(self, alert_id: str) -> None:
        del self._snoozes[alert_id]
        alert = self._awake(self._roster.get(alert_id))
        notices = self._courier.plan(alert, self._rules.notify_of(alert.rule), "firing")
        self._roster.change(alert, alert_events.fired(alert, again=True), notices)

    def _refresh_counts(self) -> None:
        """What the engine counts on without telling: how often it happened, and the figure as it is now."""
        for rule, track in self._engine.firing():
            alert = self._roster.find(rule, track.labels)
            if alert is None or alert.state == "pending":
                continue
            times = max(alert.times, track.times)
            if (times, track.value, track.flapping) != (alert.times, alert.value, alert.flapping):
                self._roster.hold(replace(alert, times=times, value=track.value, flapping=track.flapping))
                self._counts[alert.id] = (times, track.value)

    def _apply_rules(self) -> None:
        self._rules.note_errors(self._engine.set_rules(self._rules.sound))
        self._changed()

    async def _seed_absences(self) -> None:
        for rule, seed in list(self._engine.absences()):
            age = await self._past.age_of_last(rule)
            if age is not None:
                seed(age)

    async def _find(self, alert_id: str) -> Alert | None:
        try:
            return await self.alert(alert_id)
        except NotFound:
            return None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._ticks += 1
            try:
                self.tick()
                if self._ticks % 2 == 0:
                    await self._rules.look()
                if self._ticks % _NOTE_EVERY == 0 and self._counts:
                    counts, self._counts = self._counts, {}
                    await self._roster.note(counts)
            except ChainBotError as error:
                _log.warning("the alerts: %s", error)
            except Exception:  # the border of a task: whoever watches must not fall asleep over one rule
                _log.exception("the alerts could not be looked at")

    def _changed(self) -> None:
        if self._told and self._listeners:
            self._told = False
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._told = True
        self._listeners.tell()
