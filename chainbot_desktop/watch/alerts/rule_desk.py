"""The rules as they are used: read from their files, checked against what there is, changed one at a time, and journaled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import AlertRuleChanged, AlertRuleRemoved
from chainbot_desktop.core.events.alerts import RuleChange, RuleRemoval
from chainbot_desktop.core.events.envelope import Actor, Event
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.watch.alerts.engine import OWN_SOURCE
from chainbot_desktop.watch.alerts.records import AlertRule, RuleState
from chainbot_desktop.watch.alerts.rule_book import BookedRule, RuleBook
from chainbot_desktop.watch.alerts.rule_checks import Known, problems
from chainbot_desktop.watch.alerts.scopes import Figures

BY_HAND: Actor = "system:rule-file"
"""Who changed a rule that changed in the file."""


class RuleDesk:
    """Use on the loop's thread."""

    def __init__(
        self, book: RuleBook, journal: Journal, known: Known, unit_of: Callable[[str], str] = lambda _name: ""
    ) -> None:
        """`unit_of`: the units of figures that come later (of an agent, of a core)."""
        self._book = book
        self._journal = journal
        self._unit_of = unit_of
        self._lock = asyncio.Lock()
        self._booked: tuple[BookedRule, ...] = ()
        self._faults: dict[str, str] = {}
        self._sound: set[AlertRule] = set()
        """Those that were checked before: a check compiles what a rule says, and there may be a thousand."""
        self._apply: Callable[[], None] = lambda: None
        self.known = known

    async def open(self, apply: Callable[[], None]) -> None:
        """`apply` is called whenever `sound` is different."""
        self._apply = apply
        async with self._lock:
            await asyncio.to_thread(self._book.look)
            self._take()

    async def look(self) -> None:
        """Notice what a person changed in the file."""
        async with self._lock:
            if not await asyncio.to_thread(self._book.look):
                return
            before = {booked.rule.name: booked for booked in self._booked}
            self._take()
            after = {booked.rule.name: booked for booked in self._booked}
        for name, booked in after.items():
            if name not in before or before[name].rule != booked.rule:
                await self._journal.append(_changed(booked.rule, BY_HAND))
        for name in sorted(before.keys() - after.keys()):
            await self._journal.append(_removed(name, False, BY_HAND))

    async def save(self, rule: AlertRule, actor: Actor) -> None:
        """InvalidInput, Conflict or Unavailable, and all is as before."""
        self.require_sound(rule)
        async with self._lock:
            await asyncio.to_thread(self._book.save, rule)
            self._take()
        await self._journal.append(_changed(rule, actor))

    async def remove(self, name: str, actor: Actor) -> None:
        async with self._lock:
            shipped = await asyncio.to_thread(self._book.remove, name)
            self._take()
        await self._journal.append(_removed(name, shipped, actor))

    @property
    def sound(self) -> Sequence[AlertRule]:
        """Those that can work."""
        return [booked.rule for booked in self._booked if booked.rule.name not in self._faults]

    @property
    def problems(self) -> Sequence[str]:
        return self._book.problems

    def states(self, errors: Mapping[str, str], last_fired: Mapping[str, str]) -> Sequence[RuleState]:
        faults = {**errors, **self._faults}
        return [RuleState(b.rule, b.origin, faults.get(b.rule.name, ""), last_fired.get(b.rule.name, "")) for b in self._booked]

    def require_sound(self, rule: AlertRule) -> None:
        """InvalidInput says what is wrong with it."""
        found = problems(rule, self.known)
        if found:
            raise InvalidInput(" ".join(found.values()), hint="docs/alerts.md says what a rule can name.", code="bad_rule")

    def notify_of(self, name: str) -> tuple[str, ...] | None:
        """The channels that the rule names; None: all of them."""
        return next((booked.rule.notify for booked in self._booked if booked.rule.name == name), None)

    def note_errors(self, errors: Mapping[str, str]) -> None:
        """What the engine found wrong."""
        self._faults.update(errors)

    def learn_figures(self, figures: Figures) -> bool:
        """Whether there are figures that were not known; the rules are checked anew then."""
        unknown = figures.keys() - self.known.figures.keys()
        if not unknown:
            return False
        self.known = replace(
            self.known, figures={**self.known.figures, **{name: self._unit_of(name) for name in sorted(unknown)}}
        )
        self._check()
        return True

    def _take(self) -> None:
        self._booked = self._book.rules
        self._check()
        self._apply()

    def _check(self) -> None:
        self._faults = {}
        rules = {booked.rule for booked in self._booked}
        self._sound &= rules
        for rule in rules - self._sound:
            found = problems(rule, self.known)
            if found:
                self._faults[rule.name] = " ".join(found.values())
            else:
                self._sound.add(rule)


def _changed(rule: AlertRule, actor: Actor) -> Event:
    digest = sha256(canonical_json(rule.model_dump(mode="json", by_alias=True))).hexdigest()
    change = RuleChange(
        rule=rule.name, title=rule.title, kind=rule.kind, severity=rule.severity, enabled=rule.enabled, sha256=digest
    )
    return AlertRuleChanged(source=OWN_SOURCE, subject=rule.name, actor=actor, data=change)


def _removed(name: str, shipped: bool, actor: Actor) -> Event:
    return AlertRuleRemoved(source=OWN_SOURCE, subject=name, actor=actor, data=RuleRemoval(rule=name, shipped=shipped))
