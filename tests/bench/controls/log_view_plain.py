"""The control: QPlainTextEdit with batched appends, a limit of 200,000 lines, filtered by `re` batch by batch.

`python -m tests.bench.controls.log_view_plain` prints the lines a second that it sustains.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QPlainTextEdit

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.watch.logs.document import LEVELS
from chainbot_desktop.watch.logs.records import LogRecord
from tests.bench.controls.log_lines import EXPRESSION, FRAME, HEIGHT, KEPT, WIDTH, run, sustained


class PlainView:
    def __init__(self, edit: QPlainTextEdit) -> None:
        self._edit = edit
        self._waiting: list[LogRecord] = []
        self._passes = re.compile(EXPRESSION, re.IGNORECASE).search
        self._timer = QTimer(edit, interval=round(FRAME * 1000))
        self._timer.timeout.connect(self._on_frame)
        self._timer.start()

    async def push(self, records: Sequence[LogRecord]) -> None:
        self._waiting += records

    def waiting(self) -> int:
        return len(self._waiting)

    def _on_frame(self) -> None:
        records, self._waiting = self._waiting, []
        passing = [record for record in records if self._passes(record.text)]
        if passing:
            self._edit.appendPlainText("\n".join(map(_line, passing)))


def _line(record: LogRecord) -> str:
    when = time.strftime("%H:%M:%S", time.localtime(record.time))
    return f"{when} {LEVELS[record.level]:<8} {record.name:<14} {record.text}"


async def _measure(app: QApplication) -> Sequence[float]:
    themes = ThemeSource(app)
    themes.apply_to(app)
    edit = QPlainTextEdit()
    edit.setReadOnly(True)
    edit.setUndoRedoEnabled(False)
    edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
    edit.setMaximumBlockCount(KEPT)
    edit.setFont(themes.current.font("mono_small"))
    edit.resize(WIDTH, HEIGHT)
    edit.show()
    rate = await sustained(PlainView(edit))
    bar = edit.verticalScrollBar()
    assert bar.value() == bar.maximum(), "it does not follow"
    edit.hide()
    return [rate]


if __name__ == "__main__":
    run(_measure)
