"""The view of log lines: how many lines a second it takes while it follows with an expression as its filter, and how late the loop is.

Beside it, in processes of their own one after the other in this run: a QPlainTextEdit (batched appends), and a QTableView over a
QSortFilterProxyModel that has the expression, over a list model: the usual way of a table with a filter. All of them hold 200,000 lines
before they are measured, in a window of 1200x772.

What the table costs is the proxy. A table model that is handed only lines which already passed Python's `re` bears some 609,000 lines a
second (a test machine of two cores); that is not the usual way, and not the control.
"""

from __future__ import annotations

import subprocess
import sys

from tests.bench.measure import Result

TWO_FRAMES_MS = 33.3


def run() -> list[Result]:
    (ours,) = _control("ours")
    (plain,) = _control("plain")
    (table,) = _control("table")
    better = max(plain, table)
    idle, busy = _control("ours", str(4 * better))
    note = f"QPlainTextEdit {plain:,.0f}, QTableView {table:,.0f}"
    lag = f"while {4 * better:,.0f} lines a second come; idle {idle:.1f} ms"
    return [
        Result("log_view: lines a second, following and filtered", ours, "/s", better, ">=4", note),
        Result("log_view: the loop's lag p99", busy, "ms", max(TWO_FRAMES_MS, idle), "<=1", lag),
    ]


def _control(name: str, *arguments: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.controls.log_view_{name}", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"log_view_{name} failed:\n{done.stderr}")
    return [float(word) for word in done.stdout.split()]
