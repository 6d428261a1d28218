from __future__ import annotations

import logging

import pytest

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.log_filter import parse_log_filter
from chainbot_desktop.watch.log_ring import LogLine

ALL = frozenset({logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR})


def line(text: str, level: int = logging.INFO, logger: str = "house.alexos.outbox", exception: str = "") -> LogLine:
    return LogLine(1, 0.0, level, logger, text, exception, "MainThread")


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("", True),
        ("Delivered", True),
        ("delivered 12", True),
        ("delivered 13", False),
        ("/deliver(ed|y) [0-9]+/", True),
        ("/^delivered/", False),
        ("/delivered/ 12", True),
        ("logger:house.alexos", True),
        ("logger:house.alex", False),
        ("level>=warning", False),
        ("level:info", True),
        ("level>=info delivered", True),
        ("outbox", True),
    ],
)
def test_what_passes(text: str, passes: bool) -> None:
    assert bool(parse_log_filter(text).selector(ALL)([line("delivered 12 events")])) is passes


def test_tracebacks_are_searched_too() -> None:
    assert parse_log_filter("/KeyError/").selector(ALL)([line("failed", exception="Traceback\nKeyError: 'x'")])


def test_levels_between_the_standard_ones_follow_the_lower() -> None:
    only_info = parse_log_filter("").selector(frozenset({logging.INFO}))
    assert [passing.level for passing in only_info(line("x", level) for level in (5, 10, 20, 25, 30, 50))] == [20, 25]
    assert parse_log_filter("").selector(frozenset({logging.ERROR}))([line("x", logging.CRITICAL)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/(unclosed/", "not a regular expression"),
        ("level>=loud", "“loud” is no level"),
        ("logger:", "wants a name"),
    ],
)
def test_a_bad_filter_says_why(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_log_filter(text)
    assert says in caught.value.message


def test_an_expression_without_end_is_given_up() -> None:
    select = parse_log_filter("/(a|aa)+$/").selector(ALL)
    with pytest.raises(InvalidInput, match="takes too long"):
        select([line("a" * 100 + "!")] * 1000)
    assert len(select([line("a")])) == 1
