"""In-process delivery of events that are on disk, in the order of their `seq`.

A subscriber is called on the loop's thread, once for each event of the classes it named, and must return at once: it appends to a
bounded ring or marks something for the next frame. One that raises is reported and never keeps the others from hearing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, overload

from chainbot_desktop.core.events.envelope import Event, Recorded

_log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
Subscriber = Callable[[Recorded[Any]], None]


class Subscription:
    """Ends with `cancel`, after which the subscriber is not called again. Cancelling twice is harmless."""

    def __init__(self, bus: EventBus, subscriber: Subscriber, classes: tuple[type[Event], ...]) -> None:
        self._bus = bus
        self.subscriber = subscriber
        self.classes = classes

    def cancel(self) -> None:
        self._bus.remove(self)


class EventBus:
    """Use on the loop's thread only."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._routes: dict[type[Event], tuple[Subscription, ...]] = {}

    @overload
    def subscribe(self, subscriber: Callable[[Recorded[E]], None], event_class: type[E], /) -> Subscription: ...
    @overload
    def subscribe(self, subscriber: Subscriber, /, *classes: type[Event]) -> Subscription: ...
    def subscribe(self, subscriber: Callable[[Recorded[Any]], None], /, *classes: type[Event]) -> Subscription:
        """Call `subscriber` for events of `classes` and of their subclasses; for every event if none is named."""
        subscription = Subscription(self, subscriber, classes or (Event,))
        self._subscriptions.append(subscription)
        self._routes.clear()
        return subscription

    def publish(self, batch: Sequence[Recorded[Any]]) -> None:
        """Deliver what the journal has just committed."""
        for recorded in batch:
            for subscription in self._route(type(recorded.event)):
                try:
                    subscription.subscriber(recorded)
                except Exception:
                    _log.exception("a subscriber of %s failed", recorded.event.type)

    def _route(self, cls: type[Event]) -> tuple[Subscription, ...]:
        route = self._routes.get(cls)
        if route is None:
            route = tuple(s for s in self._subscriptions if issubclass(cls, s.classes))
            self._routes[cls] = route
        return route

    def remove(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            self._routes.clear()
