"""What was typed before, brought back with Up and Down, and what was begun since with it."""

from __future__ import annotations

from collections.abc import Sequence


class TypedHistory:
    """`texts` are newest first."""

    def __init__(self) -> None:
        self.texts: Sequence[str] = ()
        self._index = -1
        self._begun = ""

    @property
    def is_recalling(self) -> bool:
        return self._index >= 0

    def leave(self) -> None:
        self._index = -1

    def step(self, step: int, text: str) -> str | None:
        """The text `step` further back from where `text` is shown now; None where there is none."""
        index = self._index + step
        if not -1 <= index < len(self.texts):
            return None
        if not self.is_recalling:
            self._begun = text
        self._index = index
        return self.texts[index] if index >= 0 else self._begun
