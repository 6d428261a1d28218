"""The one timeline of all that speaks in the house: records come in, lines with numbers are kept, and selections of them follow.

Its order is that of arrival: sources tell of things late, and clocks jump. The times are the sources' own, to the millisecond. It
lives in memory: writing every line a second time would wear the card of a Pi out, and what must outlast the program is in the system
journal and in the log file of the settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from chainbot_desktop.core.ids import new_id
from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.watch.logs.document import Fold, LogQuery, LogRow, LogSelection
from chainbot_desktop.watch.logs.records import LogRecord, RecordsListener
from chainbot_desktop.watch.logs.timeline_intake import Intake
from chainbot_desktop.watch.logs.timeline_reading import TimelineReader
from chainbot_desktop.watch.logs.timeline_search import Search
from chainbot_desktop.watch.logs.timeline_selection import SearchedRows, SearchSelection, WholeSelection
from chainbot_desktop.watch.logs.timeline_store import LineStore
from chainbot_desktop.watch.redaction import Redactor

KEPT_BYTES = 32 * 1024 * 1024
_NOTICE_DELAY = 0.02
_SEARCH_THREADS = 2


class LogTimeline:
    """A LogDocument. Use on the loop's thread."""

    title = "Timeline"
    read = 1.0

    def __init__(self, tasks: Tasks, redactor: Redactor | None = None, *, kept_bytes: int = KEPT_BYTES) -> None:
        self.life = new_id()
        """Numbers of lines mean something in this life of the timeline only."""
        self._store = LineStore(kept_bytes)
        self._tasks = tasks
        self._intake = Intake(self._keep, redactor or Redactor())
        self._threads = ThreadPoolExecutor(_SEARCH_THREADS, thread_name_prefix="log search")
        self._searches: dict[SearchSelection, None] = {}
        """In the order in which they began."""
        self._changed: Listeners[[]] = Listeners()
        self._records: Listeners[[Sequence[LogRecord], Sequence[int]]] = Listeners()
        self._notice: asyncio.TimerHandle | None = None
        self._names: dict[str, list[str]] = {}
        self._named = 0

    # What comes in

    def add(self, records: Iterable[LogRecord]) -> None:
        """Soon kept, secrets hidden, in this order."""
        self._intake.add(records)

    def ask(self, source: Callable[[], Iterable[LogRecord]]) -> None:
        """Soon call `source` once, and keep what it gives then."""
        self._intake.ask(source)

    async def kept(self) -> None:
        """Wait until everything that was added is kept."""
        await self._intake.emptied()

    def on_records(self, listener: RecordsListener) -> Callable[[], None]:
        """Call `listener` with every record that is kept from now on, in batches; returns what ends it. It must return at once."""
        return self._records.add(listener)

    # What there is

    @property
    def first(self) -> int:
        return self._store.first

    @property
    def end(self) -> int:
        return self._store.end

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return self._store.size

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        for origin in self._store.origins[self._named :]:
            self._names.setdefault(origin.source, []).append(origin.name)
        self._named = len(self._store.origins)
        return self._names

    def select(self, query: LogQuery, fold: Fold = "none") -> LogSelection:
        if query.empty and fold == "none":
            return WholeSelection(self._store)
        return self._begin(Search(query, fold), SearchedRows(self._store, folded=fold != "none"))

    def search(self, query: LogQuery) -> LogSelection:
        """Its rows are the lines in which the text of the query is; the first lines of records where it has no text."""
        return self._begin(Search(query, "none"), SearchedRows(self._store, folded=False, hits_only=True))

    def reader(self, query: LogQuery) -> TimelineReader:
        """For pages and exports. InvalidInput for an expression that is none."""
        return TimelineReader(self._store, self._threads, query)

    def lines(self, first: int, end: int) -> Sequence[LogRow]:
        return self._store.rows(range(max(first, self.first), min(end, self.end)))

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        return self._changed.add(listener)

    async def close(self) -> None:
        """Nobody hears of anything more; what is kept can still be read."""
        self._intake.close()
        for selection in tuple(self._searches):
            selection.close()
        if self._notice is not None:
            self._notice.cancel()
        self._changed.clear()
        self._records.clear()
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    # How it works

    def _keep(self, records: Sequence[LogRecord]) -> None:
        numbers = self._store.add(records)
        dropped = self._store.drop()
        for selection in self._searches:
            selection.grown(dropped)
        self._records.tell(records, numbers)
        self._plan_notice()

    def _begin(self, search: Search, rows: SearchedRows) -> SearchSelection:
        selection = SearchSelection(self._store, search, rows, lambda closed: self._searches.pop(closed, None))
        self._searches[selection] = None
        selection.begin(self._tasks, self._threads, self._plan_notice)
        return selection

    def _plan_notice(self) -> None:
        if self._changed and self._notice is None:
            self._notice = asyncio.get_running_loop().call_later(_NOTICE_DELAY, self._give_notice)

    def _give_notice(self) -> None:
        self._notice = None
        self._changed.tell()
