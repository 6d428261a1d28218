"""What the composer knows of agents: whom a text is for, who of them works, which names there are; and how their answers end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from chainbot_desktop.chat.addressing import complete_mention
from chainbot_desktop.chat.commands import Completion
from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.ports import AgentCommand, TalkAgent
from chainbot_desktop.store.conversation_rows import Conversation
from chainbot_desktop.ui.chat.composer import PLACEHOLDER, Composer

_LOOKED_AT = 20_000
"""Characters of a text in which names are looked for while it is typed."""

_NO_AGENT = "No agent is here to answer yet. Your message is kept, and slash commands work: type / to see them."
_NO_AGENT_YET = "No agent runs here yet, so nobody was asked. /spawn starts one; your message is kept."
_NOBODY_ASKED = "Nobody was asked. Type @ and choose an agent; your message is kept."


class AgentSide:
    """`current` gives the open conversation. Belongs to one chat window; `end` when it goes."""

    def __init__(
        self,
        chat: ChatService,
        composer: Composer,
        current: Callable[[], Conversation | None],
        start: Callable[[str, Coroutine[Any, Any, None]], object],
    ) -> None:
        self._chat = chat
        self._composer = composer
        self._current = current
        self._start = start
        self._offered: list[tuple[str, tuple[AgentCommand, ...]]] = []
        self.end: Callable[[], None] = _nothing
        if chat.answers is not None:
            composer.complete_names = self._names
            composer.working = self._working
            self.end = chat.answers.on_change(self.refresh)

    def hint(self) -> str:
        """What to say under a first message that nobody answers."""
        if self._chat.answers is None:
            return _NO_AGENT
        return "" if self._lead else _NOBODY_ASKED if self._agents else _NO_AGENT_YET

    def refresh(self) -> None:
        """An agent, or who leads the conversation, is different."""
        self._composer.look_who_works()
        offered = [(agent.id, agent.commands) for agent in self._agents]
        if offered != self._offered:
            self._offered = offered
            self._composer.offer_again()
        lead = next((agent.name for agent in self._agents if agent.id == self._lead), "")
        if lead:
            self._composer.set_placeholder(f"Message {visible(lead)}, @agent or /command")
        else:
            self._composer.set_placeholder("Message, @agent or /command" if self._agents else PLACEHOLDER)

    def stop(self, run_id: str) -> None:
        answers = self._chat.answers
        if answers is not None:
            self._start("chat-stop", answers.stop(run_id, actor=self._chat.me))

    def stop_all_here(self) -> None:
        """Stop every answer of the open conversation."""
        answers, conversation = self._chat.answers, self._current()
        if answers is not None and conversation is not None:
            for stream in answers.of(conversation.id):
                self.stop(stream.run_id)

    @property
    def _agents(self) -> Sequence[TalkAgent]:
        return self._chat.answers.agents if self._chat.answers is not None else ()

    @property
    def _addressable(self) -> Sequence[TalkAgent]:
        return self._chat.answers.addressable if self._chat.answers is not None else ()

    @property
    def _lead(self) -> str:
        answers, conversation = self._chat.answers, self._current()
        return answers.lead(conversation) if answers is not None and conversation is not None else ""

    def _names(self, text: str, caret: int) -> Sequence[Completion]:
        if text and self._composer.edit.hasFocus():
            self._chat.offered.expect(text, self._lead)
        return self._chat.offered.complete(text, caret) or complete_mention(text, caret, self._addressable)

    def _working(self, text: str) -> str:
        """Who of those that a text is for is at work."""
        conversation = self._current()
        if conversation is None:
            return ""
        try:
            meant = self._chat.meant(text[:_LOOKED_AT], conversation)
        except InvalidInput:  # a name and no task yet: it is still being written
            return ""
        names = [agent.name for agent in meant.agents if agent.run_id] if meant is not None else []
        return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more" if names else ""


def _nothing() -> None:
    return
