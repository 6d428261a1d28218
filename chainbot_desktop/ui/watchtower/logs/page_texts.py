"""What the Logs page says of the lines: how many, why there are none. Pure: no Qt."""

from __future__ import annotations

from chainbot_desktop.ui.watchtower.logs.filter_state import FilterState
from chainbot_desktop.ui.watchtower.logs.reading import Reading


def status_text(reading: Reading, *, paused: bool, following: bool) -> str:
    rows, document = reading.rows, reading.document
    kept = document.end - document.first
    if not kept:
        return ""
    if reading.early:
        return f"The last {_lines(rows.count)} · {_lines(kept)} indexed so far"
    searching = f" · searching {reading.selection.searched:.0%}" if reading.selection.searched < 1 else ""
    count = _lines(rows.count) if rows.count == kept else f"{rows.count:,} of {_lines(kept)}"
    if reading.fold != "none" and reading.aside is None:
        count = f"{rows.count:,} rows, folded, of {_lines(kept)}"
    dropped = f" · {document.first:,} older dropped" if document.first else ""
    state = "paused" if paused else "following" if following else "holding while you read"
    return f"{count}{searching}{dropped} · {state}"


def file_text(reading: Reading) -> str:
    """Which file is shown, and what befell it."""
    document = reading.document
    parts = [document.title]
    if document.read < 1:
        parts.append(f"{document.read:.0%} indexed" + (", its end is shown" if reading.early else ""))
    notice = getattr(document, "notice", "")
    return " · ".join([*parts, notice] if notice else parts)


def empty_text(reading: Reading, state: FilterState) -> tuple[str, str]:
    """(title, sentence) for a page without rows."""
    document = reading.document
    kept = document.end - document.first
    selection = reading.selection
    if selection.error is not None:
        return "Not searched", str(selection.error)
    if selection.searched < 1:
        return "Searching", f"{selection.searched:.0%} of {_lines(kept)} looked at, nothing found so far."
    if kept:
        what = "filter" if not state.empty else "page"
        return "Nothing passes", f"None of {_lines(kept)} passes this {what}. Escape in the field empties it."
    if document.read < 1:
        return "Reading the file", f"{document.read:.0%} of it is indexed."
    return "No log lines yet", "What the program, its agents, the system and ALEX OS have to say appears here, live."


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count:,} lines"
