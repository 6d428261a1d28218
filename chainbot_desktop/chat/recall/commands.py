"""The slash commands of recall: /recall, /remember, /forget and /summarise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from chainbot_desktop.chat.commands import Answer, Argument, CommandRegistry, CommandSpec, Invocation, Place
from chainbot_desktop.chat.links import panel_link
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.plain_words import without_markup
from chainbot_desktop.chat.recall.excerpts import one_line
from chainbot_desktop.chat.recall.notes import NotesService
from chainbot_desktop.chat.recall.service import RecallService
from chainbot_desktop.chat.recall.summarising import Summarising
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.ports import TalkRecall
from chainbot_desktop.store.memories import Memory

_SHOWN = 10
_OFFERED = 20
_NUMBER = re.compile(r"#?(\d{1,12})(?:\s.*)?", re.DOTALL)
_BY_WORDS = "Texts are compared by their words alone: the optional extra `recall` compares their meaning too."


class RecallCommands:
    """Without `summarising` there is no /summarise. `refresh` when a note came, went or is another: completion offers them."""

    def __init__(self, recall: RecallService, notes: NotesService, summarising: Summarising | None) -> None:
        self._recall = recall
        self._notes = notes
        self._summarising = summarising
        self._offered: Sequence[str] = ()

    async def refresh(self) -> None:
        """Learn which notes completion may offer."""
        self._offered = [f"{note.number} {one_line(note.text, 60)}" for note in await self._notes.listed(limit=_OFFERED)]

    def register_in(self, registry: CommandRegistry) -> None:
        words = Argument("words", raw=True)
        text = "What would be recalled for these words, with links; without words, the notes."
        registry.register(
            CommandSpec("recall", text, (words,), ("/recall when does the backup run", "/recall"), "Conversation"), self.recall
        )
        note = Argument("text", required=True, raw=True)
        text = "Keep a note that is recalled in every conversation."
        registry.register(
            CommandSpec("remember", text, (note,), ("/remember The backup runs at 2",), "Conversation"), self.remember
        )
        which = Argument("note", required=True, raw=True, offers=lambda: self._offered)
        text = "Forget a note, by its number or by words of it."
        registry.register(
            CommandSpec("forget", text, (which,), ("/forget 3", "/forget backup runs"), "Conversation"), self.forget
        )
        if self._summarising is None:
            return
        what = Argument("what", choices=("stop", "undo"), strict=True)
        text = "Let a model sum up the older messages of this conversation; stop it, or undo the summary that stands."
        examples = ("/summarise", "/summarise stop", "/summarise undo")
        registry.register(CommandSpec("summarise", text, (what,), examples, "Conversation"), self.summarise)

    async def recall(self, invocation: Invocation, place: Place) -> Answer:
        words = invocation.given.get("words", "").strip()
        if not words:
            return Answer(await self._all_notes())
        found = await self._recall.find(words, limit=_SHOWN)
        hint = "" if self._recall.by_meaning else f"\n\n{_BY_WORDS}"
        if not found:
            return Answer(f"Nothing that fits “{escape_markdown(one_line(words, 80))}” was said, noted or found.{hint}")
        return Answer("\n".join([await self._line(each) for each in found]) + hint)

    async def remember(self, invocation: Invocation, place: Place) -> Answer:
        _refuse_agents(place)
        kept = await self._notes.remember(invocation.given["text"], actor=place.actor, conversation_id=place.conversation_id)
        await self.refresh()
        number = kept.note.number
        if not kept.new:
            return Answer(f"This is note {number} already.")
        return Answer(f"Remembered as note {number}. `/forget {number}` takes it away.")

    async def forget(self, invocation: Invocation, place: Place) -> Answer:
        _refuse_agents(place)
        note = await self._meant(invocation.given["note"].strip())
        undoable = await self._notes.forget(note.id, actor=place.actor)
        await self.refresh()
        return Answer(f"Note {note.number} is forgotten: {_shown(note)}", undoable=undoable)

    async def summarise(self, invocation: Invocation, place: Place) -> Answer:
        _refuse_agents(place)
        assert self._summarising is not None
        what = invocation.given.get("what", "")
        if what == "stop":
            return Answer(self._summarising.stop(place.conversation_id))
        if what == "undo":
            return Answer(await self._summarising.undo(place.conversation_id))
        under_way = self._summarising.under_way(place.conversation_id)
        if under_way:
            return Answer(under_way)
        begin = partial(self._summarising.begin, place.conversation_id)
        return Answer(
            "The older messages are being summarised; `/summarise stop` ends it. Nothing is deleted by it.", after=begin
        )

    async def _meant(self, given: str) -> Memory:
        match = _NUMBER.fullmatch(given)
        if match is not None:
            return await self._notes.numbered(int(match[1]))
        found = await self._notes.search(given, limit=_SHOWN)
        if not found:
            raise NotFound(
                f"No note has the words {one_line(given, 80)!r}.", hint="/recall shows the notes.", code="no_such_note"
            )
        if len(found) > 1:
            numbers = "; ".join(f"{note.number}: {one_line(without_markup(note.text), 40)}" for note in found)
            raise InvalidInput(
                f"Several notes have these words: {numbers}.", hint="Name one by its number.", code="several_notes"
            )
        return found[0]

    async def _line(self, found: TalkRecall) -> str:
        title = escape_markdown(found.title)
        place = await self._recall.place_of(found.ref)
        if place is not None:
            title = f"[{title}]({panel_link(place.window, {name: str(value) for name, value in place.content.items()})})"
        return f"- {title}  \n  {escape_markdown(one_line(found.text, 240))}"

    async def _all_notes(self) -> str:
        notes = await self._notes.listed(limit=_SHOWN)
        if not notes:
            return "Nothing is remembered yet. `/remember text` keeps a note; `/recall words` looks among all that was said."
        count = await self._notes.count()
        more = f"\n\nThese are the newest of {count:,} notes." if count > len(notes) else ""
        return "\n".join(f"- **{note.number}** {_shown(note)}" for note in notes) + more


def _shown(note: Memory) -> str:
    return escape_markdown(one_line(without_markup(note.text), 240))


def _refuse_agents(place: Place) -> None:
    """A note of an agent would speak to every other one from then on: that is for a person to want."""
    if place.actor.startswith("agent:"):
        raise ChainBotError("Agents cannot use this command.", code="not_for_agents")
