"""What stands over the messages: the conversation's name, who works in it or what it has cost, and the agents that take part."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import shiboken6

from chainbot_desktop.agents.vocabulary import AgentState, state_of_word
from chainbot_desktop.chat.agent_answers import Activity
from chainbot_desktop.chat.markdown import visible
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.errors import NotFound
from chainbot_desktop.core.ports import TalkAgent
from chainbot_desktop.store.conversation_rows import Conversation, Meter
from chainbot_desktop.ui.chat.members_button import MembersButton
from chainbot_desktop.ui.chat.members_sheet import Member, MemberChoices, MembersSheet
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.widgets.header import Header

Start = Callable[[str, Coroutine[Any, Any, None]], object]


class ConversationHead:
    """`current` gives the open conversation. Belongs to one chat window; `end` when it goes."""

    def __init__(
        self,
        header: Header,
        chat: ChatService,
        themes: ThemeSource,
        current: Callable[[], Conversation | None],
        start: Start,
        *,
        on_map: Callable[[str], None],
    ) -> None:
        self._header = header
        self._chat = chat
        self._themes = themes
        self._current = current
        self._start = start
        self._on_map = on_map
        self._sheet: MembersSheet | None = None
        self._facts: dict[str, str] = {}
        """What is known of each conversation besides who works in it: where it branched off, what it has cost."""
        self._looking = False
        self._look_again = False
        self._heard: tuple[tuple[str, str], ...] = ()
        """Who worked, and at what, when somebody was last heard of: an answer grows many times a second and is no news."""
        self.members = MembersButton(themes)
        self.members.clicked.connect(self.open_members)
        self.members.setVisible(chat.answers is not None)
        header.add_action(self.members)
        self.end: Callable[[], None] = chat.answers.on_change(self._on_answers) if chat.answers is not None else lambda: None

    def refresh(self) -> None:
        """Somebody works, has ended, takes part; or another conversation is open."""
        conversation = self._current()
        self._header.set_title((visible(conversation.title) or "New conversation") if conversation else "Chat")
        members = self._members(conversation) if conversation is not None else []
        self.members.setEnabled(conversation is not None)
        self.members.show_states([member.state for member in members])
        self._header.set_subtitle(self._subtitle(conversation) if conversation is not None else "")
        if self._sheet is not None and conversation is not None:
            self._sheet.show_members(members, self._others(members), conversation.turn_order)
        self._look()

    def _on_answers(self) -> None:
        conversation = self._current()
        working = self._activity(conversation) if conversation is not None else ()
        heard = (*((each.run_id, each.words) for each in working), *((agent.id, agent.state) for agent in self._agents))
        if heard != self._heard or self._sheet is not None:
            self._heard = heard
            self.refresh()

    def open_members(self) -> None:
        conversation = self._current()
        if conversation is None or self._sheet is not None:
            return
        choices = MemberChoices(
            lead=lambda agent_id: self._update(lead=agent_id),
            add=self._add,
            remove=self._remove,
            order=lambda order: self._update(turn_order=order),
            on_map=self._on_map,
        )
        self._sheet = MembersSheet(self.members, self._themes, choices)
        self._sheet.closed.connect(self._on_sheet_closed)
        self.refresh()
        self._sheet.open()

    def _on_sheet_closed(self) -> None:
        self._sheet = None

    # Who takes part

    @property
    def _agents(self) -> Sequence[TalkAgent]:
        return self._chat.answers.addressable if self._chat.answers is not None else ()

    def _members(self, conversation: Conversation) -> list[Member]:
        lead = self._lead(conversation)
        ids = list(dict.fromkeys([*([lead] if lead else []), *conversation.members]))
        here = {agent.id: agent for agent in self._agents}
        work = {each.agent_id: each for each in self._activity(conversation)}
        return [_member(each, here.get(each), work.get(each), leads=each == lead) for each in ids]

    def _others(self, members: Sequence[Member]) -> list[tuple[str, str]]:
        taken = {member.agent_id for member in members}
        return [(agent.id, agent.name) for agent in self._agents if agent.takes_tasks and agent.id not in taken]

    def _lead(self, conversation: Conversation) -> str:
        return self._chat.answers.lead(conversation) if self._chat.answers is not None else ""

    def _activity(self, conversation: Conversation) -> Sequence[Activity]:
        return self._chat.answers.activity(conversation.id) if self._chat.answers is not None else ()

    def _add(self, agent_id: str) -> None:
        conversation = self._current()
        if conversation is not None:
            lead = self._lead(conversation)
            ids = [*([lead] if lead and lead not in conversation.members else []), *conversation.members, agent_id]
            self._update(members=tuple(dict.fromkeys(ids)), **({} if lead else {"lead": agent_id}))

    def _remove(self, agent_id: str) -> None:
        conversation = self._current()
        if conversation is not None:
            left = tuple(each for each in conversation.members if each != agent_id)
            leads = self._lead(conversation) == agent_id
            self._update(members=left, **({"lead": left[0] if left else ""} if leads else {}))

    def _update(self, **changes: Any) -> None:
        conversation = self._current()
        if conversation is not None:
            self._start("chat-members", self._change(conversation.id, changes))

    async def _change(self, conversation_id: str, changes: Mapping[str, Any]) -> None:
        await self._chat.update(conversation_id, **changes)
        if shiboken6.isValid(self._header):
            self.refresh()

    # The line under the title

    def _subtitle(self, conversation: Conversation) -> str:
        working = [f"{visible(each.name)} {each.words}" for each in self._activity(conversation)]
        if len(working) > 2:
            return f"{working[0]}, and {len(working) - 1} more at work"
        return ", ".join(working) or self._facts.get(conversation.id, "")

    def _look(self) -> None:
        """Read what it has cost: one look at a time, and one more if something happened meanwhile."""
        self._look_again = True
        if not self._looking and self._current() is not None:
            self._looking = True
            self._start("chat-head", self._look_up())

    async def _look_up(self) -> None:
        try:
            while self._look_again and (conversation := self._current()) is not None:
                self._look_again = False
                parts = [await self._stem(conversation), meter_words(await self._chat.meter(conversation.id))]
                facts = " · ".join(part for part in parts if part)
                if facts != self._facts.get(conversation.id):
                    self._facts = {conversation.id: facts}
                    now = self._current()
                    if now is not None and now.id == conversation.id and shiboken6.isValid(self._header):
                        self._header.set_subtitle(self._subtitle(now))
        except NotFound:  # deleted meanwhile: another one comes
            return
        finally:
            self._looking = False

    async def _stem(self, conversation: Conversation) -> str:
        if not conversation.branched_from:
            return ""
        try:
            stem = await self._chat.conversation(conversation.branched_from)
        except NotFound:
            return "Branch"
        return f"Branch of “{visible(stem.title) or 'New conversation'}”"


def _member(agent_id: str, agent: TalkAgent | None, work: Activity | None, *, leads: bool) -> Member:
    if agent is None:
        return Member(
            agent_id, "An agent that is gone", AgentState.UNKNOWN, "does not run here any more", leads=leads, is_gone=True
        )
    if work is not None:
        human = work.words.startswith("waits for your ")
        state = AgentState.NEEDS_INPUT if human else AgentState.WAITING if work.state != "working" else AgentState.WORKING
        return Member(agent_id, agent.name, state, work.words, leads=leads)
    if agent.guest:
        return Member(agent_id, agent.name, AgentState.IDLE, "a guest of ALEX OS", leads=leads)
    words = f"waits for {agent.waiting_for}" if agent.waiting_for else agent.activity or agent.reason or agent.state
    return Member(agent_id, agent.name, state_of_word(agent.state), visible(" ".join(words.split())), leads=leads)


def meter_words(meter: Meter) -> str:
    """Tokens and cost, as short as they can be said; "" where no model was asked."""
    tokens = meter.input_tokens + meter.output_tokens
    if not tokens:
        return ""
    count = f"{tokens:,}" if tokens < 10_000 else f"{tokens / 1000:,.0f}k" if tokens < 1_000_000 else f"{tokens / 1e6:,.1f}M"
    if meter.cost is None:
        return f"{count} tokens"
    more = " and more" if meter.unpriced_runs else ""
    return (
        f"{count} tokens, ${meter.cost:,.2f}{more}"
        if meter.cost >= 0.01 or not meter.cost
        else f"{count} tokens, under 1 ¢{more}"
    )
