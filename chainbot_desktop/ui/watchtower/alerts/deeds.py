"""What a person does to alerts and rules at the panel: calls that return at once; what came of it is a message, with a way back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.core.errors import ChainBotError, Conflict
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.alerts.durations import say_duration
from chainbot_desktop.ui.watchtower.alerts.words import named
from chainbot_desktop.watch.alerts.records import Alert, AlertDesk, AlertRule

ACTOR: Actor = "device:panel"
Each = Callable[[Alert], Coroutine[Any, Any, object]]


class AlertDeeds(QObject):
    """Use on the loop's thread. A refusal is a message too; nothing is raised."""

    message = Signal(object)
    """A `ui.view.Message`."""

    def __init__(self, desk: AlertDesk, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks

    # Alerts.

    def acknowledge(self, alerts: Sequence[Alert]) -> None:
        def one(alert: Alert) -> Coroutine[Any, Any, object]:
            return self._desk.acknowledge(alert.id, actor=ACTOR)

        self._start("acknowledge", self._all(alerts, one, "acknowledged", self.unacknowledge))

    def snooze(self, alerts: Sequence[Alert], seconds: float) -> None:
        def one(alert: Alert) -> Coroutine[Any, Any, object]:
            return self._desk.snooze(alert.id, seconds, actor=ACTOR)

        self._start("snooze", self._all(alerts, one, f"snoozed for {say_duration(round(seconds))}", self.end_snooze))

    def end_snooze(self, alerts: Sequence[Alert]) -> None:
        def one(alert: Alert) -> Coroutine[Any, Any, object]:
            return self._desk.snooze(alert.id, 0, actor=ACTOR)

        self._start("end the snooze", self._all(alerts, one, "no longer snoozed", None))

    def resolve(self, alerts: Sequence[Alert]) -> None:
        def one(alert: Alert) -> Coroutine[Any, Any, object]:
            return self._desk.resolve(alert.id, actor=ACTOR)

        self._start("resolve", self._all(alerts, one, "resolved", None))

    def unacknowledge(self, alerts: Sequence[Alert]) -> None:
        def one(alert: Alert) -> Coroutine[Any, Any, object]:
            return self._desk.unacknowledge(alert.id, actor=ACTOR)

        self._start("take back", self._all(alerts, one, "calling again", None))

    async def _all(
        self, alerts: Sequence[Alert], each: Each, became: str, undo: Callable[[Sequence[Alert]], None] | None
    ) -> None:
        done: list[Alert] = []
        too_late = 0
        for alert in alerts:
            try:
                await each(alert)
            except Conflict:
                if len(alerts) == 1:
                    raise
                too_late += 1  # of many, some may be resolved by the time that it is their turn
            else:
                done.append(alert)
        what = f"{named(done[0].title)} is" if len(done) == 1 else f"{len(done)} alerts are"
        hint = "" if not too_late else f"{too_late} were settled before." if too_late > 1 else "1 was settled before."
        if undo is not None and done:
            self.message.emit(Message(f"{what} {became}.", "success", hint, "Undo", partial(undo, done)))
        else:
            self.message.emit(Message(f"{what} {became}.", "success", hint))

    # Rules.

    def save_rule(self, rule: AlertRule, said: str, undo: Callable[[], None] | None = None) -> None:
        """`said` once it is kept."""
        self._start("save a rule", self._save(rule, said, undo))

    def switch_rule(self, rule: AlertRule, *, on: bool) -> None:
        changed = rule.model_copy(update={"enabled": on})
        said = f"{named(rule.title)} watches again." if on else f"{named(rule.title)} does not watch now."
        self.save_rule(changed, said, lambda: self.save_rule(rule, f"{named(rule.title)} is as it was."))

    def mute_rule(self, rule: AlertRule) -> None:
        """It goes on watching and tells nobody."""
        changed = rule.model_copy(update={"notify": ()})
        said = f"{named(rule.title)} still watches, and tells nobody."
        self.save_rule(changed, said, lambda: self.save_rule(rule, f"{named(rule.title)} is as it was."))

    def unmute_rule(self, rule: AlertRule) -> None:
        changed = rule.model_copy(update={"notify": None})
        self.save_rule(changed, f"{named(rule.title)} tells again.", lambda: self.mute_rule(rule))

    def remove_rule(self, rule: AlertRule, *, own: bool) -> None:
        said = f"{named(rule.title)} is removed." if own else f"{named(rule.title)} is as it was shipped."
        self._start("remove a rule", self._remove(rule, said))

    async def _save(self, rule: AlertRule, said: str, undo: Callable[[], None] | None) -> None:
        await self._desk.save_rule(rule, actor=ACTOR)
        self.message.emit(Message(said, "success", "", "Undo" if undo else "", undo))

    async def _remove(self, rule: AlertRule, said: str) -> None:
        await self._desk.remove_rule(rule.name, actor=ACTOR)
        back = partial(self.save_rule, rule, f"{named(rule.title)} is back.")
        self.message.emit(Message(said, "success", "", "Undo", back))

    # Quiet, and channels.

    def mute(self, seconds: float) -> None:
        self._start("mute", self._mute(seconds))

    async def _mute(self, seconds: float) -> None:
        await self._desk.mute(seconds, actor=ACTOR)
        if seconds:
            words = f"Nothing sounds and nothing is sent for {say_duration(round(seconds))}."
            self.message.emit(Message(words, "success", "", "Undo", partial(self.mute, 0)))
        elif self._desk.quiet_until:
            self.message.emit(Message("The mute is over; the quiet hours of the settings go on.", "info"))
        else:
            self.message.emit(Message("Alerts sound and are sent again.", "success"))

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.spawn(f"alerts: {name}", self._reported(work))

    async def _reported(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint))
