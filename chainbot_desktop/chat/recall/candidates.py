"""Gathers what may fit a question from the three places where it may be: earlier messages, notes, files of the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chainbot_desktop.chat.recall.excerpts import excerpt, one_line
from chainbot_desktop.chat.recall.question import coverage, terms_of, weights_of, words_in
from chainbot_desktop.chat.recall.ranking import Found
from chainbot_desktop.chat.recall.workspace_index import WorkspaceIndex
from chainbot_desktop.store.recall import Candidate, Candidates, RecallTable
from chainbot_desktop.store.text_ranking import Ranked, Term
from chainbot_desktop.store.workspace_text import FoundPiece

_EACH = 60
"""Candidates of each place: what is further down by its words is not seen by the embeddings either."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """`rankings` are the refs of each place, the best by their words first."""

    found: Mapping[str, Found]
    rankings: Sequence[Sequence[str]]


class Gatherer:
    """`name_of` gives the name that people read of an author. `index` is None where no workspace can be open."""

    def __init__(self, table: RecallTable, index: WorkspaceIndex | None, name_of: Callable[[str], str]) -> None:
        self._table = table
        self._index = index
        self._name_of = name_of

    async def gather(self, question: str, *, conversation_id: str, before: int) -> Gathered:
        terms = terms_of(question)
        if not terms:
            return Gathered({}, ())
        messages, notes, (pieces, ranked) = await asyncio.gather(
            self._table.messages(terms, _EACH, conversation_id=conversation_id, before=before),
            self._table.notes(terms, _EACH),
            self._pieces(terms),
        )
        names = {each.author: self._name_of(each.author) for each in messages.found}
        return await asyncio.to_thread(_weighed, terms, messages, names, notes, pieces, ranked)

    async def _pieces(self, terms: Sequence[Term]) -> tuple[Sequence[FoundPiece], Ranked]:
        return await self._index.best(terms, _EACH) if self._index is not None else ((), Ranked((), {}, 0))


def _weighed(
    terms: Sequence[Term],
    messages: Candidates,
    names: Mapping[str, str],
    notes: Candidates,
    pieces: Sequence[FoundPiece],
    ranked: Ranked,
) -> Gathered:
    all_ranked = (messages.ranked, notes.ranked, ranked)
    counts = {term[0]: sum(each.counts.get(term[0], 0) for each in all_ranked) for term in terms}
    weights = weights_of(terms, counts, sum(each.total for each in all_ranked))

    def weigh(ref: str, title: str, text: str) -> Found:
        shown = excerpt(text, terms)
        return Found(ref, title, shown, coverage(words_in(f"{title} {shown}"), terms, weights))

    rankings = [
        [weigh(f"message:{each.id}", _message_title(each, names[each.author]), each.text) for each in messages.found],
        [weigh(f"note:{each.id}", f"Note {each.number} of {each.created_at[:10]}", each.text) for each in notes.found],
        [weigh(f"file:{each.path}#{each.line}", f"{one_line(each.path)}, line {each.line}", each.text) for each in pieces],
    ]
    found = {each.ref: each for ranking in rankings for each in ranking}
    return Gathered(found, [[each.ref for each in ranking] for ranking in rankings])


def _message_title(message: Candidate, name: str) -> str:
    where = one_line(message.title, 60) or "a conversation without a name"
    return f"{one_line(name, 40)} in “{where}”, {message.created_at[:10]}"
