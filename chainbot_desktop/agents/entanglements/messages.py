"""What passes over a link: directions and answers that reach an agent at work, notes that stay in the notebook, words for guests.

The text is private and lives in its table; the event that tells of a delivery carries size and digest. What is told to a guest
leaves the house, and with it the text.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from hashlib import sha256

from chainbot_desktop.agents.entanglements.links import Passage, Way, allows, passage, reached_by
from chainbot_desktop.agents.entanglements.people import Members
from chainbot_desktop.agents.facts import RUNTIME_SOURCE
from chainbot_desktop.agents.records import Agent, Entanglement
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput
from chainbot_desktop.core.events import AgentMessageDelivered, GuestAddressed
from chainbot_desktop.core.events.envelope import Actor
from chainbot_desktop.core.events.runs import GuestMessage, MessageFact
from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.store.agent_rows import AgentMessage
from chainbot_desktop.store.agents import AgentMessageTable

_log = logging.getLogger(__name__)

MAX_TEXT = 100_000
GUEST_TEXT = 16_384
"""Characters; what is told to a guest travels inside an event."""
NOTEBOOK_KEPT = 100_000
"""Characters of the newest notes that an agent is given to read."""
NO_ANSWER_YET = "Sent to ALEX OS, no answer yet."
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Delivered:
    """`run_id` is the run that the message reached or began; empty for a note and a guest, of whom `note` says what is known."""

    message_id: str
    recipient: str
    run_id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Whom a broadcast did not reach, and why."""

    recipient: str
    reason: str


class Messages:
    """Use on the loop's thread. A `sender` is the id of an agent, or empty where the actor, a person, speaks."""

    def __init__(self, members: Members, journal: Journal, table: AgentMessageTable) -> None:
        self._members = members
        self._journal = journal
        self._table = table

    async def tell(self, sender: str, recipient: str, text: str, *, run_id: str = "") -> Delivered:
        """From one agent to another by id or name, over whichever link of theirs allows it."""
        links = self._members.directory.entanglements_of(sender)
        known = tuple(dict.fromkeys(member for link in links if allows(link) for member in link.agents if member != sender))
        target = self._members.among(known, recipient)
        return await self._pass(passage(links, sender, target), sender, target, text, f"agent:{sender}", run_id)

    async def send(self, link: Entanglement, sender: str, recipient: str, text: str, *, actor: Actor) -> Delivered:
        """To one member of `link`."""
        _refuse_wordless(link)
        target = self._members.among(link.agents, recipient)
        if sender:
            return await self._pass(passage((link,), sender, target), sender, target, text, actor, "")
        return await self._pass(Passage(link, "note" if link.kind == "data" else "told"), "", target, text, actor, "")

    async def broadcast(
        self, link: Entanglement, sender: str, text: str, *, actor: Actor
    ) -> tuple[list[Delivered], list[Refused]]:
        """To all that `sender` reaches. One that cannot be reached does not keep the others from it; Conflict if none can."""
        _refuse_wordless(link)
        targets = reached_by(link, sender)
        if link.kind == "data":  # a notebook has one page for all
            return [await self._note(link, sender, text, actor, "")], []
        delivered: list[Delivered] = []
        refused: list[Refused] = []
        for target in targets:
            try:
                delivered.append(await self.send(link, sender, target, text, actor=actor))
            except InvalidInput:
                raise
            except ChainBotError as error:
                refused.append(Refused(target, str(error)))
        if not delivered:
            raise Conflict("It reached nobody.", hint=" ".join(item.reason for item in refused)[:500], code="unreached")
        return delivered, refused

    async def keep(
        self, link: Entanglement, sender: str, recipient: str, kind: Way | str, text: str, actor: Actor, run_id: str
    ) -> AgentMessage:
        """Note what passed (or an answer that came) and tell of it."""
        message = self._new(link.id, sender or actor, recipient or actor, kind, text, run_id)
        await self._add(message, recipient or sender, actor)
        return message

    def _new(
        self, link: str, sender: str, recipient: str, kind: str, text: str, run_id: str = "", conversation_id: str = ""
    ) -> AgentMessage:
        return AgentMessage(
            0, new_id(), link, sender, recipient, kind, _clean(text), run_id, utc_now(), conversation_id=conversation_id
        )

    async def _add(self, message: AgentMessage, subject: str, actor: Actor) -> None:
        body = message.text.encode()
        fact = MessageFact.model_validate(
            {
                "message_id": message.id,
                "entanglement_id": message.entanglement_id,
                "sender": message.sender,
                "recipient": message.recipient,
                "kind": message.kind,
                "size": len(body),
                "sha256": sha256(body).hexdigest(),
                "run_id": message.run_id,
            }
        )
        event = AgentMessageDelivered(source=RUNTIME_SOURCE, subject=subject, actor=actor, data=fact)
        await self._table.add(message, event)

    async def of_link(self, link: Entanglement, *, since: int = 0, limit: int = _PAGE) -> list[AgentMessage]:
        return await self._table.of_entanglement(link.id, since=since, limit=limit)

    async def has_answer(self, link: Entanglement, run_id: str) -> bool:
        """Whether the answer of a run was kept."""
        return any(message.kind == "answer" and message.run_id == run_id for message in await self._all(link))

    async def notebook(self, agent_id: str) -> str:
        """The newest notes of the agent's data links, oldest first, under the name of each link."""
        parts: list[str] = []
        for link in self._members.directory.entanglements_of(agent_id):
            if allows(link) and link.kind == "data":
                notes = [message for message in await self._all(link) if message.kind == "note"]
                lines = [f"[{note.created_at}] {self._members.name(note.sender)}: {note.text}" for note in notes]
                parts.append("\n".join([f"# {link.name or link.id}", *_newest(lines)]))
        return "\n\n".join(parts)

    async def note(self, agent_id: str, text: str, *, run_id: str = "") -> Delivered:
        """Into the notebook of each data link of the agent; the last note. Conflict where it has none."""
        links = [link for link in self._members.directory.entanglements_of(agent_id) if allows(link) and link.kind == "data"]
        if not links:
            raise Conflict(
                "There is no data link with a notebook.", hint="A person makes one between two agents.", code="no_data_link"
            )
        return [await self._note(link, agent_id, text, f"agent:{agent_id}", run_id) for link in links][-1]

    async def forget(self, entanglement_id: str) -> None:
        await self._table.forget(entanglement_id)

    async def _all(self, link: Entanglement) -> list[AgentMessage]:
        found: list[AgentMessage] = []
        while True:
            page = await self._table.of_entanglement(link.id, since=found[-1].number if found else 0, limit=_PAGE)
            found += page
            if len(page) < _PAGE:
                return found

    async def _pass(self, way: Passage, sender: str, recipient: str, text: str, actor: Actor, run_id: str) -> Delivered:
        if way.way == "note":
            return await self._note(way.link, sender, text, actor, run_id)
        _refuse_text(text)
        agent = self._members.agent(recipient)
        if agent.guest:
            conversation_id = (await self._members.runtime.run(run_id)).conversation_id if run_id else ""
            return await self._to_guest(way, sender, agent, text, actor, conversation_id)
        reached = await self._to_own(way, sender, agent, text, actor, run_id)
        message = await self.keep(way.link, sender, recipient, way.way, text, actor, reached)
        return Delivered(message.id, recipient, reached)

    async def _note(self, link: Entanglement, sender: str, text: str, actor: Actor, run_id: str) -> Delivered:
        _refuse_text(text)
        message = await self.keep(link, sender, link.id, "note", text, actor, run_id)
        return Delivered(message.id, link.id, "")

    async def _to_own(self, way: Passage, sender: str, agent: Agent, text: str, actor: Actor, run_id: str) -> str:
        """The id of the run that it reached, or that it began: then as a run that the sender's run caused."""
        reason = self._members.why_no_task(agent.id)
        if reason:
            raise Conflict(f"{agent.name} cannot be told anything now. {reason}", code="unreached")
        runtime = self._members.runtime
        named = f"{_HEADINGS[way.way].format(name=self._members.name(sender))}\n\n{text}" if sender else text
        live = runtime.live(agent.id)
        if live is not None and live.run_id:
            return await runtime.message(agent.id, named, actor=actor)
        context = {"entanglement": way.link.name or way.link.id, "from": self._members.name(sender)} if sender else {}
        return await runtime.execute(agent.id, named, actor=actor, context=context, parent_run_id=run_id)

    async def ask_guest(self, guest: Agent, text: str, *, conversation_id: str, actor: Actor) -> str:
        """Over no link, out of a conversation if that is not empty; the id of the message."""
        _refuse_text(text)
        _refuse_long(text)
        message = self._new("", actor, guest.id, "told", text, conversation_id=conversation_id)
        await self._add(message, guest.id, actor)
        await self._send_to_guest(message, guest, actor, actor)
        return message.id

    async def keep_answer(self, question: AgentMessage, text: str, event_id: str) -> AgentMessage:
        """What a guest answered. It has the id of the event that told of it, so that it is kept once."""
        message = replace(
            self._new(question.entanglement_id, question.recipient, question.sender, "answer", text),
            id=event_id,
            in_reply_to=question.id,
            conversation_id=question.conversation_id,
        )
        await self._add(message, question.recipient, f"agent:{question.recipient}"[:206])
        return message

    async def _to_guest(
        self, way: Passage, sender: str, guest: Agent, text: str, actor: Actor, conversation_id: str
    ) -> Delivered:
        _refuse_long(text)
        message = self._new(way.link.id, sender or actor, guest.id, way.way, text, conversation_id=conversation_id)
        await self._add(message, guest.id, actor)
        await self._send_to_guest(message, guest, self._members.name(sender) if sender else actor, actor)
        return Delivered(message.id, guest.id, "", NO_ANSWER_YET)

    async def _send_to_guest(self, message: AgentMessage, guest: Agent, sender_name: str, actor: Actor) -> None:
        told = GuestMessage(
            message_id=message.id,
            agent_id=guest.id,
            agent_name=guest.name[:300],
            sender=message.sender,
            sender_name=sender_name[:300],
            entanglement_id=message.entanglement_id,
            conversation_id=message.conversation_id,
            text=message.text,
        )
        await self._journal.append(GuestAddressed(source=RUNTIME_SOURCE, subject=guest.id, actor=actor, data=told))


_HEADINGS = {"told": "{name} directs you:", "answer": "{name} answers you:"}


def _refuse_text(text: str) -> None:
    if not text.strip():
        raise InvalidInput("The message is empty.", code="empty_message")
    if len(text) > MAX_TEXT:
        raise InvalidInput(f"A message has at most {MAX_TEXT:,} characters.", hint="Put it into a file.", code="text_too_long")


def _refuse_long(text: str) -> None:
    if len(text) > GUEST_TEXT:
        raise InvalidInput(f"A guest can be told at most {GUEST_TEXT:,} characters at a time.", code="text_too_long")


def _refuse_wordless(link: Entanglement) -> None:
    if link.kind == "dependency":
        raise Conflict(
            "Over a dependency nothing is said: it only waits.", hint="Use a control or a data link.", code="no_messages"
        )


def _clean(text: str) -> str:
    # Half characters that a model or a program made up have no UTF-8.
    return text.encode("utf-8", "replace").decode()


def _newest(lines: list[str]) -> list[str]:
    room = NOTEBOOK_KEPT
    for index in range(len(lines) - 1, -1, -1):
        room -= len(lines[index]) + 1
        if room < 0:
            return [f"({index + 1} earlier notes are left out)", *lines[index + 1 :]]
    return lines
