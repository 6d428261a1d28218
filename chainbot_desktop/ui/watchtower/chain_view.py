"""The chain of an event: what caused it above, itself, what it caused below. Each member can be opened."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from chainbot_desktop.core.events.envelope import Event, Recorded
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.delivery_texts import INCOMING_MARKS, OUTGOING_MARKS, STATE_WORDS
from chainbot_desktop.ui.watchtower.event_texts import clock_time, describe, mark_of
from chainbot_desktop.ui.watchtower.json_paths import visible
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.watchtower.two_line_rows import RowText, TwoLineRows
from chainbot_desktop.ui.widgets import EmptyState
from chainbot_desktop.watch.event_chain import Chain, Link

_UP, _DOWN = "↑", "↓"


@dataclass(frozen=True, slots=True)
class _Row:
    place: int
    text: RowText
    link: Link | None


class ChainView(QWidget):
    """`show_chain` when it is known; until then it says that it looks."""

    event_wanted = Signal(object)
    """A `Recorded`."""
    incoming_wanted = Signal(int)
    outgoing_wanted = Signal(int)

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[_Row] = []
        self.rows = TwoLineRows(self._items, lambda row: row.text, lambda row: row.place)
        self.list = RowList(self.rows, themes, "What caused it, and what it caused")
        self.list.opened.connect(self._on_opened)
        self.empty = EmptyState("history", "Looking…", "", themes)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.list)
        self.setFocusProxy(self.list)

    def wait(self) -> None:
        self.empty.set_text("Looking for causes and effects…", "")
        self._stack.setCurrentWidget(self.empty)

    def fail(self, sentence: str) -> None:
        self.empty.set_text("The chain could not be read", sentence)
        self._stack.setCurrentWidget(self.empty)

    def show_chain(self, recorded: Recorded[Event], chain: Chain) -> None:
        rows: list[tuple[RowText, Link | None]] = []
        if chain.more_causes:
            rows.append((_note("… and what caused that"), None))
        rows += [(_text_of(link, _UP), link) for link in chain.causes]
        rows.append((_event_text(recorded, "this event", "selection"), None))
        rows += [(_text_of(link, _DOWN), link) for link in chain.effects]
        if chain.more_effects:
            rows.append((_note("… and more than are looked at"), None))
        if len(rows) == 1:
            self.empty.set_text("It stands alone", "Nothing in the journal names what it speaks of, before or after it.")
            self._stack.setCurrentWidget(self.empty)
            return
        self._items[:] = [_Row(place, text, link) for place, (text, link) in enumerate(rows)]
        self.rows.forget()
        self.list.rows_changed(keep_place=False)
        self.list.set_current((1 if chain.more_causes else 0) + len(chain.causes))
        self._stack.setCurrentWidget(self.list)

    def _on_opened(self, index: int) -> None:
        link = self._items[index].link
        if link is None:
            return
        if link.recorded is not None:
            self.event_wanted.emit(link.recorded)
        elif link.received is not None:
            self.incoming_wanted.emit(link.received.number)
        elif link.delivery is not None:
            self.outgoing_wanted.emit(link.delivery.seq)


def _text_of(link: Link, arrow: str) -> RowText:
    if link.recorded is not None:
        return _event_text(link.recorded, f"{arrow} {link.why}")
    if link.received is not None:
        one = link.received
        return RowText(
            INCOMING_MARKS[one.state],
            f"{arrow} webhook came in",
            "",
            one.path,
            clock_time(one.received_at),
            f"no. {one.number}",
            f"from {one.caller}, answered {one.status}",
        )
    assert link.delivery is not None
    row = link.delivery
    return RowText(
        OUTGOING_MARKS[row.state],
        f"{arrow} told to ALEX OS",
        "",
        STATE_WORDS[row.state],
        clock_time(row.updated_at),
        f"#{row.seq}",
        visible(row.answer) or f"{row.attempts} failed attempts",
    )


def _event_text(recorded: Recorded[Event], relation: str, ground: str | None = None) -> RowText:
    event = recorded.event
    says = describe(event)
    return RowText(
        mark_of(event),
        f"{relation}: {visible(event.type)}",
        visible(event.source),
        visible(event.subject),
        clock_time(event.time),
        f"#{recorded.seq}",
        says,
        ground,
    )


def _note(text: str) -> RowText:
    return RowText("unknown", text, "", "", "", "", "")
