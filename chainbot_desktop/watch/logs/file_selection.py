"""A selection of the lines of a file, as its view sees it: rows and places of what a search found so far. Use on the loop's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.watch.logs.document import Fold, LogQuery, LogRow, Volume
from chainbot_desktop.watch.logs.file_content import Content
from chainbot_desktop.watch.logs.file_following import Following
from chainbot_desktop.watch.logs.file_index import FileChanged
from chainbot_desktop.watch.logs.file_search import FileSearch
from chainbot_desktop.watch.logs.file_volume import volume_of


class FileSelection:
    """After the file was cut or replaced it begins anew, with what the file holds then."""

    def __init__(
        self,
        following: Following,
        query: LogQuery,
        told: Callable[[], None],
        closed: Callable[[FileSelection], None],
        *,
        fold: Fold = "none",
        hits_only: bool = False,
    ) -> None:
        """InvalidInput for an expression that is none."""
        self._following = following
        self._closed = closed
        self._hits_only = hits_only
        self._query = query
        self._volume: Volume | None = None
        self._volume_known: tuple[Content, int, int, int] | None = None
        self._search = None if query.empty and fold == "none" else FileSearch(following, query, fold, told)

    @property
    def count(self) -> int:
        if self._search is None:
            return self._following.content.lines
        return len(self._search.hits if self._hits_only else self._search.lines)

    @property
    def searched(self) -> float:
        search = self._search
        if search is None:
            return 1.0
        size = search.content.size
        return min(1.0, search.searched / size) if size else 1.0

    @property
    def error(self) -> InvalidInput | None:
        return self._search.error if self._search is not None else None

    @property
    def uses_ripgrep(self) -> bool:
        return self._search is not None and self._search.uses_ripgrep

    def rows(self, first: int, count: int) -> Sequence[LogRow]:
        """Fewer where the file does not hold them any more."""
        first = max(0, first)
        try:
            if self._search is None:
                content = self._following.content
                return content.rows(first, min(first + count, content.lines))
            return self._found_rows(self._search, first, count)
        except (FileChanged, OSError):
            return []

    def _found_rows(self, search: FileSearch, first: int, count: int) -> Sequence[LogRow]:
        with search.lock:
            content, folded = search.content, search.folded
            numbers = (search.hits if self._hits_only else search.lines).take(first, count).tolist()
            repeats = {number: folded.repeats_of(number) for number in numbers} if folded is not None else {}
        rows: list[LogRow] = []
        at = 0
        while at < len(numbers):
            end = at + 1
            while end < len(numbers) and numbers[end] == numbers[end - 1] + 1:
                end += 1
            rows += content.rows(numbers[at], numbers[end - 1] + 1)
            at = end
        if repeats:
            rows = [replace(row, repeats=repeats[row.number - content.base]) for row in rows]
        return rows

    def place_of(self, number: int) -> int:
        if self._search is None:
            content = self._following.content
            return min(content.lines, max(0, number - content.base))
        with self._search.lock:
            found = self._search.hits if self._hits_only else self._search.lines
            return found.rank(number - self._search.content.base)

    def volume(self, buckets: int) -> Volume | None:
        """Of lines for a whole file; of first lines of records, or lines with the text, for a query. See `file_volume` for how exact."""
        if self._search is None:
            content = self._following.content
            return volume_of(content.samples[:], content.lines, lambda line: line, self._query, buckets)
        with self._search.lock:
            content, hits = self._search.content, self._search.hits
            known = (content, len(hits), len(content.samples), buckets)
            if known != self._volume_known:
                self._volume = volume_of(content.samples[:], content.lines, hits.rank, self._query, buckets)
                self._volume_known = known
            return self._volume

    def close(self) -> None:
        if self._search is not None:
            self._search.stop()
        self._closed(self)

    def wake(self) -> None:
        """More of the file is indexed, or it is another one."""
        if self._search is not None:
            self._search.wake()

    @property
    def ended(self) -> bool:
        return self._search is None or not self._search.alive

    def join(self) -> None:
        """Wait for the end of a closed search. Blocking."""
        if self._search is not None:
            self._search.join()
