"""Other nodes and modules that report how they are: a row each with its last report, how old that is, and its own reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import (
    Event,
    GuestAppeared,
    GuestChanged,
    GuestLeft,
    ModuleHealthReported,
    ModuleStatusReported,
    Recorded,
)
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.event_texts import plain_data, relative_time
from chainbot_desktop.ui.watchtower.marks import Mark, MarkPainter
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.widgets import EmptyState, KineticArea

_EVENTS = (ModuleHealthReported, ModuleStatusReported, GuestAppeared, GuestChanged, GuestLeft)
_TYPES = tuple(str(event.model_fields["type"].default) for event in _EVENTS)
_LOOKED_AT = 1000
"""Newest reports among which the last one of each node is looked for."""
_GOOD = frozenset({"healthy", "ok", "online", "active", "running", "ready", "idle", "up"})
_POOR = frozenset({"degraded", "warning", "busy", "limited"})
_BAD = frozenset({"unhealthy", "error", "failed", "critical", "offline", "down", "dead", "gone"})
_SPEAKING = ("attention_reason", "workflow_blockers", "reasons", "reason", "error", "message", "description")


@dataclass(frozen=True, slots=True)
class Node:
    """As its last report said. `time` is this program's, RFC 3339."""

    key: str
    name: str
    kind: str
    status: str
    mark: Mark
    time: str
    reasons: str
    event_id: str


def node_of(recorded: Recorded[Any]) -> Node | None:
    """None for a report that does not say whose it is."""
    event: Event = recorded.event
    found = plain_data(event)
    data: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    guest = isinstance(event, (GuestAppeared, GuestChanged, GuestLeft))
    name = str(data.get("name") if guest else data.get("agent_name") or event.subject or "")
    key = f"guest:{data.get('agent_id')}" if guest else f"module:{name}"
    if not name:
        return None
    status = "gone" if isinstance(event, GuestLeft) else str(data.get("status" if guest else "status_id") or "")
    kind = "agent of ALEX OS" if guest else "module"
    details = data.get("details")
    reasons = _reasons({**details, **data} if guest and isinstance(details, Mapping) else data)
    mark: Mark = "attention" if event.requires_attention or data.get("requires_attention") else _mark(status)
    return Node(key, name, kind, status or "says no status", mark, event.time, reasons, event.id)


def _mark(status: str) -> Mark:
    word = status.casefold()
    return "good" if word in _GOOD else "warning" if word in _POOR else "error" if word in _BAD else "unknown"


def _reasons(data: Mapping[str, Any]) -> str:
    said: list[str] = []
    for key in _SPEAKING:
        value = data.get(key)
        said += [str(word) for word in value if word] if isinstance(value, (list, tuple)) else [str(value)] if value else []
    return " · ".join(dict.fromkeys(" ".join(word.split()) for word in said))


class NodeList(QWidget):
    """Follows the reports while it can be seen."""

    open_requested = Signal(str, object)

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._themes = parts.themes
        self._nodes: dict[str, Node] = {}
        self._rows: list[NodeRow] = []
        self._end: Callable[[], None] | None = None
        self._none = EmptyState(
            "network",
            "No other node has reported",
            "Modules that post their health to /api/webhooks/chainbot/module/health, and the agents of ALEX OS, have a row each here.",
            parts.themes,
        )
        content = QWidget()
        self._list = QVBoxLayout(content)
        self._list.addWidget(self._none)
        self._list.addStretch(1)
        self._area = KineticArea(content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._area)
        self._clock = QTimer(self, interval=5000)  # "2 min ago" goes on by itself
        self._clock.timeout.connect(self._show)
        parts.themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(parts.themes.current)

    @property
    def first(self) -> QWidget:
        return self._rows[0] if self._rows else self._area

    @property
    def rows(self) -> list[NodeRow]:
        return self._rows

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._end is None:
            self._end = self._parts.bus.subscribe(self._on_report, *_EVENTS).cancel
            self._parts.tasks.spawn("read the nodes", self._read())
        self._clock.start()
        self._show()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()
        if self._end is not None:
            self._end()
            self._end = None

    async def _read(self) -> None:
        try:
            found = await self._parts.journal.read(EventQuery(types=_TYPES, order="desc", limit=_LOOKED_AT))
        except ChainBotError as error:
            self._none.set_text("The journal cannot be read", str(error))
            return
        self._take(reversed(found))

    def _on_report(self, recorded: Recorded[Any]) -> None:
        self._take((recorded,))

    def _take(self, reports: Iterable[Recorded[Any]]) -> None:
        for recorded in reports:
            node = node_of(recorded)
            if node is not None:
                self._nodes[node.key] = node
        self._show()

    def _show(self) -> None:
        nodes = sorted(self._nodes.values(), key=lambda node: (node.kind != "module", node.name.casefold()))
        while len(self._rows) < len(nodes):
            row = NodeRow(self._themes)
            row.clicked.connect(lambda _=False, row=row: self._open(row))
            self._rows.append(row)
            self._list.insertWidget(self._list.count() - 1, row)
        for row, node in zip(self._rows, nodes, strict=False):
            row.show_node(node)
        self._none.setVisible(not nodes)

    def _open(self, row: NodeRow) -> None:
        if row.node is not None:
            self.open_requested.emit("watchtower", {"event_id": row.node.event_id})

    def _on_theme_changed(self, theme: Theme) -> None:
        self._list.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(12))
        self._list.setSpacing(theme.px(8))


class NodeRow(QPushButton):
    """A tap opens the report."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.node: Node | None = None
        self._age = ""
        self._themes = themes
        self._pictures = MarkPainter()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAutoDefault(False)
        themes.changed.connect(self._on_theme_changed)

    def show_node(self, node: Node) -> None:
        self.node, self._age = node, relative_time(node.time)
        self.setAccessibleName(self.text_shown)
        self.update()

    @property
    def text_shown(self) -> str:
        node = self.node
        return "" if node is None else f"{node.name}, {node.kind}: {node.status}, reported {self._age}. {node.reasons}".strip()

    def sizeHint(self) -> QSize:
        return QSize(self._themes.current.px(200), self._themes.current.px(60))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.HoverEnter, QEvent.Type.HoverLeave, QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, node = self._themes.current, self.node
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("accent" if self.hasFocus() else "line"))
        painter.setBrush(theme.color("surface3" if self.isDown() else "surface1"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), theme.px(12), theme.px(12))
        if node is None:
            return
        side, left = theme.px(20), theme.px(14)
        painter.drawPixmap(left, (self.height() - side) // 2, self._pictures.pixmap(node.mark, side, theme))
        left += side + theme.px(12)
        room = QRect(left, theme.px(6), self.width() - left - theme.px(14), (self.height() - theme.px(12)) // 2)
        aside = f"{node.status} · {self._age}"
        painter.setFont(theme.font("small"))
        used = QFontMetrics(painter.font()).horizontalAdvance(aside)
        _line(painter, room, aside, theme, "dim", Qt.AlignmentFlag.AlignRight)
        painter.setFont(theme.font("strong"))
        _line(painter, room.adjusted(0, 0, -used - theme.px(12), 0), f"{node.name}", theme, "text", Qt.AlignmentFlag.AlignLeft)
        painter.setFont(theme.font("small"))
        below = room.translated(0, room.height())
        _line(painter, below, node.reasons or node.kind, theme, "dim", Qt.AlignmentFlag.AlignLeft)

    def _on_theme_changed(self, theme: Theme) -> None:
        self.updateGeometry()
        self.update()


def _line(painter: QPainter, box: QRect, text: str, theme: Theme, token: str, side: Qt.AlignmentFlag) -> None:
    painter.setPen(theme.color(token))
    shown = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, shown)
