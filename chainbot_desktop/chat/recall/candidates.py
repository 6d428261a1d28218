"""Gathers what may fit a question from the three places where it may be: earlier messages, notes, files of the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from chainbot_desktop.chat.recall.excerpts import excerpt, one_line
from chainbot_desktop.chat.recall.question import coverage, terms_of, weights_of, words_in
from chainbot_desktop.chat.recall.ranking import Found
from chainbot_desktop.chat.recall.workspace_index import WorkspaceIndex
from chainbot_desktop.store.recall import Candidate, Candidates, RecallTable
from chainbot_desktop.store.text_ranking import Ranked, Term
from chainbot_desktop.store.workspace_text import FoundPiece

_EACH = 60
"""Candidates of each place: what is further down by its words is not seen by the embeddings either."""
_NEWEST_NOTES = 200
"""Notes that are compared by their meaning whatever their words."""


class Nearest(Protocol):
    """Finds messages by their meaning (`meanings.Meanings`)."""

    async def nearest(self, question: str, limit: int) -> Sequence[int]: ...


class Gatherer:
    """`name_of` gives the name that people read of an author. `index` is None where no workspace can be open, `nearest` where nothing
    is found by its meaning."""

    def __init__(
        self,
        table: RecallTable,
        index: WorkspaceIndex | None,
        name_of: Callable[[str], str],
        nearest: Nearest | None = None,
    ) -> None:
        self._table = table
        self._index = index
        self._name_of = name_of
        self._nearest = nearest

    async def gather(self, question: str, *, conversation_id: str, before: int) -> list[Found]:
        """In the order of their places: notes, messages, files, each by FTS5's rank; what is found by its meaning alone last."""
        terms = terms_of(question)
        if not terms:
            return []
        messages, notes, (pieces, ranked), alike = await asyncio.gather(
            self._table.messages(terms, _EACH, conversation_id=conversation_id, before=before),
            self._table.notes(terms, _EACH),
            self._pieces(terms),
            self._alike(question, conversation_id, before),
        )
        newest = await self._table.newest_notes(_NEWEST_NOTES) if self._nearest is not None else []
        names = {each.author: self._name_of(each.author) for each in (*messages.found, *alike)}
        return await asyncio.to_thread(_weighed, terms, messages, names, (notes, newest), (pieces, ranked), alike)

    async def _alike(self, question: str, conversation_id: str, before: int) -> list[Candidate]:
        if self._nearest is None:
            return []
        numbers = await self._nearest.nearest(question, _EACH)
        return await self._table.numbered(numbers, conversation_id=conversation_id, before=before)

    async def _pieces(self, terms: Sequence[Term]) -> tuple[Sequence[FoundPiece], Ranked]:
        return await self._index.best(terms, _EACH) if self._index is not None else ((), Ranked((), {}, 0))


def _weighed(
    terms: Sequence[Term],
    messages: Candidates,
    names: Mapping[str, str],
    notes: tuple[Candidates, Sequence[Candidate]],
    files: tuple[Sequence[FoundPiece], Ranked],
    alike: Sequence[Candidate],
) -> list[Found]:
    (by_words, newest), (pieces, ranked) = notes, files
    all_ranked = (messages.ranked, by_words.ranked, ranked)
    counts = {term[0]: sum(each.counts.get(term[0], 0) for each in all_ranked) for term in terms}
    weights = weights_of(terms, counts, sum(each.total for each in all_ranked))
    found: dict[str, Found] = {}

    def weigh(ref: str, title: str, text: str) -> None:
        if ref not in found:
            shown = excerpt(text, terms)
            found[ref] = Found(ref, title, shown, coverage(words_in(f"{title} {shown}"), terms, weights))

    def weigh_note(each: Candidate) -> None:
        weigh(f"note:{each.id}", f"Note {each.number} of {each.created_at[:10]}", each.text)

    def weigh_message(each: Candidate) -> None:
        weigh(f"message:{each.id}", _message_title(each, names[each.author]), each.text)

    for note in by_words.found:
        weigh_note(note)
    for message in messages.found:
        weigh_message(message)
    for piece in pieces:
        weigh(f"file:{piece.path}#{piece.line}", f"{one_line(piece.path)}, line {piece.line}", piece.text)
    for message in alike:
        weigh_message(message)
    for note in newest:
        weigh_note(note)
    return list(found.values())


def _message_title(message: Candidate, name: str) -> str:
    where = one_line(message.title, 60) or "a conversation without a name"
    return f"{one_line(name, 40)} in “{where}”, {message.created_at[:10]}"
