"""What a title and a line of the list say of a Markdown text."""

from __future__ import annotations

import pytest

from chainbot_desktop.chat.plain_words import without_markup


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello there, **bold** and `code`", "Hello there, bold and code"),
        ("- **Health:** good\n- **ALEX OS:** switched off", "Health: good · ALEX OS: switched off"),
        ("| Command | What |\n| --- | --- |\n| `/help` | lists |", "Command · What /help · lists"),
        ("# Title\n\n> said [so](https://example.org)", "Title said so"),
        ("```python\nprint(1)\n```", "print(1)"),
        (r"\*as it stands\*", "*as it stands*"),
        ("def __init__ of a_b_c, 2 * 3 - 1", "def __init__ of a_b_c, 2 * 3 - 1"),
        ("", ""),
    ],
)
def test_the_words_stay_and_the_marks_go(text: str, words: str) -> None:
    assert without_markup(text) == words
