"""Who wants to hear of a change: added with a call, gone with the call that it returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Listeners(Generic[P]):
    """Told in the order in which they came, on the caller's thread. A listener must return at once and raise nothing."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[P, None]] = {}

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Callable[P, None]) -> Callable[[], None]:
        """`listener` hears until the returned function is called; it may be called more than once."""
        token = object()
        self._listeners[token] = listener

        def cancel() -> None:
            self._listeners.pop(token, None)

        return cancel

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        # A copy: whoever hears may leave, or bring others.
        for listener in tuple(self._listeners.values()):
            listener(*args, **kwargs)

    def clear(self) -> None:
        self._listeners.clear()
