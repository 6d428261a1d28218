"""What of a question in natural language can be searched for, and how well a text has it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from math import log

from chainbot_desktop.store.text_ranking import Term

MOST_TERMS = 24
_READ = 4000
"""Characters of a question that are looked at: what is pasted below it is not what it asks."""
_LONGEST = 64
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")

_STOP = """
a about after again all also am an and any anybody anyone anything are as ask at be because been before being but by can could
did do does doing done don down each else even ever every everything few first for from get gets give given go goes going good
got had has have having he hello help her here hers hey hi him his how however i if in into is it its just know last least let
lets like look made make many may maybe me mean might mine more most much must my need needs never new next no nor not nothing
now of off often ok okay on once one only or other our ours out over own per perhaps please put rather really remember remind
right s said same say says see seem shall she should show so some somebody someone something soon still such t take tell than
thank thanks that the their them then there these they thing things think this those though through to together too under until
up upon us use used very want wants was way we well were what whatever when where whether which while who whom whose why will
with without would yes yet you your yours
"""
STOP_WORDS = frozenset(_STOP.split())
"""English words that name nothing. Those of other languages stand in many texts, and weigh little for that."""


def terms_of(question: str) -> list[Term]:
    """Its words that may name something, in their order, each with its other number (sensor, sensors)."""
    found: dict[str, Term] = {}
    for match in _WORD.finditer(question[:_READ]):
        word = plain(match[0])[:_LONGEST]
        if len(word) < 2 or word in STOP_WORDS or word in found:
            continue
        forms = _forms(word)
        if not any(form in found for form in forms):
            found[word] = forms
        if len(found) == MOST_TERMS:
            break
    return list(found.values())


def plain(text: str) -> str:
    """As the indexes compare: without case and without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words_in(text: str) -> frozenset[str]:
    words = _WORD.findall(plain(text))
    return frozenset((*words, *(part for word in words if "_" in word for part in word.split("_"))))


def weights_of(terms: Sequence[Term], counts: Mapping[str, int], total: int) -> dict[str, float]:
    """How much each term says (inverse document frequency): a word that stands nowhere says no more than one that stands once."""
    return {term[0]: log((total + 2) / max(1, min(counts.get(term[0], 0), total))) for term in terms}


def coverage(words: frozenset[str], terms: Sequence[Term], weights: Mapping[str, float]) -> float:
    """Which share of what the question says is in a text with these words: 0 to 1."""
    whole = sum(weights[term[0]] for term in terms)
    has = sum(weights[term[0]] for term in terms if not words.isdisjoint(term))
    return has / whole if whole else 0.0


def _forms(word: str) -> Term:
    if len(word) < 4 or not word.isascii() or not word.isalpha():
        return (word,)
    if word.endswith("ss"):
        return (word,)
    return (word, word[:-1]) if word.endswith("s") else (word, f"{word}s")
