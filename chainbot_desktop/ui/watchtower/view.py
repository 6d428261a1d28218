"""The Watchtower window: what happens, what the program says, how the machine fares, and how it stands with ALEX OS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.ports import Blobs, Journal, Link
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Command, WindowView
from chainbot_desktop.ui.watchtower.events_page import EventsPage
from chainbot_desktop.ui.watchtower.health_page import HealthPage
from chainbot_desktop.ui.watchtower.link_page import LinkPage
from chainbot_desktop.ui.watchtower.logs_page import LogsPage
from chainbot_desktop.ui.watchtower.metrics_page import MetricsPage
from chainbot_desktop.ui.widgets import Chip, Header
from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on
from chainbot_desktop.watch.health import HealthMonitor
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.metrics import MetricsSampler

PAGES = (("events", "Events"), ("logs", "Logs"), ("metrics", "Metrics"), ("link", "Link"), ("health", "Health"))


class WatchtowerView(WindowView):
    """Content for `present`: "event_id", "subject" or "text" (a filter) for Events, "page" (a key of `PAGES`, or "machine")."""

    def __init__(  # noqa: PLR0913, PLR0917 (it shows what each of them knows)
        self,
        journal: Journal,
        bus: EventBus,
        blobs: Blobs,
        logs: LogRing,
        metrics: MetricsSampler,
        health: HealthMonitor,
        link: Link,
        themes: ThemeSource,
        tasks: Tasks,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._health = health
        self._loaded = False
        self.events = EventsPage(journal, bus, blobs, themes, tasks)
        self.logs = LogsPage(logs, themes)
        self.metrics = MetricsPage(metrics, themes)
        self.link = LinkPage(link, themes)
        self.health = HealthPage(health, metrics, themes)
        self._pages: dict[str, EventsPage | LogsPage | MetricsPage | LinkPage | HealthPage] = {
            "events": self.events,
            "logs": self.logs,
            "metrics": self.metrics,
            "link": self.link,
            "health": self.health,
        }
        self._header = Header("Watchtower", themes)
        self._chips: dict[str, Chip] = {}
        self._stack = QStackedWidget()
        for key, title in PAGES:
            chip = self._chips[key] = Chip(title, themes)
            chip.clicked.connect(lambda _=False, chosen=key: self.show_page(chosen))
            self._header.add_action(chip)
            self._stack.addWidget(self._pages[key])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self._stack, 1)
        hand_focus_on(self, self._first)
        self._connect()
        self.show_page("events")

    @property
    def page(self) -> str:
        return next(key for key, page in self._pages.items() if page is self._stack.currentWidget())

    def shown_first_time(self) -> None:
        if not self._loaded:
            self._loaded = True
            self.events.load()

    def show_page(self, key: str) -> None:
        self._stack.setCurrentWidget(self._pages[key])
        for name, chip in self._chips.items():
            chip.setChecked(name == key)
        if self.isVisible():
            self._first().setFocus(Qt.FocusReason.OtherFocusReason)

    def _first(self) -> QWidget:
        """An empty list is hidden and takes no focus; without any in here the keys of this window would be dead."""
        first = self._pages[self.page].first
        return first if first.isVisible() else self._chips[self.page]

    def present(self, content: Mapping[str, object]) -> None:
        page, event_id = content.get("page"), content.get("event_id")
        if page == "machine":  # what the status line says of the machine: to the cause, if it is unwell
            page = "metrics" if self._health.current.status == "healthy" else "health"
        subject, text = content.get("subject"), content.get("text")
        self.shown_first_time()
        if isinstance(page, str) and page in self._pages:
            self.show_page(page)
        if isinstance(event_id, str):
            self.show_page("events")
            self._tasks.spawn("watchtower: one event", self.events.show_event_id(event_id))
        elif isinstance(subject, str):
            self.show_page("events")
            self.events.set_filter(f'subject:"{subject}"')
        elif isinstance(text, str):
            if self.page not in {"events", "logs"}:
                self.show_page("events")
            (self.logs if self.page == "logs" else self.events).set_filter(text)

    def commands(self) -> Sequence[Command]:
        pages = [Command(f"watchtower.{key}", title, partial(self.show_page, key)) for key, title in PAGES]
        return [
            *pages,
            Command("watchtower.filter", "Filter events or log lines", self._on_filter_key, "Ctrl+F", "filter"),
            Command("watchtower.pause", "Pause or follow", self._on_pause_key, "Space", "pause"),
        ]

    def _connect(self) -> None:
        self.events.message.connect(self.message)
        self.events.attention_changed.connect(self._on_attention_changed)
        self.events.agent_wanted.connect(self._on_agent_wanted)
        self.logs.message.connect(self.message)
        self.logs.editor_wanted.connect(self._on_editor_wanted)
        self.logs.chat_wanted.connect(partial(self._send_to_chat, "log"))
        self.events.chat_wanted.connect(partial(self._send_to_chat, "event"))
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("Ctrl+F"), self, self._on_filter_key, context=inside)

    def _on_filter_key(self) -> None:
        if self.page not in {"events", "logs"}:
            self.show_page("events")
        field = (self.logs if self.page == "logs" else self.events).bar.field
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        field.selectAll()

    def _on_pause_key(self) -> None:
        if self.page in {"events", "logs"}:
            (self.logs if self.page == "logs" else self.events).bar.toggle()

    def _on_attention_changed(self, count: int) -> None:
        self.badge_changed.emit(count)
        self._chips["events"].set_count(count or None)

    def _on_agent_wanted(self, agent_id: str) -> None:
        self.open_requested.emit("agent-map", {"agent_id": agent_id})

    def _send_to_chat(self, kind: str, text: str, name: str) -> None:
        self.open_requested.emit("chat", {"attach": {"kind": kind, "name": name, "text": text}})

    def _on_editor_wanted(self, text: str, name: str) -> None:
        self.open_requested.emit("code-agent", {"text": text, "name": name})
