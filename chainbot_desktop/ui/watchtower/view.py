"""The Watchtower window: what happens, what is said, how the machine fares, and what wants to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.ui.view import Command, WindowView
from chainbot_desktop.ui.watchtower.alerts.page import AlertsPage
from chainbot_desktop.ui.watchtower.alerts.words import needs_somebody
from chainbot_desktop.ui.watchtower.audit_page import AuditPage
from chainbot_desktop.ui.watchtower.deliveries_page import DeliveriesPage
from chainbot_desktop.ui.watchtower.events_page import EventsPage
from chainbot_desktop.ui.watchtower.health_page import HealthPage
from chainbot_desktop.ui.watchtower.link_page import LinkPage
from chainbot_desktop.ui.watchtower.logs.page import LogsPage
from chainbot_desktop.ui.watchtower.metrics_page import MetricsPage
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.page_strip import PageStrip
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.runs_page import RunsPage
from chainbot_desktop.ui.widgets import Header
from chainbot_desktop.ui.widgets.focus_handing import hand_focus_on

P = TypeVar("P", bound=Page)


@dataclass(frozen=True, slots=True)
class PageKind:
    """`eager`: it counts what nobody has looked at yet, so it is made with the window."""

    title: str
    make: Callable[[WatchtowerParts], Page]
    eager: bool = False


PAGES: Mapping[str, PageKind] = {
    "events": PageKind("Events", EventsPage, eager=True),
    "logs": PageKind("Logs", LogsPage),
    "metrics": PageKind("Metrics", MetricsPage),
    "alerts": PageKind("Alerts", AlertsPage, eager=True),
    "runs": PageKind("Runs", RunsPage),
    "deliveries": PageKind("Deliveries", DeliveriesPage),
    "audit": PageKind("Audit", AuditPage),
    "link": PageKind("Link", LinkPage),
    "health": PageKind("Health", HealthPage),
}
"""In the order in which they are shown."""


class WatchtowerView(WindowView):
    """Content for `present`: "event_id", "subject" or "text" (a filter) for Events, "page" (a key of `PAGES`, or "machine").

    With a "page", everything else is for that page: its `present` says what it knows.
    """

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._built: dict[str, Page] = {}
        self._counts: dict[str, int] = {}
        self._loaded: set[str] = set()
        self._header = Header("", parts.themes)  # the names of the pages need all of its room
        self.strip = PageStrip([(key, kind.title) for key, kind in PAGES.items()], parts.themes)
        self.strip.chosen.connect(self.show_page)
        self._header.add_action(self.strip, 100)
        self._stack = QStackedWidget()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self._stack, 1)
        hand_focus_on(self, self._first)
        for key, kind in PAGES.items():
            if kind.eager:
                self._page(key)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("Ctrl+F"), self, self._on_filter_key, context=inside)
        self._shown = False
        self.show_page("events")

    @property
    def page(self) -> str:
        return next(key for key, page in self._built.items() if page is self._stack.currentWidget())

    @property
    def events(self) -> EventsPage:
        return self._page_of("events", EventsPage)

    @property
    def logs(self) -> LogsPage:
        return self._page_of("logs", LogsPage)

    @property
    def metrics(self) -> MetricsPage:
        return self._page_of("metrics", MetricsPage)

    @property
    def alerts(self) -> AlertsPage:
        return self._page_of("alerts", AlertsPage)

    @property
    def deliveries(self) -> DeliveriesPage:
        return self._page_of("deliveries", DeliveriesPage)

    @property
    def link(self) -> LinkPage:
        return self._page_of("link", LinkPage)

    @property
    def health(self) -> HealthPage:
        return self._page_of("health", HealthPage)

    @property
    def shows_alerts(self) -> bool:
        """Whether the list of the active alerts can be seen."""
        return self.isVisible() and not self.window().isMinimized() and self.page == "alerts" and self.alerts.part == "active"

    def shown_first_time(self) -> None:
        self._shown = True
        self._load(self.page)

    def show_page(self, key: str) -> None:
        self._stack.setCurrentWidget(self._page(key))
        self.strip.show_current(key)
        if self._shown:
            self._load(key)
        if self.isVisible():
            self._first().setFocus(Qt.FocusReason.OtherFocusReason)

    def present(self, content: Mapping[str, object]) -> None:
        self._shown = True
        key = content.get("page")
        if key == "machine":  # what the status line says of the machine: to the cause, if it is unwell
            key = self._cause_of_the_light()
        if (
            "event_id" in content
            or "subject" in content
            or ("text" in content and key not in PAGES and self.page not in {"events", "logs"})
        ):
            key = "events"
        if isinstance(key, str) and key in PAGES:
            self.show_page(key)
        self._load(self.page)
        self._built[self.page].present(content)

    def commands(self) -> Sequence[Command]:
        pages = [Command(f"watchtower.{key}", kind.title, partial(self.show_page, key)) for key, kind in PAGES.items()]
        return [
            *pages,
            Command("watchtower.filter", "Filter what is listed", self._on_filter_key, "Ctrl+F", "filter"),
            Command("watchtower.pause", "Pause or follow", self._on_pause_key, "Space", "pause"),
            *self._built[self.page].commands(),
        ]

    def _cause_of_the_light(self) -> str:
        """Where to look when the status line is amber or red."""
        if any(map(needs_somebody, self._parts.alerts.active)):
            return "alerts"
        return "metrics" if self._parts.health.current.status == "healthy" else "health"

    def _page(self, key: str) -> Page:
        page = self._built.get(key)
        if page is None:
            page = self._built[key] = PAGES[key].make(self._parts)
            page.message.connect(self.message)
            page.open_requested.connect(self._on_open_requested)
            page.count_changed.connect(partial(self._on_count_changed, key))
            self._stack.addWidget(page)
        return page

    def _page_of(self, key: str, kind: type[P]) -> P:
        page = self._page(key)
        assert isinstance(page, kind)
        return page

    def _load(self, key: str) -> None:
        if key not in self._loaded:
            self._loaded.add(key)
            self._built[key].shown_first_time()

    def _first(self) -> QWidget:
        """An empty list is hidden and takes no focus; without any in here the keys of this window would be dead."""
        first = self._built[self.page].first
        return first if first.isVisible() else self.strip.chips[self.page]

    def _on_open_requested(self, window: str, content: Mapping[str, object]) -> None:
        if window == "watchtower":
            self.present(content)
        else:
            self.open_requested.emit(window, content)

    def _on_filter_key(self) -> None:
        if not self._built[self.page].focus_filter():
            self.show_page("events")
            self.events.focus_filter()

    def _on_pause_key(self) -> None:
        self._built[self.page].toggle_pause()

    def _on_count_changed(self, key: str, count: int) -> None:
        self._counts[key] = count
        self.strip.chips[key].set_count(count or None)
        self.badge_changed.emit(sum(self._counts.values()))
