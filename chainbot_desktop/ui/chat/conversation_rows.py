"""What a line of the conversation list says, and the model that has them: of ten thousand, those that were looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from chainbot_desktop.agents.vocabulary import AgentState
from chainbot_desktop.chat.answer_stream import AnswerStream
from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END, Conversation, Hit
from chainbot_desktop.ui.agent_map.shapes import LABELS

Index = QModelIndex | QPersistentModelIndex
ROW_ROLE = Qt.ItemDataRole.UserRole
WORK_ROLE = Qt.ItemDataRole.UserRole + 1
"""The `AgentState` of who works in the conversation; None where nobody does."""

_NO_TITLE = "New conversation"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `message_id` where it is a message that was found; `switch` where it leads to another list.

    `stem` is the name of the conversation that it branches off, "" for one that is no branch.
    """

    key: str
    title: str
    text: str
    time: str = ""
    unread: int = 0
    pinned: bool = False
    message_id: str = ""
    switch: str = ""
    stem: str = ""

    @property
    def words(self) -> str:
        said = [f"{self.unread} unread"] if self.unread else []
        said += ["pinned"] if self.pinned else []
        said += [f"branch of {self.stem}"] if self.stem else []
        text = self.text.replace(MARK_BEGIN, "").replace(MARK_END, "")
        return f"{', '.join([self.title, *said])}: {text}"


LOADING = Row("", "", "…")
"""Stands where a row is being read."""


def conversation_row(conversation: Conversation, stems: Mapping[str, str]) -> Row:
    """`stems` has the names of conversations that others branch off."""
    draft = conversation.draft.strip()
    text = visible(" ".join(("Draft: " + draft if draft else without_markup(conversation.last_text)).split()))
    stem = ""
    if conversation.branched_from:
        stem = visible(stems.get(conversation.branched_from, "") or _NO_TITLE)
    return Row(
        conversation.id,
        visible(conversation.title) or _NO_TITLE,
        text or ("No messages of its own yet" if stem else "No messages yet"),
        conversation.updated_at,
        conversation.unread,
        conversation.pinned,
        stem=stem,
    )


def hit_row(hit: Hit) -> Row:
    # A part of a text may have half of a mark: all go.
    plain = re.sub(r"\*\*|__|`+|^\s*#{1,6}\s", "", hit.snippet, flags=re.MULTILINE)
    marked = plain.replace(MARK_BEGIN, "\ue000").replace(MARK_END, "\ue001")
    text = visible(" ".join(marked.split())).replace("\ue000", MARK_BEGIN).replace("\ue001", MARK_END)
    return Row(hit.conversation_id, visible(hit.title) or _NO_TITLE, text, hit.created_at, message_id=hit.message_id)


def work_of(streams: Iterable[AnswerStream]) -> AgentState | None:
    """The most pressing of what goes on in a conversation: a person is waited for, somebody works, something waits."""
    states = {_state(stream) for stream in streams if stream.state != "ended"}
    order = (AgentState.NEEDS_INPUT, AgentState.WORKING, AgentState.WAITING)
    return next((state for state in order if state in states), None)


def _state(stream: AnswerStream) -> AgentState:
    if stream.state == "waiting":
        return AgentState.NEEDS_INPUT if stream.waiting_for.startswith("your ") else AgentState.WAITING
    return AgentState.WAITING if stream.state == "queued" else AgentState.WORKING


class ConversationModel(QAbstractListModel):
    """Either a list that is all there (`set_rows`), or a long one of which the rows come when they are looked at (`set_length`).

    In the long one, `head` and `tail` are rows before and after it.
    """

    wanted = Signal(int, int)
    """Rows of the long list (first, last) that are in sight and not there."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._rows: list[Row | None] = []
        self._head = 0
        self._long = False
        self._work: Mapping[str, AgentState] = {}
        self._missing: set[int] = set()
        self._ask = QTimer(self, singleShot=True, interval=0)
        self._ask.timeout.connect(self._on_ask)

    def set_rows(self, rows: Sequence[Row]) -> None:
        self._replace([*rows], 0, is_long=False)

    def set_length(self, length: int, head: Sequence[Row] = (), tail: Sequence[Row] = ()) -> None:
        """What was read of it is kept until it is read again."""
        before = self._rows[self._head : self._head + self.length] if self._long else []
        body = [*before[:length], *[None] * (length - len(before))]
        self._replace([*head, *body, *tail], len(head), is_long=True, tail=len(tail))

    def set_page(self, first: int, rows: Sequence[Row]) -> None:
        """Rows of the long list from `first` on."""
        end = min(first + len(rows), self.length)
        if not self._long or end <= first:
            return
        at = self._head + first
        self._rows[at : self._head + end] = rows[: end - first]
        self.dataChanged.emit(self.index(at), self.index(self._head + end - 1))

    def forget_pages(self, kept: range) -> None:
        """Let go of what was read of the long list, but for `kept`: it is read again when it is looked at."""
        if self._long:
            for place in range(self.length):
                if place not in kept:
                    self._rows[self._head + place] = None

    def set_work(self, work: Mapping[str, AgentState]) -> None:
        """Who works in which conversation, by its id."""
        changed = {key for key in {*work, *self._work} if work.get(key) != self._work.get(key)}
        self._work = dict(work)
        for place, row in enumerate(self._rows if changed else ()):
            if row is not None and row.key in changed:
                self.dataChanged.emit(self.index(place), self.index(place), [WORK_ROLE])

    @property
    def length(self) -> int:
        """Of the long list."""
        return len(self._rows) - self._head - self._tail if self._long else 0

    @property
    def head(self) -> int:
        """Rows before the long list."""
        return self._head

    @property
    def rows(self) -> Sequence[Row]:
        """Those that are there."""
        return [row for row in self._rows if row is not None]

    def row_of(self, key: str) -> int:
        """-1 where it is not there, or not read."""
        return next((i for i, row in enumerate(self._rows) if row is not None and row.key == key and not row.message_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._rows):
            return None
        row = self._rows[index.row()]
        if row is None:
            self._miss(index.row() - self._head)
            row = LOADING
        if role == ROW_ROLE:
            return row
        if role == WORK_ROLE:
            return self._work.get(row.key) if row.key and not row.message_id else None
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole}:
            return None
        state = self._work.get(row.key)
        return f"{row.words} ({LABELS[state]})" if state is not None else row.words

    _tail = 0

    def _replace(self, rows: list[Row | None], head: int, *, is_long: bool, tail: int = 0) -> None:
        """Rows keep their places on the screen, so that a scroll or a press in the list is not disturbed."""
        before, after = len(self._rows), len(rows)
        same_kind = is_long == self._long
        self._missing.clear()
        if not same_kind:
            self.beginResetModel()
        elif after > before:
            self.beginInsertRows(QModelIndex(), before, after - 1)
        elif after < before:
            self.beginRemoveRows(QModelIndex(), after, before - 1)
        self._rows, self._head, self._tail, self._long = rows, head, tail, is_long
        if not same_kind:
            self.endResetModel()
            return
        if after > before:
            self.endInsertRows()
        elif after < before:
            self.endRemoveRows()
        if rows:
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))

    def _miss(self, place: int) -> None:
        self._missing.add(place)
        if not self._ask.isActive():
            self._ask.start()

    def _on_ask(self) -> None:
        if self._missing:
            first, last = min(self._missing), max(self._missing)
            self._missing.clear()
            self.wanted.emit(first, last)
