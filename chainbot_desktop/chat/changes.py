"""Who looks at conversations hears when something about one is different, whoever did it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainbot_desktop.core.bus import EventBus
from chainbot_desktop.core.events import (
    ConversationBranched,
    ConversationChanged,
    ConversationCleared,
    ConversationCreated,
    ConversationDeleted,
    ConversationRenamed,
    ConversationsImported,
    MessageChanged,
    MessagePosted,
    Recorded,
)
from chainbot_desktop.core.listeners import Listeners

_OfConversations = (
    ConversationBranched
    | ConversationChanged
    | ConversationCleared
    | ConversationCreated
    | ConversationDeleted
    | ConversationRenamed
)


@dataclass(frozen=True, slots=True)
class Change:
    """Something about a conversation is different. `message_id` where a message was posted, `changed_id` where one is different."""

    conversation_id: str
    message_id: str = ""
    changed_id: str = ""


class Changes:
    """What the journal tells and what is told directly, for the listeners. Use on the loop's thread until `close`."""

    def __init__(self, bus: EventBus) -> None:
        self._listeners: Listeners[[Change]] = Listeners()
        self.on_answer: Callable[[str, str], None] | None = None
        """Hears of what agents say: the conversation's id and the message's."""
        self._subscriptions = (
            bus.subscribe(
                self._on_conversation,
                ConversationBranched,
                ConversationChanged,
                ConversationCleared,
                ConversationCreated,
                ConversationDeleted,
                ConversationRenamed,
            ),
            bus.subscribe(self._on_posted, MessagePosted),
            bus.subscribe(self._on_changed, MessageChanged),
            # Many conversations at once: the change names none, and a list reads itself anew.
            bus.subscribe(lambda _: self.tell(Change("")), ConversationsImported),
        )

    def close(self) -> None:
        for subscription in self._subscriptions:
            subscription.cancel()

    def add(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Returns what ends it."""
        return self._listeners.add(listener)

    def tell(self, change: Change) -> None:
        self._listeners.tell(change)

    def _on_conversation(self, recorded: Recorded[_OfConversations]) -> None:
        self.tell(Change(recorded.event.data.conversation_id))

    def _on_posted(self, recorded: Recorded[MessagePosted]) -> None:
        data = recorded.event.data
        self.tell(Change(data.conversation_id, data.message_id))
        if self.on_answer is not None and data.author.startswith("agent:"):
            self.on_answer(data.conversation_id, data.message_id)

    def _on_changed(self, recorded: Recorded[MessageChanged]) -> None:
        self.tell(Change(recorded.event.data.conversation_id, changed_id=recorded.event.data.message_id))
