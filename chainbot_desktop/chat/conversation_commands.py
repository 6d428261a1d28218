"""The slash commands about the conversation they are typed in: /rename, /branch, /fork, /members, /order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from chainbot_desktop.chat.addressing import at_name, find_agent
from chainbot_desktop.chat.commands import (
    Answer,
    Argument,
    Choice,
    CommandRegistry,
    CommandSpec,
    Invocation,
    OpenWindow,
    Place,
    Run,
)
from chainbot_desktop.chat.links import panel_link
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.core.errors import InvalidInput, NotFound
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.ports import TalkAgent
from chainbot_desktop.store.conversation_rows import Conversation, Message, TurnOrder

ORDERS: dict[TurnOrder, str] = {
    "lead": "the lead answers what names nobody",
    "round_robin": "the members answer by turns",
    "all": "all members answer at once",
}


class Conversations(Protocol):
    """What these commands need of the conversations."""

    async def conversation(self, conversation_id: str) -> Conversation: ...

    async def before(self, conversation_id: str, number: int | None, limit: int) -> list[Message]: ...

    async def branch(self, conversation_id: str, message_id: str, *, actor: Actor | None = None) -> Conversation: ...

    async def fork(self, conversation_id: str, *, actor: Actor | None = None) -> Conversation: ...

    async def update(
        self,
        conversation_id: str,
        *,
        title: str | None = None,
        lead: str | None = None,
        members: Sequence[str] | None = None,
        turn_order: TurnOrder | None = None,
        actor: Actor | None = None,
    ) -> Conversation: ...


class ConversationCommands:
    """`agents` are those that can take part; there are none where no agents can run."""

    def __init__(self, chat: Conversations, agents: Callable[[], Sequence[TalkAgent]] | None) -> None:
        self._chat = chat
        self._agents = agents

    def register_in(self, registry: CommandRegistry) -> None:
        def add(name: str, text: str, arguments: tuple[Argument, ...], examples: tuple[str, ...], run: Run) -> None:
            registry.register(CommandSpec(name, text, arguments, examples, "Conversation"), run)

        title = Argument("title", required=True, rest=True)
        add("rename", "Give this conversation another name.", (title,), ("/rename Garden sensors",), self.rename)
        back = Argument("messages back")
        text = "Go on from an earlier message in a branch: the newest one, or so many before it."
        add("branch", text, (back,), ("/branch", "/branch 4"), self.branch)
        add("fork", "Go on with all of this conversation in another one.", (), ("/fork",), self.fork)
        if self._agents is None:
            return
        members = Argument("@agents", many=True, kinds=("worker",), choices=("none",))
        examples: tuple[str, ...] = ("/members", "/members @Ada @Bob", "/members none")
        add("members", "Who takes part here; with names, they do from now on.", (members,), examples, self.members)
        order = Argument("order", offers=lambda: [Choice(name, told) for name, told in ORDERS.items()])
        examples = ("/order", "/order round_robin")
        add("order", "Who answers what names nobody: lead, round_robin or all.", (order,), examples, self.order)

    async def rename(self, invocation: Invocation, place: Place) -> Answer:
        renamed = await self._chat.update(place.conversation_id, title=invocation.given["title"], actor=place.actor)
        return Answer(f"This conversation is called **{escape_markdown(renamed.title)}** now.")

    async def branch(self, invocation: Invocation, place: Place) -> Answer:
        back = invocation.given.get("messages back", "0")
        if not back.isdecimal() or int(back) > _MOST_BACK:
            raise InvalidInput(f"{back!r} is no number of messages.", hint="Write /branch 4 for the fourth from the end.")
        # What was asked of the panel itself is not counted: a person means what was said.
        said = [
            m for m in await self._chat.before(place.conversation_id, None, _LOOKED_AT) if m.kind == "text" and not m.thread
        ]
        if len(said) <= int(back):
            raise NotFound(f"There are only {len(said)} messages to go back to.", hint="/fork takes all of them.")
        message = said[-1 - int(back)]
        made = await self._chat.branch(place.conversation_id, message.id, actor=place.actor)
        return _opened(made)

    async def fork(self, invocation: Invocation, place: Place) -> Answer:
        return _opened(await self._chat.fork(place.conversation_id, actor=place.actor))

    async def members(self, invocation: Invocation, place: Place) -> Answer:
        agents = self._here()
        names = invocation.words("@agents")
        if not names:
            return Answer(self._members_words(await self._chat.conversation(place.conversation_id)))
        chosen = [] if names == ["none"] else [find_agent(name, agents).id for name in names]
        known = await self._chat.conversation(place.conversation_id)
        lead = known.lead if known.lead in chosen or not chosen else chosen[0]
        changed = await self._chat.update(
            place.conversation_id, members=tuple(dict.fromkeys(chosen)), lead=lead, actor=place.actor
        )
        return Answer(self._members_words(changed))

    async def order(self, invocation: Invocation, place: Place) -> Answer:
        wanted = invocation.given.get("order", "").lower().replace("-", "_")
        if not wanted:
            known = await self._chat.conversation(place.conversation_id)
            return Answer(f"The order is `{known.turn_order}`: {ORDERS[known.turn_order]}.")
        order = next((each for each in ORDERS if each == wanted), None)
        if order is None:
            raise InvalidInput(f"There is no order {wanted!r}.", hint=f"Orders are {', '.join(ORDERS)}.", code="bad_argument")
        await self._chat.update(place.conversation_id, turn_order=order, actor=place.actor)
        return Answer(f"The order is `{order}` now: {ORDERS[order]}.")

    def _here(self) -> Sequence[TalkAgent]:
        return self._agents() if self._agents is not None else ()

    def _members_words(self, conversation: Conversation) -> str:
        names = {agent.id: agent.name for agent in self._here()}
        if not conversation.members:
            lead = names.get(conversation.lead)
            return f"Nobody was chosen to take part; {at_name(lead)} leads." if lead else "Nobody was chosen to take part."
        shown = [
            f"[{escape_markdown(names.get(member, member))}]({panel_link('agent-map', {'agent_id': member})})"
            + (" (lead)" if member == conversation.lead else "")
            for member in conversation.members
        ]
        return (
            f"Here take part: {', '.join(shown)}. The order is `{conversation.turn_order}`: {ORDERS[conversation.turn_order]}."
        )


_MOST_BACK = 500
_LOOKED_AT = 2000


def _opened(made: Conversation) -> Answer:
    return Answer(open=OpenWindow("chat", {"conversation_id": made.id}))
