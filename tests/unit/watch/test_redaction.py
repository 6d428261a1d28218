"""What is kept of a text with secrets in it. Looking quickly whether there may be one must not change what is found."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.watch import redaction
from chainbot_desktop.watch.redaction import HIDDEN, Redactor
from chainbot_desktop.watch.redaction_many import redact_all

PARTS = st.sampled_from(
    (
        *("Bearer ", "BASIC ", "abcdefgh12345678", "api_key=", "Token: ", '"password": "', '"', "hunter2!", " ", "\n"),
        *("https://u:pw@h/", "sk-", "ghp_", "gho_", "xoxb-", "AKIA", "0123456789ABCDEF", "eyJabcdefghij.abcdefghij.x"),
        *("ticket=1234567", "x", "ä", "session", "cookie", "İ", "\u212aey=abc", "s\u212a-", "😀"),
    )
)
TEXTS = st.lists(PARTS, max_size=8).map("".join)


def thoroughly(text: str) -> str:
    text = re.sub("hunter2!", HIDDEN, text)
    for pattern, replacement in redaction._PATTERNS:
        text = pattern.sub(replacement, text)
    return text


@given(TEXTS)
def test_nothing_is_missed_for_speed(text: str) -> None:
    assert Redactor(["hunter2!"]).redact(text) == thoroughly(text)


@given(st.lists(TEXTS, max_size=5))
def test_many_at_once_are_each_as_alone(texts: list[str]) -> None:
    redactor = Redactor(["hunter2!"])
    assert list(redact_all(redactor, texts)) == [redactor.redact(text) for text in texts]


def test_the_longest_known_secret_goes_first_and_short_ones_are_words() -> None:
    redactor = Redactor(["secret", "secret-and-more", "abc"])
    assert redactor.redact("the secret-and-more, abc") == f"the {HIDDEN}, abc"
