"""The slash commands that need no agent: /help, /status, /open, /find, /clear, /export."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from chainbot_desktop.chat.commands import (
    GROUPS,
    Answer,
    Argument,
    Choice,
    CommandRegistry,
    CommandSpec,
    Group,
    Invocation,
    OpenWindow,
    Place,
    Run,
    Undoable,
)
from chainbot_desktop.chat.links import panel_link
from chainbot_desktop.chat.markdown import escape_markdown
from chainbot_desktop.chat.offered_commands import Offered, OfferedCommands
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import Event
from chainbot_desktop.core.events.envelope import Recorded
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import EventQuery, Journal
from chainbot_desktop.store.conversation_rows import MARK_BEGIN, MARK_END, Conversation, Hit

WINDOWS = {"map": "agent-map", "code": "code-agent", "chat": "chat", "watch": "watchtower"}
_OTHER_NAMES = {
    "agents": "map",
    "agent-map": "map",
    "code-agent": "code",
    "editor": "code",
    "watchtower": "watch",
    "logs": "watch",
}
FORMATS = ("markdown", "json", "html")
_FOUND = 10
_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&]")
_LINE = re.compile(r"^(?P<path>.+?):(?P<line>\d{1,7})$")


@dataclass(frozen=True, slots=True)
class StatusProbes:
    """Where /status gets its figures: each is asked at the moment it is typed."""

    blockers: Callable[[], Sequence[str]]
    link: Callable[[], LinkStatus]
    agents: Callable[[], int]


class ChatActions(Protocol):
    """What the commands need of the conversations."""

    async def find(self, words: str, limit: int) -> list[Hit]: ...

    async def titled(self, words: str) -> list[Conversation]: ...

    async def clear(self, conversation_id: str) -> Undoable: ...

    async def export(self, conversation_id: str, form: str, path: str) -> Path: ...


class BuiltinCommands:
    """`workspace` is the folder that the Code Agent window has open, if any: /open looks for files there."""

    def __init__(self, chat: ChatActions, journal: Journal, status: StatusProbes, workspace: Callable[[], Path | None]) -> None:
        self._chat = chat
        self._journal = journal
        self._status = status
        self._workspace = workspace

    def register_in(self, registry: CommandRegistry, offered: OfferedCommands) -> None:
        self._registry = registry
        self._offered = offered
        command = Argument("command", offers=lambda: [Choice(spec.name, spec.help) for spec in registry.specs])
        target = Argument("target", required=True, choices=tuple(WINDOWS), rest=True, kinds=("file", "conversation"))
        words = Argument("words", required=True, rest=True)
        form = Argument("format", choices=FORMATS, strict=True)
        path = Argument("path", rest=True)

        def add(
            name: str, text: str, arguments: tuple[Argument, ...], examples: tuple[str, ...], run: Run, group: Group
        ) -> None:
            reads = name in ("help", "status", "find")
            registry.register(CommandSpec(name, text, arguments, examples, group, for_agents=reads), run)

        add("help", "What can be typed here.", (command,), ("/help", "/help export"), self.help, "Panel")
        add("status", "How the panel and its link to ALEX OS are.", (), ("/status",), self.status, "Panel")
        examples = ("/open watch", "/open src/main.py:42", '/open "Garden sensors"')
        add("open", "Go to a window, a file or a conversation.", (target,), examples, self.open, "Panel")
        add("find", "Search all messages and events.", (words,), ("/find backup failed",), self.find, "Conversation")
        add("clear", "Empty this conversation; it can be undone.", (), ("/clear",), self.clear, "Conversation")
        examples = ("/export", "/export json", "/export html ~/talk.html")
        add("export", "Save this conversation as a file.", (form, path), examples, self.export, "Conversation")

    async def help(self, invocation: Invocation, place: Place) -> Answer:
        name = invocation.given.get("command", "")
        theirs = self._offered.all()
        if name and (known := [each for each in theirs if each.command.name == name.removeprefix("/")]):
            return Answer("\n\n".join(_told(each) for each in known))
        if name:
            spec = self._registry.spec(name)
            examples = "\n".join(f"    {example}" for example in spec.examples)
            return Answer(f"`{spec.usage}`\n\n{spec.help} For example:\n\n{examples}")
        groups = [_group_text(group, [spec for spec in self._registry.specs if spec.group == group]) for group in GROUPS]
        told = "\n".join(["**Commands of agents**", "", *(f"- {_told(each)}" for each in theirs)]) if theirs else ""
        broken = [f"- `/{name.replace('`', '')}`: {escape_markdown(why)}" for name, why in self._registry.broken.items()]
        lost = "\n".join(["**Installed, and broken**", "", *broken]) if broken else ""
        parts = [*groups, told, lost, "`/help command` shows examples."]
        return Answer("\n\n".join(part for part in parts if part))

    async def status(self, invocation: Invocation, place: Place) -> Answer:
        blockers = self._status.blockers()
        link = self._status.link()
        agents = self._status.agents()
        rows = [
            ("Health", "good" if not blockers else " ".join(escape_markdown(reason) for reason in blockers)),
            ("ALEX OS", _link_text(link)),
            ("Agents", f"{agents} known" if agents else "none yet"),
            ("Journal", f"{self._journal.head_seq:,} events"),
        ]
        if link.outbox_pending or link.outbox_given_up:
            rows.append(("Outbox", f"{link.outbox_pending:,} waiting, {link.outbox_given_up:,} given up"))
        return Answer("\n".join(f"- **{name}:** {value}" for name, value in rows))

    async def open(self, invocation: Invocation, place: Place) -> Answer:
        target = invocation.given["target"].strip()
        window = WINDOWS.get(_OTHER_NAMES.get(target.lower(), target.lower()))
        if window is not None:
            return Answer(open=OpenWindow(window))
        file = self._file(target)
        if file is not None:
            return Answer(open=OpenWindow("code-agent", file))
        found = await self._chat.titled(target)
        exact = [conversation for conversation in found if conversation.title.casefold() == target.casefold()] or found
        if not exact:
            raise InvalidInput(
                f"There is no window, file or conversation {target!r}.", hint=_open_hint(target), code="not_found"
            )
        return Answer(open=OpenWindow("chat", {"conversation_id": exact[0].id}))

    def _file(self, target: str) -> dict[str, object] | None:
        match = _LINE.match(target)
        name, line = (match["path"], int(match["line"])) if match is not None else (target, 0)
        root = self._workspace()
        path = Path(name).expanduser()
        if not path.is_absolute():
            if root is None:
                return None
            path = root / path
        try:
            if not path.is_file():
                return None
        except (OSError, ValueError):
            return None
        return {"path": str(path), **({"line": line} if line else {})}

    async def find(self, invocation: Invocation, place: Place) -> Answer:
        words = invocation.given["words"]
        hits = await self._chat.find(words, _FOUND)
        events = await self._journal.read(EventQuery(text=words, order="desc", limit=_FOUND))
        parts = [f"Messages and events with **{escape_markdown(words)}**:"]
        if hits:
            parts.append("**Messages**\n\n" + "\n".join(f"- {_hit_line(hit)}" for hit in hits))
        if events:
            parts.append("**Events**\n\n" + "\n".join(f"- {_event_line(recorded)}" for recorded in events))
        if len(hits) == _FOUND or len(events) == _FOUND:
            parts.append(f"The newest {_FOUND} of each are shown.")
        if not hits and not events:
            return Answer(f"No message and no event has **{escape_markdown(words)}** in it.")
        return Answer("\n\n".join(parts))

    async def clear(self, invocation: Invocation, place: Place) -> Answer:
        return Answer(undoable=await self._chat.clear(place.conversation_id))

    async def export(self, invocation: Invocation, place: Place) -> Answer:
        form = invocation.given.get("format", "markdown")
        path = await self._chat.export(place.conversation_id, form, invocation.given.get("path", ""))
        link = panel_link("code-agent", {"path": str(path)})
        return Answer(f"Saved as `{str(path).replace('`', '')}` · [Open]({link})")


def _told(offered: Offered) -> str:
    """One line of Markdown: what agents say of themselves is shown as it stands."""
    return f"{escape_markdown(offered.usage)}: {escape_markdown(offered.help)}"


def _group_text(group: str, specs: Sequence[CommandSpec]) -> str:
    if not specs:
        return ""
    return "\n".join([f"**{group}**", "", *(f"- `{spec.usage}` {_prose(spec.help)}" for spec in specs)])


def _prose(text: str) -> str:
    """Help texts are sentences; what could be more than that comes from elsewhere, and is shown as it stands."""
    return escape_markdown(text) if _MARKUP.search(text) else text


def _link_text(link: LinkStatus) -> str:
    words = {
        LinkState.REGISTERED: "registered",
        LinkState.REGISTERING: "registering",
        LinkState.UNREGISTERED: "not registered",
        LinkState.DEGRADED: "partly working",
        LinkState.RETRYING: "not reached, trying again",
        LinkState.FAILED: "not reached, trying rarely",
        LinkState.DISABLED: "switched off",
    }
    text = words[link.state] + (f" at {link.registry_url}" if link.registry_url else "")
    return escape_markdown(text) + (f": {escape_markdown(link.reason)}" if link.reason else "")


def _open_hint(target: str) -> str:
    close = get_close_matches(target.lower(), [*WINDOWS, *_OTHER_NAMES], n=1, cutoff=0.6)
    return (
        f"Did you mean /open {close[0]}?"
        if close
        else f"Windows are {', '.join(WINDOWS)}; files are looked for in the workspace."
    )


def _hit_line(hit: Hit) -> str:
    link = panel_link("chat", {"conversation_id": hit.conversation_id, "message_id": hit.message_id})
    snippet = escape_markdown(hit.snippet).replace(MARK_BEGIN, "**").replace(MARK_END, "**")
    return f"[{escape_markdown(hit.title) or 'Untitled'}]({link}), {_when(hit.created_at)}: {snippet}"


def _event_line(recorded: Recorded[Event]) -> str:
    event = recorded.event
    link = panel_link("watchtower", {"event_id": event.id})
    about = f": {escape_markdown(event.subject)}" if event.subject else ""
    return f"[{escape_markdown(event.type)}]({link}), {_when(event.time)}{about}"


def _when(time: str) -> str:
    return f"{parse_time(time).astimezone():%Y-%m-%d %H:%M}"
