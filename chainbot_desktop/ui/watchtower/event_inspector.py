"""One event in full: what it says in words, its envelope as a tree or as JSON, and the ways to what it speaks of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.event_texts import describe, exact_time, mark_of, plain_data, relative_time
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, Chip, IconButton, make_kinetic

_LONGEST_RAW = 200_000


class EventInspector(QWidget):
    """`closed` when somebody leaves it; `agent_wanted` (agent id), `body_wanted` (SHA-256), `subject_wanted` for the jumps."""

    closed = Signal()
    agent_wanted = Signal(str)
    body_wanted = Signal(str)
    subject_wanted = Signal(str)
    chat_wanted = Signal(str, str)
    """(the event as JSON, a name for it)"""
    copied = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._recorded: Recorded[Event] | None = None
        self._mark = MarkLabel("info", themes, 20)
        self._title = ElidedLabel("title")
        self._when = ElidedLabel("small")
        self._says = QLabel()
        self._says.setTextFormat(Qt.TextFormat.PlainText)
        self._says.setWordWrap(True)
        self._says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._back = IconButton("arrow-left", "Back to the list (Esc)", themes)
        self._back.clicked.connect(self.closed)
        self._copy = IconButton("copy", "Copy (Ctrl+C)", themes)
        self._copy.clicked.connect(self._on_copy)
        self._chat = IconButton("chat", "Send to chat", themes)
        self._chat.clicked.connect(self._on_chat)
        self._tree_chip = Chip("Tree", themes, checked=True)
        self._raw_chip = Chip("Raw", themes)
        self._tree_chip.clicked.connect(lambda: self._show_form(raw=False))
        self._raw_chip.clicked.connect(lambda: self._show_form(raw=True))
        self._agent = Button("Agent", themes, icon="agent")
        self._agent.setToolTip("Show this agent on the map")
        self._agent.clicked.connect(self._on_agent)
        self._body = Button("Body", themes, icon="file")
        self._body.setToolTip("Show the body that is kept apart")
        self._body.clicked.connect(self._on_body)
        self._subject = Button("Subject", themes, icon="filter")
        self._subject.setToolTip("Everything about the same subject")
        self._subject.clicked.connect(self._on_subject)
        self._tree = make_kinetic(_envelope_tree())
        self._raw = make_kinetic(QPlainTextEdit())
        self._raw.setReadOnly(True)
        self._raw.setAccessibleName("The event as JSON")
        self._forms = QStackedWidget()
        self._forms.addWidget(self._tree)
        self._forms.addWidget(self._raw)
        self._lay_out()
        QShortcut(QKeySequence.StandardKey.Copy, self._tree, self._on_copy, context=Qt.ShortcutContext.WidgetShortcut)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def event_id(self) -> str:
        return self._recorded.event.id if self._recorded is not None else ""

    def show_event(self, recorded: Recorded[Event]) -> None:
        self._recorded = recorded
        event = recorded.event
        self._mark.set_mark(mark_of(event))
        self._title.setText(event.type)
        self._says.setText(describe(event))
        self._says.setVisible(bool(self._says.text()))
        self.refresh_time()
        self._agent.setVisible(bool(self._agent_id()))
        self._body.setVisible(bool(self._body_digest()))
        self._subject.setVisible(bool(event.subject))
        self._fill_tree(recorded)
        self._raw.setPlainText(_pretty(recorded))

    def refresh_time(self) -> None:
        if self._recorded is not None:
            event = self._recorded.event
            self._when.setText(f"#{self._recorded.seq:,} · {exact_time(event.time)} · {relative_time(event.time)}")

    def show_body(self, body: bytes) -> None:
        """The body that the event refers to, in place of its JSON."""
        text = body.decode("utf-8", errors="replace")
        with suppress(ValueError):  # what is not JSON is shown as it is
            text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        more = len(text) - _LONGEST_RAW
        self._raw.setPlainText(text[:_LONGEST_RAW] + (f"\n… {more:,} more characters" if more > 0 else ""))
        self._show_form(raw=True)

    def take_focus(self) -> None:
        (self._raw if self._raw_chip.isChecked() else self._tree).setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_form(self, *, raw: bool) -> None:
        self._tree_chip.setChecked(not raw)
        self._raw_chip.setChecked(raw)
        self._forms.setCurrentWidget(self._raw if raw else self._tree)

    def _fill_tree(self, recorded: Recorded[Event]) -> None:
        event = recorded.event
        self._tree.clear()
        facts = {
            "severity": event.severity.value,
            "subject": event.subject,
            "source": event.source,
            "actor": event.actor,
            "requires_attention": event.requires_attention,
            "time": event.time,
            "seq": recorded.seq,
            "id": event.id,
            "version": event.version,
            "hash": recorded.hash,
            "prev_hash": recorded.prev_hash,
        }
        data = QTreeWidgetItem(["data", ""])
        _add_children(data, plain_data(event))
        self._tree.addTopLevelItem(data)
        for name, value in facts.items():
            self._tree.addTopLevelItem(_leaf(name, value))
        data.setExpanded(True)

    def _agent_id(self) -> str:
        data = plain_data(self._recorded.event) if self._recorded is not None else None
        found = data.get("agent_id") if isinstance(data, Mapping) else None
        return found if isinstance(found, str) else ""

    def _body_digest(self) -> str:
        return _find_body(plain_data(self._recorded.event)) if self._recorded is not None else ""

    def _on_agent(self) -> None:
        self.agent_wanted.emit(self._agent_id())

    def _on_body(self) -> None:
        self.body_wanted.emit(self._body_digest())

    def _on_subject(self) -> None:
        if self._recorded is not None:
            self.subject_wanted.emit(self._recorded.event.subject)

    def _on_copy(self) -> None:
        item = self._tree.currentItem()
        if self._forms.currentWidget() is self._tree and item is not None and item.text(1):
            text, what = item.data(1, Qt.ItemDataRole.UserRole), item.text(0)
        else:
            text, what = self._raw.toPlainText(), "event"
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(what)

    def _on_chat(self) -> None:
        if self._recorded is not None:
            self.chat_wanted.emit(_pretty(self._recorded), f"event-{self._recorded.seq}.json")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._back)
        top.addWidget(self._mark)
        top.addWidget(self._title, 1)
        top.addWidget(self._tree_chip)
        top.addWidget(self._raw_chip)
        top.addWidget(self._chat)
        top.addWidget(self._copy)
        self._top = top
        jumps = QHBoxLayout()
        jumps.addWidget(self._when, 1)
        for button in (self._subject, self._body, self._agent):
            jumps.addWidget(button)
        self._jumps = jumps
        self._column = QVBoxLayout(self)
        self._column.addLayout(top)
        self._column.addLayout(jumps)
        self._column.addWidget(self._says)
        self._column.addWidget(self._forms, 1)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._column.setSpacing(theme.px(4))
        for row in (self._top, self._jumps):
            row.setSpacing(theme.px(8))
        self._raw.setFont(theme.font("mono"))
        mono = theme.font("mono")
        self._tree.setStyleSheet(
            f"QTreeWidget {{ font-family: '{mono.family()}'; font-size: {mono.pixelSize()}px; }}"
            f"QTreeWidget::item {{ min-height: {theme.px(36)}px; }}"
        )


def _envelope_tree() -> QTreeWidget:
    tree = QTreeWidget()
    tree.setColumnCount(2)
    tree.setHeaderHidden(True)
    tree.setUniformRowHeights(True)
    tree.setAccessibleName("The event as a tree")
    # Long values are read by scrolling sideways: what is cut off cannot be compared.
    tree.header().setStretchLastSection(False)
    tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    return tree


def _leaf(name: str, value: Any) -> QTreeWidgetItem:
    whole = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    item = QTreeWidgetItem([name, " ".join(whole.split())[:300]])
    item.setData(1, Qt.ItemDataRole.UserRole, whole)
    item.setToolTip(1, whole[:2000])
    return item


def _add_children(parent: QTreeWidgetItem, value: Any) -> None:
    pairs: list[tuple[str, Any]]
    if isinstance(value, Mapping):
        pairs = [(str(key), child) for key, child in value.items()]
    elif isinstance(value, (list, tuple)):
        pairs = [(str(number), child) for number, child in enumerate(value)]
    else:
        pairs = [("value", value)]
    for name, child in pairs[:1000]:
        if isinstance(child, (Mapping, list, tuple)) and child:
            branch = QTreeWidgetItem([name, f"{len(child)} entries" if len(child) != 1 else "1 entry"])
            branch.setData(1, Qt.ItemDataRole.UserRole, json.dumps(child, ensure_ascii=False, default=str))
            parent.addChild(branch)
            _add_children(branch, child)
        else:
            parent.addChild(_leaf(name, child))
    if len(pairs) > 1000:
        parent.addChild(QTreeWidgetItem(["…", f"{len(pairs) - 1000} more (see Raw)"]))


def _pretty(recorded: Recorded[Event]) -> str:
    return json.dumps(json.loads(canonical_json(recorded.envelope())), indent=2, ensure_ascii=False)[:_LONGEST_RAW]


def _find_body(value: Any) -> str:
    """The digest of the first body reference (an object of `sha256` and `size` alone) in `value`."""
    if isinstance(value, Mapping):
        if set(value) == {"sha256", "size"} and isinstance(value["sha256"], str):
            return value["sha256"]
        return next((found for child in value.values() if (found := _find_body(child))), "")
    if isinstance(value, (list, tuple)):
        return next((found for child in value if (found := _find_body(child))), "")
    return ""
