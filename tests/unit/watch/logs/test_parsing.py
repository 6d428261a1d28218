"""What a line says of itself: its time, its level, whether it begins a record, in each format that is known."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.watch.logs.parsing import LineFormat, detect_format

_AT = datetime(2026, 10, 10, 13, 55, 36, tzinfo=UTC).timestamp()
_LOCAL = datetime(2026, 10, 10, 13, 55, 36).timestamp()  # noqa: DTZ001 - a time without offset is this machine's

_LINES = [
    ("iso", "2026-10-10T13:55:36Z INFO app: x", _AT, 20),
    ("iso", "2026-10-10T15:55:36.250+02:00 ERROR app: x", _AT + 0.25, 40),
    ("iso", "2026-10-10 13:55:36,123 - app.part - WARNING - x", _LOCAL + 0.123, 30),
    ("iso", "[2026-10-10 13:55:36] [error] x", _LOCAL, 40),
    ("iso", "2026/10/10 13:55:36 [crit] 12#12: *1 x", _LOCAL, 50),
    ("iso", "2026-10-10 15:55:36.000 +0200 nothing of that kind", _AT, 0),
    ("rfc5424", "<11>1 2026-10-10T13:55:36.003Z host app 12 - - x", _AT + 0.003, 40),
    ("syslog_priority", "<30>Oct 10 13:55:36 host app[12]: x", _LOCAL, 20),
    ("syslog", "Oct 10 13:55:36 host app[12]: ERROR x", _LOCAL, 40),
    ("access", '127.0.0.1 - frank [10/Oct/2026:13:55:36 +0000] "GET /a HTTP/1.1" 200 2326', _AT, 20),
    ("access", '::1 - - [10/Oct/2026:15:55:36 +0200] "GET /a HTTP/1.1" 404 -', _AT, 30),
    ("access", '10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] "POST /a HTTP/1.1" 503 12 "-" "curl"', _AT, 40),
    ("apache_error", "[Sat Oct 10 13:55:36.25 2026] [core:error] [pid 1] x", _LOCAL + 0.25, 0),
    ("json", '{"time": "2026-10-10T13:55:36Z", "level": "warning", "message": "x"}', _AT, 30),
    ("json", f'{{"level":50,"time":{int(_AT * 1000)},"msg":"x"}}', _AT, 40),
    ("json", f'{{"__REALTIME_TIMESTAMP":"{int(_AT * 1_000_000)}","PRIORITY":"2"}}', _AT, 50),
    ("logfmt", 'time=2026-10-10T13:55:36Z level=debug msg="x y"', _AT, 10),
    ("logfmt", f"ts={_AT} level=fatal msg=x", _AT, 50),
    ("epoch", f"{_AT:.0f}.5 INFO x", _AT + 0.5, 20),
    ("epoch", f"[{_AT * 1000:.0f}] WARN x", _AT, 30),
    ("python", "ERROR:app.part:x", None, 40),
    ("plain", "just some text", None, 0),
]


@pytest.mark.parametrize(("name", "text", "time", "level"), _LINES, ids=[f"{line[0]}: {line[1][:40]}" for line in _LINES])
def test_time_and_level_of_a_line(name: str, text: str, time: float | None, level: int) -> None:
    line = text.encode()
    known = detect_format([line] * 5, _LOCAL + 3600)
    assert known.name == name
    assert known.time(line) == (pytest.approx(time, abs=0.0005) if time is not None else None)
    assert known.level(line) == level
    assert known.begins(line)
    assert not known.begins(b"    at some.place(Some.java:12)")
    assert known.timed == (time is not None)


def test_a_time_without_a_year_is_before_the_file_was_written() -> None:
    new_year = datetime(2027, 1, 1, 0, 5).timestamp()  # noqa: DTZ001
    known = detect_format([b"Dec 31 23:59:00 host app: x"] * 3, new_year)
    time = known.time(b"Dec 31 23:59:00 host app: x")
    assert time is not None
    assert datetime.fromtimestamp(time).year == 2026  # noqa: DTZ006
    assert known.time(b"Feb 29 12:00:00 host app: x") is not None
    assert known.time(b"Feb 30 12:00:00 host app: x") is None


@pytest.mark.parametrize("line", [b"2026-13-40T25:61:61Z x", b"2026-10-10", b"", b"\x00\xff", b"{", b"9" * 100_000])
def test_what_is_no_time_is_none(line: bytes) -> None:
    for text in {line[1] for line in _LINES}:
        known = detect_format([text.encode()] * 5, _LOCAL)
        known.time(line)
        known.level(line)
        known.begins(line)
    assert detect_format([b"2026-10-10T13:55:36Z x"], 0.0).time(line) is None


@pytest.mark.parametrize(("name", "text"), [(line[0], line[1]) for line in _LINES if line[0] not in {"plain", "json"}])
def test_the_level_is_the_word_in_its_place_and_its_expression_agrees(name: str, text: str) -> None:
    known = detect_format([text.encode()] * 50, _LOCAL)
    for level in (10, 20, 30, 40, 50):
        expression = known.level_expression(frozenset({level}))
        if expression is None:
            continue
        found = re.search(expression.encode(), text.encode(), re.ASCII) is not None
        assert found == (known.level(text.encode()) == level)


_PIECE = st.sampled_from(
    [line[1] for line in _LINES]
    + ["", " ", "\t", "  at x", "{", '{"', "Traceback:", "ERROR:", "2026-10-10", "Oct 10", "é", "\r", "\0"]
)


@given(lines=st.lists(st.lists(_PIECE, max_size=2).map("".join), min_size=1, max_size=20), like=st.sampled_from(_LINES))
def test_many_lines_at_once_begin_where_each_of_them_does(lines: list[str], like: tuple[str, str, float | None, int]) -> None:
    known = detect_format([like[1].encode()] * 3, 0.0)
    raw = [line.encode() for line in lines]
    block = b"".join(line + b"\n" for line in raw)
    starts = np.cumsum([0, *(len(line) + 1 for line in raw)])[:-1]
    assert known.begin_mask(block, starts).tolist() == [known.begins(line) for line in raw]


@given(sample=st.lists(st.binary(max_size=60), max_size=30))
def test_any_bytes_have_a_format(sample: list[bytes]) -> None:
    known = detect_format(sample, 0.0)
    assert isinstance(known, LineFormat)
    for line in sample:
        known.time(line)
        known.level(line)
