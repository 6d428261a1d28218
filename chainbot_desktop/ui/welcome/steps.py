"""What the first start asks to be done, and what of it is done, skipped or still open. Pure: no Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

Remember = Callable[[str, object], None]

STEPS: tuple[str, ...] = ("link", "webhook", "folder")
WITH_AGENTS: tuple[str, ...] = ("link", "model", "agent", "webhook", "folder")
"""Where agents run here."""
DONE, SKIPPED, CLOSED = "welcome.done", "welcome.skipped", "welcome.closed"
"""Names of the preferences: two lists of step names, and whether the card was put away."""


class WelcomeSteps:
    """Keeps the steps' state through `remember`; `changed` is called after every change.

    A step that truly happened is done for ever; a skipped one stays in the checklist until it happens.
    """

    def __init__(self, remembered: Mapping[str, object], remember: Remember, steps: Sequence[str] = STEPS) -> None:
        self.steps = tuple(steps)
        self._remember = remember
        self._done = _names(remembered.get(DONE))
        self._skipped = _names(remembered.get(SKIPPED))
        self._chosen: str | None = None
        self.closed = remembered.get(CLOSED) is True
        self.changed: Callable[[], None] = _nothing

    @property
    def current(self) -> str | None:
        """The one that was chosen, else the first step that is neither done nor skipped."""
        if self._chosen is not None and self._chosen not in self._done:
            return self._chosen
        return next((step for step in self.steps if step not in self._done and step not in self._skipped), None)

    @property
    def left(self) -> int:
        """How many have not happened, skipped ones included."""
        return sum(1 for step in self.steps if step not in self._done)

    def is_done(self, step: str) -> bool:
        return step in self._done

    def is_skipped(self, step: str) -> bool:
        return step in self._skipped and step not in self._done

    def finish(self, step: str) -> None:
        """It happened. Safe to call at every further time it happens."""
        if step not in self._done:
            self._done.append(step)
            self._remember(DONE, list(self._done))
            self.changed()

    def skip(self, step: str) -> None:
        self._chosen = None
        if step not in self._skipped:
            self._skipped.append(step)
            self._remember(SKIPPED, list(self._skipped))
            self.changed()

    def take_up(self, step: str) -> None:
        """To this step now, also back to one that was skipped."""
        if step in self._done:
            return
        self._chosen = step
        if step in self._skipped:
            self._skipped.remove(step)
            self._remember(SKIPPED, list(self._skipped))
        self.changed()

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._remember(CLOSED, True)
            self.changed()


def _names(value: object) -> list[str]:
    listed: Sequence[object] = value if isinstance(value, list) else ()
    return [step for step in WITH_AGENTS if step in listed]


def _nothing() -> None:
    return None
