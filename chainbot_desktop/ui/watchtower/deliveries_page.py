"""Deliveries: what goes out to ALEX OS, and the webhooks that came in. Each can be looked into, tried again, given up, or played again.

While it can be seen it looks once a second; somebody who reads further down, or paused it, is left in peace.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.link import LinkState
from chainbot_desktop.core.tasks import Latest
from chainbot_desktop.store.deliveries import DeliveryRow
from chainbot_desktop.ui.view import Command, Message
from chainbot_desktop.ui.watchtower.deliveries_notice import DeliveriesNotice
from chainbot_desktop.ui.watchtower.delivery_lists import PAGE, DeliveryList, incoming_list, outgoing_list
from chainbot_desktop.ui.watchtower.delivery_side import ACTOR, DeliverySide
from chainbot_desktop.ui.watchtower.follow_bar import FollowBar
from chainbot_desktop.ui.watchtower.list_body import ListBody
from chainbot_desktop.ui.watchtower.page import Page
from chainbot_desktop.ui.watchtower.parts import WatchtowerParts
from chainbot_desktop.ui.watchtower.row_list import RowList
from chainbot_desktop.ui.watchtower.row_window import RowWindow
from chainbot_desktop.ui.watchtower.two_line_rows import RowText, TwoLineRows
from chainbot_desktop.ui.widgets import Button, Chip, EmptyState, MenuSheet

KEPT = 2_000
_LOOK_MS = 1_000
_AWAY = frozenset({LinkState.RETRYING, LinkState.FAILED, LinkState.UNREGISTERED, LinkState.REGISTERING})


class DeliveriesPage(Page):
    """Content for `present`: "list" ("outgoing" or "incoming"), "outgoing" (a seq), "incoming" (a number), "text" (words)."""

    def __init__(self, parts: WatchtowerParts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._tasks = parts.tasks
        self._desk, self._received = parts.deliveries.desk, parts.deliveries.received
        self._lists: dict[str, DeliveryList[Any]] = {
            "outgoing": outgoing_list(parts.deliveries),
            "incoming": incoming_list(parts.deliveries),
        }
        self._list = self._lists["outgoing"]
        self._state = ""
        self._words: tuple[str, ...] = ()
        self.stretch: RowWindow[Any] = RowWindow(self._number_of, KEPT)
        self._work = Latest(parts.tasks)
        self._loaded = False
        self._build(parts)
        self._clock = QTimer(self, interval=_LOOK_MS)
        self._clock.timeout.connect(self._look)

    @property
    def first(self) -> QWidget:
        return self.list

    def shown_first_time(self) -> None:
        self.load()

    def present(self, content: Mapping[str, object]) -> None:
        seq, number = content.get("outgoing"), content.get("incoming")
        if isinstance(text := content.get("text"), str):
            self.bar.field.setText(text)
        if isinstance(number, int):
            self.show_list("incoming")
            self.panel.show_incoming(number)
        elif isinstance(seq, int):
            self.show_list("outgoing")
            self.panel.show_outgoing(seq)
        elif content.get("list") in self._lists:
            self.show_list(str(content["list"]))

    def focus_filter(self) -> bool:
        self.bar.field.take_focus()
        return True

    def toggle_pause(self) -> None:
        self.bar.toggle()

    def commands(self) -> Sequence[Command]:
        return (
            Command("deliveries.retry", "Retry all deliveries that were given up", self.retry_given_up, "", "refresh"),
            Command("deliveries.incoming", "Webhooks that came in", partial(self.show_list, "incoming"), "", "download"),
            Command("deliveries.outgoing", "Deliveries to ALEX OS", partial(self.show_list, "outgoing"), "", "upload"),
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()
        if self._loaded:
            self._look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def show_list(self, key: str) -> None:
        for name, chip in self.chips.items():
            chip.setChecked(name == key)
        if self._list is self._lists[key]:
            return
        self.stretch.clear()  # before its rows are asked what only those of the other list know
        self._list, self._state = self._lists[key], ""
        self._label_state()
        self._show_rows(None)
        self._empty.set_text("Reading…", "")
        self.bar.status.say("")
        self.notice.hide()
        self.panel.close_panel()
        self.load()

    def load(self) -> None:
        """The newest page of the list that is chosen."""
        self._work.start("deliveries: newest", self._load())

    # What people decide.

    def retry_given_up(self) -> None:
        self._act(self._desk.retry_all("given_up", ACTOR), "Tried again: {:,} that were given up.")

    def retry_waiting(self) -> None:
        self._act(self._desk.retry_all("pending", ACTOR), "Tried at once: {:,} that wait.")

    def give_up_waiting(self) -> None:
        self._act(self._desk.give_up_waiting(ACTOR), "Given up: {:,} that waited. Retry all brings them back.")

    def _act(self, work: Coroutine[Any, Any, int], words: str) -> None:
        async def act() -> None:
            try:
                count = await work
            except ChainBotError as error:
                self.message.emit(Message(error.message, "error", error.hint))
            else:
                self.message.emit(Message(words.format(count), "success"))
            self._look()

        self._tasks.spawn("deliveries: decide", act())

    # Reading.

    def _look(self) -> None:
        if not self._work.busy and not self.bar.is_paused:
            self._work.start("deliveries: look", self._load() if self.list.at_top else self._count())

    async def _load(self) -> None:
        chosen = self._list
        try:
            rows = await chosen.read(None, self._state, self._words)
            if chosen is not self._list:
                return
            current = self._number_at(self.list.current)
            self.stretch.replace(rows[::-1], complete=len(rows) < PAGE)
            self._show_rows(current)
            self._refresh_panel()
            self._loaded = True
            await self._count()
        except ChainBotError as error:
            self.bar.status.say(str(error), error=True)

    def _show_rows(self, current: int | None) -> None:
        """`current` is the number of the row that was current before."""
        self.rows.forget()
        before = self.list.current
        index = self.stretch.index_of(current) if current is not None else None
        self.list.rows_changed(inserted=index - before if index is not None else 0)
        if index is None and before >= 0:
            self.list.set_current(-1)
        self._body.show_rows(bool(len(self.stretch)))

    def _refresh_panel(self) -> None:
        shown = self.panel.detail.row
        if shown is not None and (index := self.stretch.index_of(shown.seq)) is not None:
            row = self.stretch[index]
            if isinstance(row, DeliveryRow):
                self.panel.refresh(row)

    async def _load_older(self) -> None:
        try:
            rows = await self._list.read(self.stretch.oldest, self._state, self._words)
        except ChainBotError as error:
            self.bar.status.say(str(error), error=True)
            return
        gone = self.stretch.extend_older(rows, complete=len(rows) < PAGE)
        self.list.rows_changed(removed=gone)

    async def _count(self) -> None:
        census = await self._desk.census()
        kept, refused = await self._received.counts()
        self.count_changed.emit(census.given_up)
        waiting = census.pending + census.behind
        self.chips["outgoing"].set_count(waiting + census.given_up or None)
        status = self._parts.link.status
        away = status.state in _AWAY
        self.notice.show_census(census, away=away, disabled=status.state is LinkState.DISABLED, reason=status.reason)
        self.notice.setVisible(self.notice.speaks and self._list is self._lists["outgoing"])
        if self._list is self._lists["outgoing"]:
            text = f"{waiting:,} waiting · {census.given_up:,} given up"
        else:
            text = f"{kept:,} kept · {refused:,} of them refused"
        narrowed = f"{len(self.stretch):,}{'' if self.stretch.complete else '+'} found · " if self._state or self._words else ""
        state = "paused" if self.bar.is_paused else "following" if self.list.at_top else "holding while you read"
        self.bar.status.say(f"{narrowed}{text} · {state}")
        if not len(self.stretch):
            title, sentence = self._list.empty
            if narrowed:
                title, sentence = "Nothing found", "No delivery passes this filter."
            self._empty.set_text(title, sentence)

    def _number_of(self, row: Any) -> int:
        return self._list.number(row)

    def _text_of(self, row: Any) -> RowText:
        return self._list.text(row)

    def _number_at(self, index: int) -> int | None:
        return self._list.number(self.stretch[index]) if 0 <= index < len(self.stretch) else None

    # The panel.

    def _on_opened(self, index: int) -> None:
        number = self._list.number(self.stretch[index])
        show = self.panel.show_outgoing if self._list is self._lists["outgoing"] else self.panel.show_incoming
        show(number)

    def _on_current_changed(self, index: int) -> None:
        if self.panel.is_open and 0 <= index < len(self.stretch):
            self._on_opened(index)

    def _on_event_wanted(self, event_id: str) -> None:
        self.open_requested.emit("watchtower", {"event_id": event_id})

    # What narrows.

    def _on_filtered(self, text: str) -> None:
        words = tuple(text.split())
        if words != self._words:
            self._words = words
            self.load()

    def _on_state_menu(self) -> None:
        menu = MenuSheet(self, self._parts.themes)
        for state, word in self._list.states.items():
            menu.add(word, partial(self.choose_state, state), icon="check" if state == self._state else "")
        menu.open_at(self.state_button.mapToGlobal(QPoint(0, self.state_button.height())))

    def choose_state(self, state: str) -> None:
        self._state = state
        self._label_state()
        self.load()

    def _label_state(self) -> None:
        self.state_button.setText(self._list.states[self._state])

    def _build(self, parts: WatchtowerParts) -> None:
        themes = parts.themes
        self.rows = TwoLineRows(self.stretch, self._text_of, self._number_of)
        self.bar = FollowBar("Filter: words", themes)
        self.bar.filtered.connect(self._on_filtered)
        self.bar.paused.connect(lambda _paused: self._look())
        self.chips: dict[str, Chip] = {}
        for key, listed in self._lists.items():
            chip = self.chips[key] = Chip(listed.title, themes, checked=key == "outgoing")
            chip.clicked.connect(partial(self.show_list, key))
            self.bar.add(chip)
        self.state_button = Button("All", themes, icon="filter")
        self.state_button.clicked.connect(self._on_state_menu)
        self.bar.add(self.state_button)
        self.notice = DeliveriesNotice(themes)
        self.notice.retry_all.connect(self.retry_given_up)
        self.notice.retry_waiting.connect(self.retry_waiting)
        self.notice.give_up_waiting.connect(self.give_up_waiting)
        self.list = RowList(self.rows, themes, "Deliveries, the newest first")
        self.list.opened.connect(self._on_opened)
        self.list.pause_pressed.connect(self.bar.toggle)
        self.list.current_changed.connect(self._on_current_changed)
        self.list.wants_older.connect(self._on_wants_older)
        self.list.top_left.connect(self._look)
        self.bar.field.left.connect(lambda: self.list.setFocus(Qt.FocusReason.OtherFocusReason))
        self._empty = EmptyState("upload", "Reading…", "", themes)
        self._body = ListBody((self.bar, self.notice), self.list, self._empty)
        self.panel = DeliverySide(self._body, parts)
        self.panel.message.connect(self.message)
        self.panel.event_wanted.connect(self._on_event_wanted)
        self.panel.decided.connect(self._look)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panel)

    def _on_wants_older(self) -> None:
        if not self._work.busy and not self.stretch.complete and len(self.stretch):
            self._work.start("deliveries: older", self._load_older())
