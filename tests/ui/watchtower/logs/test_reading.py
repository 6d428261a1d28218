"""What passes, what is searched, and what lies around, over a document whose searches take as long as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.logs.json_fields import fields_of
from chainbot_desktop.ui.watchtower.logs.marked_bar import HitMarks
from chainbot_desktop.ui.watchtower.logs.reading import Reading
from chainbot_desktop.ui.watchtower.logs.rows import AllLines, place_at_time, record_around
from chainbot_desktop.watch.logs.document import LogQuery
from tests.ui.watchtower.logs.memory_document import START, MemoryDocument, numbered


@pytest.fixture
def document() -> Iterator[MemoryDocument]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    made = MemoryDocument()
    made.notice = lambda: None  # type: ignore[method-assign]  # nobody listens here
    yield made
    asyncio.set_event_loop(None)
    loop.close()


def texts(reading: Reading) -> list[str]:
    return [row.text for row in reading.rows.rows(0, 1000)]


def test_another_filter_ends_the_search_of_the_one_before(document: MemoryDocument) -> None:
    document.say(*numbered(20))
    reading = Reading(document, lambda: None)
    first = reading.selection
    assert reading.filter(LogQuery(text="1"), "none")
    assert first.closed  # type: ignore[attr-defined]
    assert len(texts(reading)) == 11
    assert not reading.filter(LogQuery(text="1"), "none"), "the same one changes nothing"
    kept = reading.selection
    with pytest.raises(InvalidInput):
        reading.filter(LogQuery(text="(", regex=True), "none")
    assert reading.selection is kept
    reading.close()
    assert not document.selections
    assert not document.listeners


def test_hits_go_round(document: MemoryDocument) -> None:
    document.say(*numbered(30))
    reading = Reading(document, lambda: None)
    reading.filter(LogQuery(text="2"), "none")
    reading.find(LogQuery(text="9"))
    assert reading.hits is not None
    assert [row.number for row in reading.hits.rows(0, 9)] == [29], "within what passes"
    reading.find(LogQuery(text="1"))
    numbers = []
    at = None
    for _ in range(3):
        row = reading.next_hit(at, -1)
        assert row is not None
        numbers.append(at := row.number)
    assert numbers == [21, 12, 21], "from the last one up, and round"
    row = reading.next_hit(21, 1)
    assert row is not None
    assert row.number == 12
    assert (reading.hit_number(12), reading.hit_number(13)) == (1, 0)
    reading.find(None)
    assert reading.next_hit(None, 1) is None


def test_what_was_folded_is_unfolded_alone(document: MemoryDocument) -> None:
    document.say("start", "beat 1", "beat 2", "beat 3\n  more", "end")
    reading = Reading(document, lambda: None)
    reading.filter(LogQuery(), "numbers")
    rows = reading.rows.rows(0, 10)
    assert [(row.text, row.repeats) for row in rows] == [("start", 0), ("beat 1", 2), ("end", 0)]
    reading.unfold(rows[1])
    assert texts(reading) == ["beat 1", "beat 2", "beat 3", "  more"]
    reading.back()
    assert reading.rows.count == 3
    assert len(document.selections) == 1, "what the unfolding looked for is let go"


def test_around_a_line_are_all_lines(document: MemoryDocument) -> None:
    document.say(*numbered(10))
    reading = Reading(document, lambda: None)
    reading.filter(LogQuery(text="5"), "none")
    reading.around(5)
    assert reading.rows.count == 10
    document.drop(3)
    assert reading.rows.place_of(5) == 2
    assert [row.number for row in reading.rows.rows(0, 2)] == [3, 4]


def test_a_record_has_all_its_lines(document: MemoryDocument) -> None:
    document.say("one", "two\nTraceback\nKeyError", "three")
    assert [row.text for row in record_around(document, 2)] == ["two", "Traceback", "KeyError"]
    assert [row.text for row in record_around(document, 4)] == ["three"]


def test_a_moment_has_a_place(document: MemoryDocument) -> None:
    document.say(*numbered(50))
    rows = AllLines(document)
    assert place_at_time(rows, START + 10) == 10
    assert place_at_time(rows, START + 10.5) == 11
    assert place_at_time(rows, START - 5) == 0
    assert place_at_time(rows, START + 99) == 50


@pytest.mark.parametrize("every", [7, 400])
def test_marks_of_hits_are_at_most_one_a_pixel(document: MemoryDocument, every: int) -> None:
    """Few hits are asked one by one, many by the pixel: both say the same as a plain count."""
    document.say(*(f"line {n}{' hit' if n % every == 0 else ''}" for n in range(4000)))
    marks = HitMarks(AllLines(document), document.search(LogQuery(text="hit")), 200)
    while not marks.done:
        marks.step()
    wanted = sorted({n * 200 // 4000 for n in range(0, 4000, every)})
    assert marks.found == wanted


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"event": "door", "at": {"room": "hall", "n": 2}}', [("event", "door"), ("at.room", "hall"), ("at.n", "2")]),
        ('12:00 INFO {"a": null}', [("a", "null")]),
        ("{not json}", []),
        ("[1, 2]", []),
        ("", []),
        ('{"a": ' * 5000 + "1" + "}" * 5000, []),
    ],
)
def test_fields_of_json(text: str, fields: list[tuple[str, str]]) -> None:
    assert list(fields_of(text)) == fields
