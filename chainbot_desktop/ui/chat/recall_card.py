"""What was recalled for an answer: where each is from, a way there, and a way to have it never recalled here again."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QWidget

from chainbot_desktop.chat.recall.excerpts import unquoted
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.recall.service import RecallService
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import TalkRecall
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.chat.notes_sheet import NotesSheet
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.card import Card
from chainbot_desktop.ui.widgets.sheet import Sheet

_SHOWN = 280
"""Characters of an excerpt: the whole is behind Open."""
_NOTHING = (
    "Before an agent answers, what fits the question is looked for among earlier messages, notes and the files of the open"
    " workspace. What was found is shown here, answer by answer."
)


@dataclass(frozen=True, slots=True)
class RecallParts:
    """What the sheets need: the services, and the view's ways to open something, to say something, and to work. `actor` is who sits
    at the panel."""

    recall: RecallService
    notes: NotesService
    tasks: Tasks
    open_place: Callable[[str, Mapping[str, object]], None]
    tell: Callable[[Message], None]
    actor: str
    files: Callable[[], str]
    """What is to be said of the files of the workspace: how many are searched, or why none are."""

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.spawn(name, self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except ChainBotError as error:
            self.tell(Message(error.message, "error", error.hint))


def recalled_of(detail: Mapping[str, Any]) -> tuple[TalkRecall, ...]:
    """What the detail of an answer says was recalled for it; what it cannot be is left out."""
    said = detail.get("recalled")
    found = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    values = (tuple(each.get(name) for name in ("ref", "title", "text")) for each in found)
    return tuple(TalkRecall(*map(str, three)) for three in values if all(isinstance(value, str) for value in three))


class RecallSheet(Sheet):
    """Of one answer, or of a conversation where `recalled` is empty: then it has the switch and the way to the notes alone."""

    def __init__(
        self, origin: QWidget, themes: ThemeSource, parts: RecallParts, conversation_id: str, recalled: Sequence[TalkRecall]
    ) -> None:
        super().__init__(origin, "Recalled for this answer" if recalled else "Recall", themes, width=620)
        self._origin = origin
        self._parts = parts
        self._conversation_id = conversation_id
        self.switch = QCheckBox("Recall in this conversation")
        self.switch.setEnabled(False)
        self.body.addWidget(self.switch)
        if not recalled:
            self.add_text(_NOTHING, "dim")
        self.rows = [_Row(each, themes, self) for each in recalled]
        for row in self.rows:
            self.body.addWidget(row)
        if not parts.recall.by_meaning:
            self.add_text("Texts are compared by their words alone: the optional extra “recall” is not installed.", "dim")
        self.add_text(parts.files(), "dim")
        self.add_action("Notes", self._on_notes)
        self.add_action("Close", kind="primary")
        parts.start("recall-sheet", self._fill())

    async def _fill(self) -> None:
        on = await self._parts.recall.is_on(self._conversation_id)
        dropped = await self._parts.recall.dropped(self._conversation_id)
        if not self.is_open:
            return
        self.switch.setChecked(on)
        self.switch.setEnabled(True)
        self.switch.toggled.connect(self._on_switched)
        for row in self.rows:
            row.show_dropped(row.recalled.ref in dropped)

    def open_place_of(self, recalled: TalkRecall) -> None:
        self._parts.start("recall-open", self._go_to(recalled))

    def drop(self, row: _Row) -> None:
        self._parts.start("recall-drop", self._drop(row))

    def restore(self, row: _Row) -> None:
        self._parts.start("recall-restore", self._restore(row))

    async def _go_to(self, recalled: TalkRecall) -> None:
        place = await self._parts.recall.place_of(recalled.ref)
        if recalled.ref.startswith("note:"):
            note = await self._parts.notes.note(recalled.ref.removeprefix("note:"))
            self.dismiss()
            NotesSheet(self._origin, self.themes, self._parts.notes, self._parts, open_note=note).open()
        elif place is None:
            self._parts.tell(Message("This was deleted since.", "warning"))
        else:
            self.dismiss()
            self._parts.open_place(place.window, place.content)

    async def _drop(self, row: _Row) -> None:
        await self._parts.recall.drop(self._conversation_id, row.recalled.ref)
        if self.is_open:
            row.show_dropped(True)

    async def _restore(self, row: _Row) -> None:
        await self._parts.recall.restore(self._conversation_id, row.recalled.ref)
        if self.is_open:
            row.show_dropped(False)

    def _on_switched(self, on: bool) -> None:
        self._parts.start("recall-switch", self._parts.recall.set_on(self._conversation_id, on))

    def _on_notes(self) -> None:
        NotesSheet(self._origin, self.themes, self._parts.notes, self._parts).open()


class _Row(Card):
    """One recalled thing. Dropping is apart from opening, and turns into its undoing."""

    def __init__(self, recalled: TalkRecall, themes: ThemeSource, sheet: RecallSheet) -> None:
        super().__init__(themes, padding=8)
        self.recalled = recalled
        self._sheet = sheet
        theme = themes.current
        title = _label(recalled.title, "label")
        text = unquoted(recalled.text)
        self.excerpt = _label(text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…", "")
        if recalled.ref.startswith("file:"):
            self.excerpt.setFont(theme.font("mono"))
        self.excerpt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.state = _label("", "dim")
        self.open_button = Button("Open", themes, icon="external")
        self.drop_button = Button("Drop", themes, icon="close")
        self.open_button.setAccessibleName(f"Open {recalled.title}")
        self.open_button.clicked.connect(lambda: sheet.open_place_of(recalled))
        self.drop_button.clicked.connect(self._on_drop)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(8))
        buttons.addWidget(self.open_button)
        buttons.addWidget(self.state, 1)
        buttons.addSpacing(theme.px(24))
        buttons.addWidget(self.drop_button)
        self.body.addWidget(title)
        self.body.addWidget(self.excerpt)
        self.body.addLayout(buttons)
        self.show_dropped(False)

    def show_dropped(self, dropped: bool) -> None:
        self.dropped = dropped
        self.state.setText("Not recalled here any more" if dropped else "")
        self.drop_button.setText("Undo" if dropped else "Drop")
        self.drop_button.set_icon("undo" if dropped else "close")
        verb = "Recall again" if dropped else "Do not recall here again"
        self.drop_button.setAccessibleName(f"{verb}: {self.recalled.title}")
        self.excerpt.setProperty("role", "dim" if dropped else "")
        self.excerpt.style().unpolish(self.excerpt)
        self.excerpt.style().polish(self.excerpt)
        self._sheet.fit_soon()

    def _on_drop(self) -> None:
        if self.dropped:
            self._sheet.restore(self)
        else:
            self._sheet.drop(self)


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setProperty("role", role)
    return label
