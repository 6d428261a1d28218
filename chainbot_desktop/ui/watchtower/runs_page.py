"""All agents' runs, newest first, their states live; a tap shows what happened in one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError, NotFound
from chainbot_desktop.core.events import Event, Recorded
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.store.agent_rows import OPEN_RUNS, RunQuery, RunRow, RunState
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.audit_sheets import ACTOR
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.page_strip import PageStrip
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.watchtower.run_details import RUN_MARKS, RunDetails
from chainbot_desktop.ui.watchtower.run_rows import run_text
from chainbot_desktop.ui.watchtower.run_timeline import belongs, steps_of
from chainbot_desktop.ui.watchtower.side_panel import SidePanel
from chainbot_desktop.ui.watchtower.two_line_rows import TwoLineRows
from chainbot_desktop.ui.widgets import EmptyState, SearchField

_PAGE = 100
_KEPT = 2_000
_NEWS_MS = 300
_TICK_MS = 1_000
_MOST_EVENTS = 2_000
STATES: Mapping[str, tuple[str, tuple[RunState, ...]]] = {
    "all": ("All", ()),
    "open": ("At work", OPEN_RUNS),
    "succeeded": ("Succeeded", ("succeeded",)),
    "failed": ("Failed", ("failed",)),
    "cancelled": ("Cancelled", ("cancelled",)),
}


class RunsPage(Page):
    """Reads when it is looked at. Content for `present`: "run_id" (a run to show), "agent_id" (only its runs)."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._runtime = parts.runtime
        self._states: tuple[RunState, ...] = ()
        self.runs: list[RunRow] = []
        self._complete = False
        self._shown = ""
        self._work = Latest(parts.tasks)
        self._looking = Latest(parts.tasks)
        self._build()
        self._news = QTimer(self, singleShot=True, interval=_NEWS_MS)
        self._news.timeout.connect(self._refresh)
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self._on_tick)
        subscription = parts.bus.subscribe(self._on_event)
        self.destroyed.connect(subscription.cancel)

    @property
    def first(self) -> QWidget:
        return self.list

    def shown_first_time(self) -> None:
        self.load()

    def present(self, content: Mapping[str, object]) -> None:
        run_id, agent_id = content.get("run_id"), content.get("agent_id")
        if isinstance(run_id, str):
            self.show_run(run_id)
        elif isinstance(agent_id, str):
            self.field.setText(f"agent:{agent_id}")

    def focus_filter(self) -> bool:
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()
        self._news.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
        self._news.stop()

    # The list.

    def load(self) -> None:
        self._work.start("runs: read", self._load(RunQuery(limit=_PAGE), keep_place=False))

    def _refresh(self) -> None:
        if self._runtime is not None and not self._work.busy:
            self._work.start("runs: read", self._load(RunQuery(limit=max(_PAGE, len(self.runs))), keep_place=True))
        if self._shown:
            self._look(self._shown)

    async def _load(self, query: RunQuery, *, keep_place: bool) -> None:
        rows = await self._read(query)
        if rows is not None:
            self.runs[:] = rows
            self._complete = len(rows) < query.limit
            self._rows_changed(keep_place=keep_place)

    def _on_wants_older(self) -> None:
        if self.runs and not self._complete and not self._work.busy and len(self.runs) < _KEPT:
            self._work.start("runs: read", self._load_older())

    async def _load_older(self) -> None:
        last = self.runs[-1]
        rows = await self._read(RunQuery(before=(last.started_at, last.id), limit=_PAGE))
        if rows is not None:
            self.runs.extend(rows)
            self._complete = len(rows) < _PAGE
            self._rows_changed(keep_place=True)

    async def _read(self, query: RunQuery) -> list[RunRow] | None:
        if self._runtime is None:
            return []
        words = self.field.text().split()
        agent = next((word.removeprefix("agent:") for word in words if word.startswith("agent:")), None)
        others = " ".join(word for word in words if not word.startswith("agent:"))
        try:
            return await self._runtime.runs_listed(
                replace(query, states=self._states, agent_id=self._id_of(agent), words=others)
            )
        except ChainBotError as error:
            self.message.emit(Message(error.message, "error", error.hint, "Try again", self.load))
            return None

    def _id_of(self, name: str | None) -> str | None:
        """The agent of this name, or whose id it is."""
        living = self._runtime.living() if self._runtime is not None else ()
        return next((live.id for live in living if name is not None and name.lower() == live.name.lower()), name)

    def _rows_changed(self, *, keep_place: bool) -> None:
        self.rows.forget()
        self.list.rows_changed(keep_place=keep_place)
        self._body.show_rows(bool(self.runs))
        if not self.runs:
            filtered = bool(self.field.text() or self._states)
            title = "No run passes this filter" if filtered else "No runs yet"
            self._empty.set_text(
                title, "" if filtered else "Give an agent a task, in the chat or on the map: its run appears here."
            )

    def _on_event(self, recorded: Recorded[Event]) -> None:
        told = ("run_", "approval_", "agent_state", "tool_call")
        if self.isVisible() and recorded.event.type.startswith(told) and not self._news.isActive():
            self._news.start()

    def _on_tick(self) -> None:
        """How long it takes goes on by itself."""
        if any(run.state in OPEN_RUNS for run in self.runs):
            self.rows.forget()
            self.list.viewport().update()
            self.details.strip.tick()

    def _on_state(self, key: str) -> None:
        self._states = STATES[key][1]
        self.chips.show_current(key)
        self.load()

    # One run.

    def show_run(self, run_id: str) -> None:
        self._shown = run_id
        self._look(run_id)
        self.panel.open()

    def _on_opened(self, index: int) -> None:
        self.show_run(self.runs[index].id)
        if self.panel.covers:
            self.details.take_focus()

    def _on_current_changed(self, index: int) -> None:
        if self.panel.is_open and index >= 0 and self.runs[index].id != self._shown:
            self.show_run(self.runs[index].id)

    def _look(self, run_id: str) -> None:
        self._looking.start("runs: one run", self._show(run_id))

    async def _show(self, run_id: str) -> None:
        if self._runtime is None:
            return
        try:
            run = await self._runtime.run(run_id)
            self.details.show_run(run, self._name(run), lives=self._runtime.live(run.agent_id) is not None)
            # The full-text index knows every event that names the run.
            named = await self._parts.journal.read(EventQuery(text=run_id, limit=_MOST_EVENTS))
        except ChainBotError as error:
            self._shown = "" if isinstance(error, NotFound) else self._shown
            self.message.emit(Message(error.message, "warning", error.hint))
            return
        self.details.show_steps(steps_of(run, [recorded for recorded in named if belongs(recorded.event, run_id)]))

    def _name(self, run: RunRow) -> str:
        return self._parts.agent_name(run.agent_id)

    def _on_closed(self) -> None:
        self._shown = ""
        self.panel.close_panel()

    def _on_cancel(self) -> None:
        self._parts.tasks.spawn("runs: cancel", self._cancel(self._shown))

    async def _cancel(self, run_id: str) -> None:
        assert self._runtime is not None
        try:
            await self._runtime.cancel_run(run_id, actor=ACTOR)
        except ChainBotError as error:
            self.message.emit(Message(error.message, "warning", error.hint))
        self._refresh()

    def _on_again(self) -> None:
        self._parts.tasks.spawn("runs: again", self._again(self._shown))

    async def _again(self, run_id: str) -> None:
        assert self._runtime is not None
        try:
            run = await self._runtime.run(run_id)
            new = await self._runtime.execute(
                run.agent_id, run.task, actor=ACTOR, context=run.context, conversation_id=run.conversation_id
            )
        except ChainBotError as error:
            self.message.emit(Message(error.message, "warning", error.hint))
            return
        self.message.emit(Message(f"{self._name(run)} has the same task again.", "success"))
        self.show_run(new)

    def _on_agent(self) -> None:
        run = self._run()
        if run is not None:
            self.open_requested.emit("agent-map", {"agent_id": run.agent_id})

    def _on_chat(self) -> None:
        run = self._run()
        if run is not None:
            self.open_requested.emit("chat", {"conversation_id": run.conversation_id})

    def _run(self) -> RunRow | None:
        return next((run for run in self.runs if run.id == self._shown), None)

    def _build(self) -> None:
        themes = self._parts.themes
        self.rows = TwoLineRows(
            self.runs, lambda run: run_text(run, self._name(run), RUN_MARKS[run.state]), lambda run: hash(run.id)
        )
        self.field = SearchField("Filter: words of the task or the answer, agent:", themes)
        self.field.searched.connect(lambda _: self.load())
        self.chips = PageStrip([(key, title) for key, (title, _) in STATES.items()], themes)
        self.chips.show_current("all")
        self.chips.chosen.connect(self._on_state)
        self.list = RowList(self.rows, themes, "Runs, the newest first")
        self.list.opened.connect(self._on_opened)
        self.list.current_changed.connect(self._on_current_changed)
        self.list.wants_older.connect(self._on_wants_older)
        self._empty = EmptyState("agent", "Reading the runs…", "", themes)
        margin = themes.current.px(12)
        bar = QVBoxLayout()
        bar.setContentsMargins(margin, margin // 3, margin, 0)
        bar.addWidget(self.field)
        bar.addWidget(self.chips, 0, Qt.AlignmentFlag.AlignLeft)
        self._body = ListBody((bar,), self.list, self._empty)
        self.details = RunDetails(themes)
        self.details.closed.connect(self._on_closed)
        self.details.cancel_wanted.connect(self._on_cancel)
        self.details.again_wanted.connect(self._on_again)
        self.details.agent_wanted.connect(self._on_agent)
        self.details.chat_wanted.connect(self._on_chat)
        self.details.event_wanted.connect(lambda event_id: self.open_requested.emit("watchtower", {"event_id": event_id}))
        self.panel = SidePanel(self._body, self.details, themes)
        self.panel.panel_closed.connect(lambda: setattr(self, "_shown", ""))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panel)
