"""The search within the lines: what is found is marked in the rows and in the scroll bar, and gone to."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.ui.watchtower.logs.find_bar import FindBar
from chainbot_desktop.ui.watchtower.logs.highlight import Highlight
from chainbot_desktop.ui.watchtower.logs.marked_bar import HitMarks
from chainbot_desktop.ui.watchtower.logs.reading import Reading
from chainbot_desktop.ui.watchtower.logs.viewport import LogViewport
from chainbot_desktop.watch.logs.document import LogQuery

_MARKS_AGAIN_MS = 500
"""How often the marks of hits that still come are made anew."""


class Finding(QObject):
    failed = Signal(object)
    """A `ChainBotError`: the expression is none."""

    def __init__(self, bar: FindBar, view: LogViewport) -> None:
        super().__init__(view)
        self._bar, self._view = bar, view
        self._reading: Reading | None = None
        self._marks: HitMarks | None = None
        self._known = (0, 0)
        self._step_timer = QTimer(self, singleShot=True, interval=0)
        self._step_timer.timeout.connect(self._on_step)
        self._again = QTimer(self, singleShot=True, interval=_MARKS_AGAIN_MS)
        self._again.timeout.connect(self.refresh)
        bar.wanted.connect(self._on_wanted)
        bar.step.connect(self.go)

    def use(self, reading: Reading) -> None:
        """Search in another document."""
        self._reading = reading
        self._on_wanted(self._bar.query() if self._bar.isVisible() else None)

    def end(self) -> None:
        self._bar.hide()
        self._on_wanted(None)
        self._view.hit = None

    def go(self, step: int) -> None:
        """To the next hit from the current line, or the one before."""
        if self._reading is None:
            return
        row = self._reading.next_hit(self._start(), step)
        if row is None:
            return
        self._view.hit = row.number
        self._view.choose(row.number)
        self._view.show_line(row.number)
        self.show_count()

    def changed(self) -> None:
        """Rows or hits came."""
        self.show_count()
        if self._reading is not None and self._reading.hits is not None and not self._again.isActive():
            self._again.start()

    def refresh(self) -> None:
        """Make the marks anew, if there is anything new to mark."""
        reading, bar = self._reading, self._view.marked_bar
        if reading is None or reading.hits is None:
            bar.set_marks([])
            return
        known = (reading.hits.count, reading.rows.count)
        if known != self._known and self._marks is None:
            self._known = known
            self._marks = HitMarks(reading.rows, reading.hits, bar.height())
            self._step_timer.start()

    def show_count(self) -> None:
        reading = self._reading
        if reading is None or reading.hits is None:
            self._bar.show_count("")
            return
        hits = reading.hits
        at = reading.hit_number(self._view.hit)
        count = f"{at:,} of {hits.count:,}" if at else ("no hits" if not hits.count else f"{hits.count:,} hits")
        if hits.count == 1 and not at:
            count = "1 hit"
        if hits.searched < 1:
            count = f"{count} · {hits.searched:.0%} searched" if hits.count else f"searching {hits.searched:.0%}"
        self._bar.show_count(count)

    def _start(self) -> int | None:
        """From the hit that was gone to, else the current line, else what can be seen."""
        view = self._view
        if view.hit is not None:
            return view.hit
        if view.chosen.current is not None:
            return view.chosen.current
        return view.visible[0][0].number - 1 if view.visible and not view.following else None

    def _on_wanted(self, wanted: LogQuery | None) -> None:
        if self._reading is None or (wanted == self._reading.wanted and wanted is not None):
            return
        try:
            highlight = Highlight.of(wanted) if wanted is not None else None
            self._reading.find(wanted)
        except ChainBotError as error:
            self.failed.emit(error)
            return
        self._view.set_highlight(highlight)
        self._known, self._marks = (0, 0), None
        self.show_count()
        self.refresh()

    def _on_step(self) -> None:
        if self._marks is None:
            return
        self._marks.step()
        if not self._marks.done:
            self._step_timer.start()
            return
        self._view.marked_bar.set_marks(self._marks.found)
        self._marks = None
