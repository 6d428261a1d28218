"""One event in full: what it says, its envelope as a tree or as JSON, its causes and effects, and the ways to what it speaks of."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.watchtower.chain_view import ChainView
from chainbot_desktop.ui.watchtower.elided_label import ElidedLabel
from chainbot_desktop.ui.watchtower.event_jumps import Jump, body_digest, jumps_of
from chainbot_desktop.ui.watchtower.event_texts import describe, exact_time, mark_of, plain_data, relative_time
from chainbot_desktop.ui.watchtower.json_paths import pretty, visible
from chainbot_desktop.ui.watchtower.json_view import JsonView
from chainbot_desktop.ui.watchtower.marks import MarkLabel
from chainbot_desktop.ui.widgets import Button, IconButton, MenuSheet
from chainbot_desktop.watch.event_chain import Chain

_CHAIN = "Chain"


class EventInspector(QWidget):
    """`closed` when somebody leaves it; `jump_wanted`, `body_wanted` (SHA-256), `subject_wanted` and `event_wanted` lead on.

    `chain_wanted` asks for the chain of the event shown: `show_chain` answers.
    """

    closed = Signal()
    jump_wanted = Signal(object)
    """An `event_jumps.Jump`."""
    body_wanted = Signal(str)
    subject_wanted = Signal(str)
    event_wanted = Signal(object)
    chain_wanted = Signal(object)
    incoming_wanted = Signal(int)
    outgoing_wanted = Signal(int)
    replay_wanted = Signal(object)
    """The `Recorded` of a webhook."""
    chat_wanted = Signal(str, str)
    """(the event as JSON, a name for it)"""
    copied = Signal(str)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._recorded: Recorded[Event] | None = None
        self._chain_of = ""
        self._mark = MarkLabel("info", themes, 20)
        self._title = ElidedLabel("title")
        self._when = ElidedLabel("small")
        self._says = QLabel()
        self._says.setTextFormat(Qt.TextFormat.PlainText)
        self._says.setWordWrap(True)
        self._says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._back = IconButton("arrow-left", "Back to the list (Esc)", themes)
        self._back.clicked.connect(self.closed)
        self._chat = IconButton("chat", "Send to chat", themes)
        self._chat.clicked.connect(self._on_chat)
        self._go = Button("Go to", themes, icon="arrow-right")
        self._go.clicked.connect(self._on_go)
        self.json = JsonView("The event", themes)
        self.json.copied.connect(self.copied)
        self.json.form_changed.connect(self._on_form_changed)
        self.chain = ChainView(themes)
        self.json.add_form(_CHAIN, self.chain)
        self.chain.event_wanted.connect(self.event_wanted)
        self.chain.incoming_wanted.connect(self.incoming_wanted)
        self.chain.outgoing_wanted.connect(self.outgoing_wanted)
        self._lay_out()
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed(themes.current)

    @property
    def event_id(self) -> str:
        return self._recorded.event.id if self._recorded is not None else ""

    def show_event(self, recorded: Recorded[Event]) -> None:
        self._recorded = recorded
        event = recorded.event
        self._mark.set_mark(mark_of(event))
        self._title.setText(visible(event.type))
        self._says.setText(visible(describe(event)))
        self._says.setVisible(bool(self._says.text()))
        self.refresh_time()
        whole = canonical_json(recorded.envelope()).decode()
        self.json.show_value({"data": plain_data(event), **_facts(recorded)}, whole, pretty(whole), opened=("data",))
        self._ask_for_chain()

    def refresh_time(self) -> None:
        if self._recorded is not None:
            event = self._recorded.event
            replay = " · replay" if event.source == "replay" else ""
            self._when.setText(f"#{self._recorded.seq:,} · {exact_time(event.time)} · {relative_time(event.time)}{replay}")

    def show_chain(self, recorded: Recorded[Event], chain: Chain | None, problem: str = "") -> None:
        """None where it could not be read."""
        if self._recorded is None or recorded.seq != self._recorded.seq:
            return  # somebody went on meanwhile
        if chain is None:
            self.chain.fail(problem)
        else:
            self.chain.show_chain(recorded, chain)

    def show_body(self, body: bytes, value: Any) -> None:
        """The body that the event refers to, in place of its envelope; `value` is what it says as JSON, None where it is none."""
        self.json.show_value(value, body.decode("utf-8", errors="replace"), pretty(body))
        self.json.show_form("Raw")

    def take_focus(self) -> None:
        self.json.take_focus()

    def jumps(self) -> list[tuple[str, str, Any]]:
        """What "Go to" offers: label, icon, and what it leads to."""
        if self._recorded is None:
            return []
        event = self._recorded.event
        found: list[tuple[str, str, Any]] = [(jump.label, jump.icon, jump) for jump in jumps_of(event)]
        if digest := body_digest(event):
            found.append(("The body that is kept apart", "file", lambda: self.body_wanted.emit(digest)))
        if event.subject:
            label = f"Everything about {visible(event.subject)[:60]}"
            found.append((label, "filter", lambda: self.subject_wanted.emit(event.subject)))
        recorded = self._recorded
        if event.source in ("webhook", "alexos", "replay"):
            found.append(("Replay the webhook…", "restart", lambda: self.replay_wanted.emit(recorded)))
        if event.public:
            found.append(("Its delivery to ALEX OS", "upload", lambda: self.outgoing_wanted.emit(recorded.seq)))
        return found

    def _on_go(self) -> None:
        menu = MenuSheet(self, self._themes)
        for label, icon, goal in self.jumps():
            action = goal if not isinstance(goal, Jump) else _emitting(self.jump_wanted, goal)
            menu.add(label, action, icon=icon)
        menu.open_at(self._go.mapToGlobal(QPoint(0, self._go.height())))

    def _on_form_changed(self, _form: str) -> None:
        self._ask_for_chain()

    def _ask_for_chain(self) -> None:
        if self._recorded is not None and self.json.form == _CHAIN and self._chain_of != self._recorded.event.id:
            self._chain_of = self._recorded.event.id
            self.chain.wait()
            self.chain_wanted.emit(self._recorded)

    def _on_chat(self) -> None:
        if self._recorded is not None:
            whole = canonical_json(self._recorded.envelope())
            self.chat_wanted.emit(pretty(whole), f"event-{self._recorded.seq}.json")

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self._back)
        top.addWidget(self._mark)
        top.addWidget(self._title, 1)
        top.addWidget(self._go)
        top.addWidget(self._chat)
        self._top = top
        self._column = QVBoxLayout(self)
        self._column.addLayout(top)
        self._column.addWidget(self._when)
        self._column.addWidget(self._says)
        self._column.addWidget(self.json, 1)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._column.setContentsMargins(theme.px(8), theme.px(4), theme.px(8), theme.px(4))
        self._column.setSpacing(theme.px(4))
        self._top.setSpacing(theme.px(8))


def _emitting(signal: Any, jump: Jump) -> Any:
    return lambda: signal.emit(jump)


def _facts(recorded: Recorded[Event]) -> dict[str, Any]:
    event = recorded.event
    return {
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
