"""Text that is shown as it stands, inside of Markdown."""

from __future__ import annotations

import re


def fenced(text: str, language: str = "text") -> str:
    """A code block that nothing in `text` can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
