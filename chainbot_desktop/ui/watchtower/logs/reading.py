"""What of a document is shown: the rows that pass the filter, and for a while what lies around one of them. Pure: no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.logs.filter_text import both
from chainbot_desktop.ui.watchtower.logs.rows import AllLines, EarlyEnd, Rows, Stretch, Tail
from chainbot_desktop.watch.logs.document import Fold, LogDocument, LogQuery, LogRow, LogSelection

_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Aside:
    """Something else than what passes: `title` says what, `number` is the line it is about."""

    title: str
    rows: Rows
    number: int
    selection: LogSelection | None = None


class Reading:
    """`changed` is called soon after the document or what was found of it changed. Use on the loop's thread."""

    def __init__(self, document: LogDocument, changed: Callable[[], None]) -> None:
        self.document = document
        self.query = LogQuery()
        self.fold: Fold = "none"
        self.selection = document.select(self.query)
        self.wanted: LogQuery | None = None
        """What is searched for within what passes."""
        self.hits: LogSelection | None = None
        self.aside: Aside | None = None
        self._early = Tail(document) if document.read < 1 and isinstance(document, EarlyEnd) else None
        self._end = document.on_change(changed)

    @property
    def rows(self) -> Rows:
        if self.aside is not None:
            return self.aside.rows
        return self._early if self._early is not None and self.query.empty else self.selection

    @property
    def early(self) -> bool:
        """The rows are the end of a document that is not indexed yet."""
        return self.rows is self._early

    def settle(self) -> bool:
        """Whether the document is indexed now, and `rows` are others for that."""
        was = self.early
        if self._early is not None and self.document.read >= 1:
            self._early = None
        return was != self.early

    @property
    def error(self) -> InvalidInput | None:
        return self.selection.error or (self.hits.error if self.hits is not None else None)

    def filter(self, query: LogQuery, fold: Fold) -> bool:
        """Whether it is another filter than before. InvalidInput, and everything as it was, for an expression that is none."""
        if query == self.query and fold == self.fold:
            return False
        selection = self.document.select(query, fold)
        self.back()
        self.selection.close()
        self.query, self.fold, self.selection = query, fold, selection
        if self.wanted is not None:
            self.find(self.wanted)
        return True

    def find(self, wanted: LogQuery | None) -> None:
        """Search within what passes; None ends it. InvalidInput, and everything as it was, for an expression that is none."""
        hits = self.document.search(both(self.query, wanted)) if wanted is not None else None
        if self.hits is not None:
            self.hits.close()
        self.hits, self.wanted = hits, wanted

    def next_hit(self, after: int | None, step: int) -> LogRow | None:
        """The hit before (-1) or after (1) a line, round the end; the last one first. None without any."""
        hits = self.hits
        if hits is None or not hits.count:
            return None
        if after is None:
            place = hits.count - 1
        elif step > 0:
            place = hits.place_of(after + 1)
        else:
            place = hits.place_of(after) - 1
        return next(iter(hits.rows(place % hits.count, 1)), None)

    def hit_number(self, line: int | None) -> int:
        """Which of the hits that line is, from 1; 0 for none of them."""
        if self.hits is None or line is None:
            return 0
        place = self.hits.place_of(line)
        row = next(iter(self.hits.rows(place, 1)), None)
        return place + 1 if row is not None and row.number == line else 0

    def around(self, number: int) -> None:
        """Every line of the document, whatever passes."""
        self.back()
        self.aside = Aside("All lines around this one", AllLines(self.document), number)

    def unfold(self, row: LogRow) -> None:
        """The records that were folded into `row`, each by itself."""
        end = self._next_record(row.number)
        self.back()
        alone = self.document.select(self.query, "none")
        title = f"The {row.repeats + 1:,} lines that were folded"
        self.aside = Aside(title, Stretch(alone, row.number, end), row.number, alone)

    def _next_record(self, number: int) -> int:
        """The number of the first line of the record that is shown after that line's."""
        place = self.selection.place_of(number) + 1
        while rows := self.selection.rows(place, _LOOKED_AT):
            for row in rows:
                if not row.continues:
                    return row.number
            place += len(rows)
        return self.document.end

    def back(self) -> None:
        """To what passes."""
        if self.aside is not None and self.aside.selection is not None:
            self.aside.selection.close()
        self.aside = None

    def close(self) -> None:
        """End all searches; the document itself stays open."""
        self._end()
        self.back()
        self.find(None)
        self.selection.close()
