"""What is made of a question, and of a text that may answer it: pure rules, and the laws that they keep."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.chat.recall.excerpts import excerpt, one_line, quoted, unquoted
from chainbot_desktop.chat.recall.question import MOST_TERMS, coverage, terms_of, weights_of, words_in
from chainbot_desktop.chat.recall.ranking import Found, fits, fused, tokens_of, within

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=3000)


def names(question: str) -> list[str]:
    return [term[0] for term in terms_of(question)]


def test_only_words_that_name_something_are_searched_for() -> None:
    assert names("When does the nightly backup of /etc start, please?") == ["nightly", "backup", "etc", "start"]
    assert names("What is it that you would do about this?") == []
    assert names("") == []


def test_a_word_is_searched_for_in_both_its_numbers_and_once() -> None:
    assert terms_of("sensors sensor SENSOR") == [("sensors", "sensor")]
    assert terms_of("glass") == [("glass",)]
    assert terms_of("make_agent_wing E17 Grüße") == [("make_agent_wing",), ("e17",), ("gruße",)]


def test_a_question_with_a_page_pasted_below_it_stays_a_bounded_query() -> None:
    terms = terms_of("why does this fail? " + " ".join(f"word{number}" for number in range(100_000)))
    assert len(terms) == MOST_TERMS
    assert terms[0] == ("fail", "fails")


@given(texts)
def test_any_text_is_a_question(text: str) -> None:
    for term in terms_of(text):
        assert all(form and form == form.lower() for form in term)


@given(texts, texts)
def test_coverage_is_a_share(question: str, text: str) -> None:
    terms = terms_of(question)
    weights = weights_of(terms, {term[0]: place for place, term in enumerate(terms)}, 100)
    assert 0.0 <= coverage(words_in(text), terms, weights) <= 1.0 + 1e-9
    if terms:
        everything = words_in(" ".join(term[0] for term in terms))
        assert math.isclose(coverage(everything, terms, weights), 1.0)


def test_a_rare_word_covers_more_of_a_question_than_a_common_one() -> None:
    terms = terms_of("sensor greenhouse")
    weights = weights_of(terms, {"sensor": 5000, "greenhouse": 3}, 10_000)
    assert coverage(words_in("the greenhouse"), terms, weights) > 2 * coverage(words_in("three sensors"), terms, weights)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=4))
def test_fusion_loses_and_doubles_nothing(rankings: list[list[str]]) -> None:
    order = fused(rankings)
    assert sorted(order) == sorted({ref for ranking in rankings for ref in ranking})


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.integers(1, 4))
def test_where_all_rankings_agree_fusion_agrees(ranking: list[str], times: int) -> None:
    assert fused([ranking] * times) == ranking


def test_what_two_rankings_know_comes_before_what_one_puts_first() -> None:
    assert fused([["a", "b"], ["c", "b"]])[0] == "b"


def test_what_shares_a_word_by_accident_does_not_fit() -> None:
    assert not fits(Found("note:1", "", "", covers=0.2))
    assert fits(Found("note:1", "", "", covers=0.5))
    assert fits(Found("note:1", "", "", covers=0.2, similar=0.5))
    assert not fits(Found("note:1", "", "", covers=0.3, similar=0.1))


@given(texts, st.integers(50, 2000))
def test_an_excerpt_is_no_longer_than_asked(text: str, size: int) -> None:
    assert len(excerpt(text, terms_of(text[:50]), size)) <= size + 2


def test_an_excerpt_of_a_long_text_is_where_the_question_is() -> None:
    text = "nothing here. " * 4000 + "The spare key hangs behind the rain barrel. " + "nor here. " * 4000
    shown = excerpt(text, terms_of("where is the spare key, behind the barrel?"))
    assert "The spare key hangs behind the rain barrel." in shown
    assert shown.startswith("…")
    assert shown.endswith("…")


def test_an_excerpt_takes_nothing_along_that_turns_or_moves_what_follows() -> None:
    assert excerpt("a\u202eb\x1b[2Jc\r\nd\re", []) == "ab[2Jc\nd\ne"
    assert one_line("a\n\n  b\u2066c") == "a bc"


@given(texts)
def test_every_line_of_a_quotation_is_marked_and_can_be_read_back(text: str) -> None:
    shown = excerpt(text, [])
    marked = quoted(shown)
    assert all(line.startswith("> ") for line in marked.splitlines())
    assert unquoted(marked).splitlines() == shown.splitlines()


@given(st.lists(texts, max_size=10), st.integers(1, 3000), st.integers(1, 8))
def test_what_is_chosen_fits_into_the_tokens(all_texts: list[str], tokens: int, most: int) -> None:
    found = [Found(f"note:{place}", "a title", text, 1.0) for place, text in enumerate(all_texts)]
    chosen = within(found, tokens, most)
    assert len(chosen) <= most
    assert sum(tokens_of(each.title) + tokens_of(each.text) for each in chosen) <= tokens + 1
    assert [each.ref for each in chosen] == [each.ref for each in found if each.ref in {one.ref for one in chosen}]


@given(texts, texts)
def test_the_estimate_of_tokens_grows_with_a_text(one: str, other: str) -> None:
    assert tokens_of(one) <= tokens_of(one + other) <= tokens_of(one) + tokens_of(other)
