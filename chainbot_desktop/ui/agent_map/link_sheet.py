"""Asks what a new link between agents means: its kind, who is first in it, and its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtWidgets import QLineEdit, QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.agent_map.form_rows import paragraph
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.sheet import Sheet

_LONGEST_NAME = 22

Make = Callable[[str, str, Sequence[str], Callable[[ChainBotError | None], object]], object]
"""(kind, name, members, what hears the answer)"""


class LinkSheet(Sheet):
    """`members` are (id, name), the first one directs or is waited for. `why_not` (kind, members) says why a kind is impossible."""

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        members: Sequence[tuple[str, str]],
        why_not: Callable[[str, Sequence[str]], str],
        make: Make,
    ) -> None:
        names = [_short(name) for _, name in members]
        title = f"Link {names[0]} and {names[1]}" if len(members) == 2 else f"Link {len(members)} agents"
        super().__init__(origin, title, themes, width=520)
        self._names: Mapping[str, str] = {id_: _short(name) for id_, name in members}
        self._members = [id_ for id_, _ in members]
        self._why_not = why_not
        self._make = make
        self.kind = "data"
        self.kinds = {kind: Button("", themes, kind="row", icon="state-idle") for kind in ("data", "control", "dependency")}
        for kind, row in self.kinds.items():
            row.clicked.connect(partial(self.choose, kind))
            self.body.addWidget(row)
        self.why = paragraph("small")
        self.body.addWidget(self.why)
        self._add_direction()
        self.name = QLineEdit()
        self.name.setPlaceholderText("Name of the link, if it should have one")
        self.name.setAccessibleName("Name of the link")
        self.name.setMaxLength(300)
        self.name.returnPressed.connect(self._on_go)
        self.body.addWidget(self.name)
        self.error = paragraph("")
        self.error.setStyleSheet(f"color: {themes.current.color('failed').name()}")
        self.body.addWidget(self.error)
        self.add_action("Cancel")
        self.go = self.add_action("Entangle", self._on_go, kind="primary", closes=False)
        self.first = self.kinds["data"]
        self._show()

    @property
    def members(self) -> tuple[str, ...]:
        return tuple(self._members)

    def choose(self, kind: str, _checked: bool = False) -> None:
        self.kind = kind
        self._show()

    def turn_round(self) -> None:
        self.put_first(self._members[1])

    def put_first(self, agent_id: str) -> None:
        self._members = [agent_id, *(id_ for id_ in self._members if id_ != agent_id)]
        self._show()

    def _add_direction(self) -> None:
        self.turn = Button("", self.themes, icon="refresh")
        self.turn.clicked.connect(self.turn_round)
        self.leader = Picker("First", self.themes)
        self.leader.chosen.connect(self.put_first)
        self.leader.set_choices([(id_, name) for id_, name in self._names.items()])
        self.body.addWidget(self.turn if len(self._members) == 2 else self.leader)

    def _show(self) -> None:
        first = self._names[self._members[0]]
        rest = self._names[self._members[1]] if len(self._members) == 2 else "the others"
        one = len(self._members) == 2
        sentences = {
            "data": f"Data: {'both' if one else 'all'} read and append to one notebook",
            "control": f"Control: {first} directs {rest}",
            "dependency": f"Dependency: {rest} {'waits' if one else 'wait'} until {first} is done",
        }
        for kind, row in self.kinds.items():
            row.setText(sentences[kind])
            row.set_icon("check" if kind == self.kind else "state-idle")
            row.setAccessibleName(f"{sentences[kind]}{', chosen' if kind == self.kind else ''}")
        why = self._why_not(self.kind, self._members)
        self.why.setText(why)
        self.why.setVisible(bool(why))
        self.go.setEnabled(not why)
        self.turn.setText(f"From {first} to {rest}: turn round")
        self.turn.setEnabled(self.kind != "data")
        self.leader.setEnabled(self.kind != "data")
        self._say("")
        self.fit_soon()

    def _on_go(self) -> None:
        if self.go.isEnabled():
            self.go.setEnabled(False)
            self._make(self.kind, self.name.text().strip(), self.members, self._on_answer)

    def _on_answer(self, refused: ChainBotError | None) -> None:
        if not self.is_open:
            return
        if refused is None:
            self.dismiss()
        else:
            self.go.setEnabled(True)
            self._say(f"{refused.message} {refused.hint}".strip())
            self.fit_soon()

    def _say(self, words: str) -> None:
        self.error.setText(words)
        self.error.setVisible(bool(words))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"
