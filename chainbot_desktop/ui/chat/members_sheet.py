"""The agents of a conversation: who takes part, who leads, in which order they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.store.conversation_rows import TurnOrder
from chainbot_desktop.ui.agent_map.shapes import draw_shape
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button, IconButton
from chainbot_desktop.ui.widgets.chip import Chip
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.sheet import Sheet

ORDERS: tuple[tuple[TurnOrder, str, str], ...] = (
    ("lead", "The lead", "A message that names nobody goes to the lead."),
    ("round_robin", "By turns", "A message that names nobody goes to the next agent, one after another."),
    ("all", "All at once", "A message that names nobody goes to all of them, each answers for itself."),
)


@dataclass(frozen=True, slots=True)
class Member:
    """`words` is what it does now. `is_gone`: it takes part, and does not run here any more."""

    agent_id: str
    name: str
    state: AgentState
    words: str
    leads: bool = False
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class MemberChoices:
    """What a person can do here; each is carried out by whoever opened the sheet, which then calls `show_members` again."""

    lead: Callable[[str], None]
    add: Callable[[str], None]
    remove: Callable[[str], None]
    order: Callable[[TurnOrder], None]
    on_map: Callable[[str], None]


class MembersSheet(Sheet):
    """`others` are (id, name) of the agents that can be added."""

    def __init__(self, origin: QWidget, themes: ThemeSource, choices: MemberChoices) -> None:
        super().__init__(origin, "Agents in this conversation", themes, width=560)
        self._choices = choices
        self._others: Sequence[tuple[str, str]] = ()
        self._empty = self.add_text("No agent takes part yet. Add one here, or name one in a message with @.", "dim")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.body.addLayout(self._rows)
        self.rows: list[_MemberRow] = []
        self.add_button = Button("Add an agent", themes, icon="plus")
        self.add_button.clicked.connect(self._on_add)
        self.body.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._who = self.add_text("Who answers where a message names nobody", "label")
        row = QHBoxLayout()
        row.setSpacing(themes.current.px(8))
        self.orders: dict[TurnOrder, Chip] = {}
        for order, label, _ in ORDERS:
            chip = self.orders[order] = Chip(label, themes)
            chip.clicked.connect(partial(self._on_order, order))
            row.addWidget(chip)
        row.addStretch(1)
        self.body.addLayout(row)
        self._meaning = self.add_text("", "small")
        self.body.addStretch(1)

    def show_members(self, members: Sequence[Member], others: Sequence[tuple[str, str]], order: TurnOrder) -> None:
        self._others = others
        focused = next((row.member.agent_id for row in self.rows if row.isAncestorOf(self.focusWidget() or row)), "")
        if [row.member.agent_id for row in self.rows] == [member.agent_id for member in members]:
            for row, member in zip(self.rows, members, strict=True):
                row.show_member(member)
        else:
            for row in self.rows:
                self._rows.removeWidget(row)
                row.hide()
                row.deleteLater()
            self.rows = [_MemberRow(member, self.themes, self._choices) for member in members]
            for row in self.rows:
                self._rows.addWidget(row)
                if row.member.agent_id == focused:
                    row.lead.setFocus()
        self._empty.setVisible(not members)
        self.add_button.setEnabled(bool(others))
        self.add_button.setToolTip("" if others else "Every agent that runs here takes part already.")
        for each, chip in self.orders.items():
            chip.setChecked(each == order)
            chip.setEnabled(len(members) > 1 or each == order)
        self._meaning.setText(next(text for each, _, text in ORDERS if each == order))
        self.fit_soon()

    def _on_add(self) -> None:
        menu = MenuSheet(self.add_button, self.themes)
        for agent_id, name in self._others:
            menu.add(visible(name), partial(self._choices.add, agent_id), icon="agent")
        menu.open_at(self.add_button.mapToGlobal(QPoint(0, self.add_button.height())))

    def _on_order(self, order: TurnOrder) -> None:
        for each, chip in self.orders.items():
            chip.setChecked(each == order)
        self._choices.order(order)


class _MemberRow(QWidget):
    """56 px: state, name and what it does; who leads; away with it."""

    def __init__(self, member: Member, themes: ThemeSource, choices: MemberChoices) -> None:
        super().__init__()
        self.member = member
        self._themes = themes
        theme = themes.current
        self.setFixedHeight(theme.px(56))
        self.lead = Chip("Leads", themes)
        self.lead.clicked.connect(lambda: choices.lead(self.member.agent_id))
        self.more = IconButton("more-vertical", "", themes)
        self.more.clicked.connect(lambda: self._on_more(choices))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(8))
        row.addStretch(1)
        row.addWidget(self.lead)
        row.addWidget(self.more)
        self.show_member(member)

    def show_member(self, member: Member) -> None:
        self.member = member
        self.lead.setChecked(member.leads)
        self.lead.setEnabled(not member.is_gone)
        self.lead.setAccessibleName(f"{visible(member.name)} leads")
        self.more.setAccessibleName(f"More about {visible(member.name)}")
        self.setAccessibleName(f"{visible(member.name)}: {member.words}")
        self.update()

    def _on_more(self, choices: MemberChoices) -> None:
        agent_id = self.member.agent_id
        menu = MenuSheet(self.more, self._themes)
        menu.add("Show on the map", lambda: choices.on_map(agent_id), icon="map", enabled=not self.member.is_gone)
        menu.add("Take out of the conversation", lambda: choices.remove(agent_id), icon="minus", destructive=True)
        menu.open_at(self.more.mapToGlobal(QPoint(0, self.more.height())))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, member = self._themes.current, self.member
        painter = QPainter(self)
        draw_shape(painter, member.state, QPointF(theme.px(9), self.height() / 2), theme.px(14), theme)
        left, room = theme.px(26), self.lead.x() - theme.px(34)
        name, words = theme.font("body"), theme.font("small")
        painter.setFont(name)
        painter.setPen(theme.color("dim" if member.is_gone else "text"))
        metrics = QFontMetrics(name)
        painter.drawText(left, theme.px(8) + metrics.ascent(), metrics.elidedText(visible(member.name), _RIGHT, room))
        painter.setFont(words)
        painter.setPen(theme.color("dim"))
        small = QFontMetrics(words)
        painter.drawText(left, theme.px(8) + metrics.height() + small.ascent(), small.elidedText(member.words, _RIGHT, room))


_RIGHT = Qt.TextElideMode.ElideRight
