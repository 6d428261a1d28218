from __future__ import annotations

import pytest

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.logs.filter_state import FilterState, parse_moment, parse_range, quick_ranges
from chainbot_desktop.ui.watchtower.logs.filter_text import both, parse_log_filter
from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.query import TextMatcher

KNOWN = {"program": ("house.alexos.outbox", "house.alexos", "house.alexosaurus", "house.store"), "agent": ("camera-7",)}


def passes(query: LogQuery, text: str) -> bool:
    matcher = TextMatcher(query)
    return bool(matcher.found(text.encode(), 1).all()) if matcher.terms else True


@pytest.mark.parametrize(
    ("text", "line", "wanted"),
    [
        ("", "anything", True),
        ("Delivered", "delivered 12 events", True),
        ("delivered 12", "12 were delivered", True),
        ("delivered 13", "delivered 12 events", False),
        ('"delivered 12"', "12 were delivered", False),
        ("/deliver(ed|y) [0-9]+/", "delivered 12 events", True),
        ("/^12/", "delivered 12", False),
        ("/delivered/ 12", "12 were delivered", True),
        ("/delivered/ 13", "12 were delivered", False),
        ("a/b/c", "a/b/c", True),
    ],
)
def test_what_passes(text: str, line: str, wanted: bool) -> None:
    assert passes(parse_log_filter(text).narrow(LogQuery(), KNOWN), line) is wanted


def test_keys_name_levels_sources_and_names() -> None:
    assert parse_log_filter("level>=warning").narrow(LogQuery(), KNOWN).levels == {30, 40, 50}
    assert parse_log_filter("level:info").narrow(LogQuery(), KNOWN).levels == {20}
    assert parse_log_filter("level>=error").narrow(LogQuery(levels=frozenset({20})), KNOWN).levels == {-1}, "nothing, not any"
    assert parse_log_filter("source:agent").narrow(LogQuery(), KNOWN).sources == {"agent"}
    assert parse_log_filter("logger:house.alexos").narrow(LogQuery(), KNOWN).names == {"house.alexos", "house.alexos.outbox"}
    assert parse_log_filter("name:cam*").narrow(LogQuery(), KNOWN).names >= {"camera-7"}
    assert "silent" in parse_log_filter("logger:silent").narrow(LogQuery(), KNOWN).names, "else everything would pass"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/(unclosed/", "not a regular expression"),
        ("level>=loud", "“loud” is no level"),
        ("level:", "wants a value"),
        ("logger:", "wants a name"),
    ],
)
def test_a_bad_filter_says_why(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_log_filter(text)
    assert says in caught.value.message


def test_the_whole_text_is_an_expression_where_that_is_chosen() -> None:
    assert parse_log_filter("a b", whole_is_regex=True).text == "a b"
    assert parse_log_filter("", whole_is_regex=True).regex is False
    with pytest.raises(InvalidInput):
        parse_log_filter("(", whole_is_regex=True)


@pytest.mark.parametrize(
    ("first", "second", "line", "wanted"),
    [
        (LogQuery(), LogQuery(text="b"), "a b", True),
        (LogQuery(text="a"), LogQuery(text="b"), "b a", True),
        (LogQuery(text="a"), LogQuery(text="c"), "b a", False),
        (LogQuery(text="a+$", regex=True), LogQuery(text="B"), "b aaa", True),
        (LogQuery(text="a+$", regex=True), LogQuery(text="B", case=True), "b aaa", False),
        (LogQuery(text="x(y)", regex=False), LogQuery(text=r"\d+", regex=True), "x(y) 12", True),
        (LogQuery(text="A", case=True), LogQuery(text="b"), "a B", False),
    ],
)
def test_a_search_is_within_the_filter(first: LogQuery, second: LogQuery, line: str, wanted: bool) -> None:
    assert passes(both(first, second), line) is wanted


def test_the_chips_and_the_text_are_one_query() -> None:
    state = FilterState(text="level>=info x", levels=frozenset({"Info", "Warn"}), case=True, after=5.0)
    query = state.query(KNOWN)
    assert query == LogQuery(frozenset({20, 30}), text="x", case=True, after=5.0)
    assert FilterState().query(KNOWN).empty
    assert FilterState(levels=frozenset()).query(KNOWN).levels == {-1}


def test_moments_as_people_type_them() -> None:
    now = 1_700_000_000.0
    assert parse_moment("", now) is None
    clock = parse_moment("14:05", now)
    assert clock is not None
    assert parse_moment("14:05:30", now) == clock + 30
    day = parse_moment("2026-03-01", now)
    assert day is not None
    assert parse_moment("2026-03-01 00:01", now) == day + 60
    for text in ("25:00", "yesterday", "99999-01-01"):
        with pytest.raises(InvalidInput, match="is no time"):
            parse_moment(text, now)
    with pytest.raises(InvalidInput, match="ends before"):
        parse_range("14:05", "14:04", now)
    assert dict(quick_ranges(now))["Last hour"] == now - 3600
