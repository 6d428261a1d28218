"""The sheets of the Audit page: what a verdict means, an export, and what is let go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ids import format_time
from chainbot_desktop.core.settings import AuditSettings
from chainbot_desktop.core.tasks import Latest, Tasks
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.verification import Verification
from chainbot_desktop.store.audit_export import Stretch
from chainbot_desktop.store.audit_forms import FormName
from chainbot_desktop.store.retention import Wish
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.audit_texts import MEANINGS, WHAT_TO_DO, plan_text, verdict_facts
from chainbot_desktop.ui.widgets import Chip
from chainbot_desktop.ui.widgets.hold_button import HoldButton
from chainbot_desktop.ui.widgets.sheet import Sheet

ACTOR = "user:panel"


class VerdictSheet(Sheet):
    def __init__(self, origin: QWidget, last: Verification, themes: ThemeSource, show_event: Callable[[int], None]) -> None:
        super().__init__(origin, "The audit trail is whole" if last.report.ok else "The audit trail is broken", themes)
        report = last.report
        if report.reason:
            self.add_text(report.reason)
        self.add_text(MEANINGS[report.fault])
        if not report.ok:
            self.add_text(WHAT_TO_DO)
        self.add_text(verdict_facts(last), "dim")
        broken_at = report.broken_at
        if broken_at is not None:
            self.add_action(f"Show event {broken_at:,}", lambda: show_event(broken_at), kind="primary")


class _WorkSheet(Sheet):
    """A sheet in which something long happens: a bar, a sentence, and one button that begins or cancels it."""

    def __init__(self, origin: QWidget, title: str, themes: ThemeSource, tasks: Tasks) -> None:
        super().__init__(origin, title, themes, width=560)
        self._tasks = tasks
        self._work = Latest(tasks)
        self.closed.connect(self._work.cancel)

    def add_choices(self, label: str, choices: list[tuple[str, str]], chosen: str, on_chosen: Callable[[str], None]) -> None:
        self.add_text(label, "label")
        row = QHBoxLayout()
        row.setSpacing(self.themes.current.px(8))
        chips: dict[str, Chip] = {}

        def choose(key: str) -> None:
            for name, chip in chips.items():
                chip.setChecked(name == key)
            on_chosen(key)

        for key, title in choices:
            chip = chips[key] = Chip(title, self.themes, checked=key == chosen)
            chip.clicked.connect(lambda _=False, key=key: choose(key))
            row.addWidget(chip)
        row.addStretch(1)
        self.body.addLayout(row)

    def add_progress(self, name: str) -> None:
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(name)
        self.bar.hide()
        self.said = self.add_text("")
        self.body.addWidget(self.bar)

    def show_progress(self, done: int, total: int) -> None:
        self.bar.show()
        self.bar.setValue(done * 1000 // max(1, total))

    def say(self, text: str) -> None:
        self.said.setText(text)
        self.place_panel()

    def say_error(self, error: ChainBotError) -> None:
        self.bar.hide()
        self.say(str(error))


class ExportSheet(_WorkSheet):
    """Format, range, where; then the result with its fingerprint. Closing it cancels what is under way."""

    def __init__(
        self, origin: QWidget, trail: AuditTrail, themes: ThemeSource, tasks: Tasks, *, folder: Path, days: str
    ) -> None:
        super().__init__(origin, "Export the audit trail", themes, tasks)
        self._trail = trail
        self.form: FormName = "jsonl"
        self._days = days
        self.add_choices("Form", [("jsonl", "JSON Lines"), ("csv", "CSV")], "jsonl", self._on_form)
        ranges = [("", "Everything"), ("1", "Last day"), ("7", "7 days"), ("30", "30 days")]
        self.add_choices("What", ranges, days, self._on_days)
        self.add_text("Where", "label")
        self.path = QLineEdit(str(folder / f"audit-{datetime.now().astimezone():%Y-%m-%d}.jsonl"))
        self.path.setAccessibleName("Where the export is written")
        self.body.addWidget(self.path)
        self.add_progress("How far the export is")
        self.say("Beside it lie its manifest, the signature of that, and the public key: together they prove it.")
        self.start = self.add_action("Export", self._on_start, kind="primary", closes=False)

    def _on_form(self, key: str) -> None:
        self.form = "csv" if key == "csv" else "jsonl"
        path = Path(self.path.text())
        if path.suffix in (".jsonl", ".csv"):
            self.path.setText(str(path.with_suffix(f".{self.form}")))

    def _on_days(self, key: str) -> None:
        self._days = key

    def _on_start(self) -> None:
        if self._work.busy:
            self._work.cancel()
            return
        text = self.path.text().strip()
        target = Path(text).expanduser() if text.startswith("~") else Path(text)
        if not text or not target.is_absolute():
            self.say("Write the whole path of the file, from / or ~ on.")
            return
        self.start.setText("Cancel")
        self._work.start("audit: export", self._export(target))

    async def _export(self, target: Path) -> None:
        after = since_days(self._days)
        self.say("Exporting…")
        try:
            done = await self._trail.export(self.form, Stretch(after=after), target, self.show_progress, ACTOR)
        except ChainBotError as error:
            self.say_error(error)
        except asyncio.CancelledError:
            if self.isVisible() and not self._work.busy:
                self.bar.hide()
                self.say("Cancelled; nothing was left behind.")
            raise
        else:
            summary = done.summary
            broken = f"\nThe chain in it breaks at event {summary.broken_at:,}." if summary.broken_at is not None else ""
            self.say(
                f"{summary.count:,} events ({summary.first_seq:,} to {summary.last_seq:,}) are in\n{done.path}\n"
                f"Signed by {done.fingerprint}{broken}"
            )
        finally:
            if self.isVisible() and not self._work.busy:
                self.start.setText("Export")


class RetentionSheet(_WorkSheet):
    """What the settings keep, what would go of the rest, and letting it go."""

    def __init__(self, origin: QWidget, trail: AuditTrail, settings: AuditSettings, themes: ThemeSource, tasks: Tasks) -> None:
        super().__init__(origin, "How long events are kept", themes, tasks)
        self._trail = trail
        self._wish = Wish()
        self.add_text(kept_text(settings))
        self.add_choices(
            "Let go now what is older than",
            [("365", "a year"), ("90", "90 days"), ("30", "30 days"), ("7", "7 days")],
            "",
            self._on_days,
        )
        self.add_progress("How far the pruning is")
        self.add_text(
            "What went cannot be brought back. An event tells of it, and the rest is verified from there on. Export first what "
            "may be asked for later.",
            "dim",
        )
        self.add_gap()
        self.go = HoldButton("Hold to let go", themes)
        self.go.held.connect(self._on_held)
        self.go.hide()
        self._actions.addWidget(self.go)
        self.say("Choose how much to keep: it is shown first what would go.")

    def _on_days(self, key: str) -> None:
        self._wish = Wish(before=since_days(key))
        self.go.hide()
        self._work.start("audit: preview", self._preview())

    async def _preview(self) -> None:
        try:
            plan = await self._trail.preview(self._wish)
        except ChainBotError as error:
            self.say_error(error)
            return
        self.go.setVisible(bool(plan.count))
        self.say(plan_text(plan))

    def _on_held(self) -> None:
        self._work.cancel()
        self.go.hide()
        # Not the sheet's: what was begun goes on when it is closed.
        self._tasks.spawn("audit: pruning", self._prune())

    async def _prune(self) -> None:
        self.say("Verifying the chain, then letting go…")
        try:
            recorded = await self._trail.prune(self._wish, self._tell, ACTOR)
        except ChainBotError as error:
            if self.isVisible():
                self.say_error(error)
            return
        if self.isVisible():
            self.bar.hide()
            said = recorded.event.data if recorded is not None else None
            self.say(
                f"Events up to {said.last_seq:,} went; event {recorded.seq:,} is the anchor."
                if said and recorded
                else "Nothing went."
            )

    def _tell(self, done: int, total: int) -> None:
        if self.isVisible():
            self.show_progress(done, total)


def since_days(days: str) -> str | None:
    """The time so many days ago, as events carry it; None for no bound."""
    return format_time(datetime.now(UTC) - timedelta(days=int(days))) if days else None


def kept_text(settings: AuditSettings) -> str:
    if settings.keep_days is None and settings.keep_events is None:
        return "The settings keep every event for ever (audit.keep_days and audit.keep_events are empty)."
    days = f"events of the last {settings.keep_days:,} days" if settings.keep_days is not None else ""
    count = f"the newest {settings.keep_events:,} events" if settings.keep_events is not None else ""
    return f"The settings keep {' and '.join(part for part in (days, count) if part)}; older ones go once a day."
