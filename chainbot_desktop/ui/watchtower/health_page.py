"""Whether this program is well: every check with what was found and what to do, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.fact_rows import FactCard
from chainbot_desktop.ui.watchtower.marks import Mark
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import Button, KineticArea
from chainbot_desktop.watch.checks import Check, Level
from chainbot_desktop.watch.health import Health, Status
from chainbot_desktop.watch.metrics import Sample

LEVEL_MARKS: dict[Level, Mark] = {Level.OK: "good", Level.NOTICE: "info", Level.WARNING: "warning", Level.FAILING: "error"}
STATUS_MARKS: dict[Status, Mark] = {"healthy": "good", "degraded": "warning", "unhealthy": "error"}
_SUMMARIES: dict[Status, str] = {
    "healthy": "All is well with this program.",
    "degraded": "It works, and something wants a look.",
    "unhealthy": "It cannot do all of its work.",
}


_CAUSES: Mapping[str, Mapping[str, object]] = {
    **{figure: {"page": "metrics", "metric": figure} for figure in ("cpu", "memory", "disk", "temperature", "loop_lag")},
    "journal": {"page": "metrics", "metric": "queue:journal"},
    "power": {"page": "metrics", "metric": "throttled"},
    "writing": {"page": "metrics", "metric": "disk"},
    "tasks": {"page": "logs", "text": "failed"},
    "link": {"page": "link"},
    "clock": {"page": "metrics", "metric": "clock_skew"},
    "deliveries": {"page": "deliveries"},
}
"""By the id of a check: where its cause is seen, as content for the Watchtower's `present`."""


class CheckCard(FactCard):
    """A check; where it is not well and its cause can be seen, with the way to it."""

    show_wanted = Signal(object)
    """Content for the Watchtower's `present`."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(themes, parent)
        self._cause: Mapping[str, object] | None = None
        self.button = Button("Show", themes)
        self.button.clicked.connect(self._on_clicked)
        self.button.hide()
        self.add_button(self.button)

    def show_check(self, check: Check) -> None:
        level = "" if check.level is Level.OK else check.level.name.lower()
        mark = LEVEL_MARKS[check.level] if check.known else "unknown"
        self.show_fact(mark, check.title, check.sentence, aside=level, hint=check.hint)
        self._cause = _CAUSES.get(check.id) if check.level is not Level.OK else None
        self.button.setVisible(self._cause is not None)
        self.button.setAccessibleName(f"Show the cause: {check.title}")

    def _on_clicked(self) -> None:
        if self._cause is not None:
            self.show_wanted.emit(dict(self._cause))


class HealthPage(Page):
    """Follows the health while it can be seen: assessed once a second, after every sample."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        themes = parts.themes
        self._health = parts.health
        self._metrics = parts.metrics
        self._themes = themes
        self._stop: Callable[[], None] | None = None
        self._summary = FactCard(themes)
        self._cards: list[CheckCard] = []
        content = QWidget()
        self._list = QVBoxLayout(content)
        self._list.addWidget(self._summary)
        self._list.addStretch(1)
        area = KineticArea(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(area)
        self._area = area
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def first(self) -> QWidget:
        return self._area

    @property
    def text(self) -> str:
        return "\n".join(card.text for card in (self._summary, *self._cards) if not card.isHidden())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stop is None:
            self._stop = self._metrics.on_sample(self._on_sample)
        self._show(self._health.current)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._stop_listening()

    def _on_sample(self, sample: Sample) -> None:
        self._show(self._health.current)

    def _show(self, health: Health) -> None:
        if not health.checks:
            self._summary.show_fact(
                "unknown", "Not assessed yet", "The first look comes with the first measurement, within a second."
            )
            return
        bad = len(health.reasons)
        aside = "" if not bad else "1 check" if bad == 1 else f"{bad} checks"
        self._summary.show_fact(STATUS_MARKS[health.status], health.status.capitalize(), _SUMMARIES[health.status], aside=aside)
        while len(self._cards) < len(health.checks):
            card = CheckCard(self._themes)
            card.show_wanted.connect(self._on_show_wanted)
            self._cards.append(card)
            self._list.insertWidget(self._list.count() - 1, card)
        ordered = sorted(health.checks, key=lambda check: -check.level)
        for number, card in enumerate(self._cards):
            card.setVisible(number < len(ordered))
            if number < len(ordered):
                card.show_check(ordered[number])

    def _on_show_wanted(self, content: Mapping[str, object]) -> None:
        self.open_requested.emit("watchtower", content)

    def _stop_listening(self) -> None:
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _on_theme_changed(self, theme: Theme) -> None:
        self._list.setContentsMargins(*[theme.px(12)] * 4)
        self._list.setSpacing(theme.px(8))
