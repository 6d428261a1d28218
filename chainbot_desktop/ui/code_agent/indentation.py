"""How a text indents its lines: with tabs, or with how many spaces. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_SAMPLE = 64 * 1024
_LEADING = re.compile(rb"^([ \t]+)\S", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Indentation:
    tabs: bool = False
    width: int = 4

    @property
    def label(self) -> str:
        return "Tabs" if self.tabs else f"{self.width} spaces"


def indentation_of(utf8: bytes, usual: Indentation) -> Indentation:
    """What most indented lines use; `usual` where the text does not say."""
    leads = [match[1] for match in _LEADING.finditer(utf8[:_SAMPLE])]
    if not leads:
        return usual
    with_tabs = sum(1 for lead in leads if lead.startswith(b"\t"))
    if with_tabs * 2 > len(leads):
        return Indentation(tabs=True, width=4)
    steps: Counter[int] = Counter()
    before = 0
    for lead in leads:
        width = len(lead)
        step = abs(width - before)
        if step in {2, 3, 4, 8}:
            steps[step] += 1
        before = width
    if not steps:
        return usual
    return Indentation(tabs=False, width=steps.most_common(1)[0][0])
