"""What one room of the house needs of another: protocols, implemented below or beside, handed over by `app/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar

from chainbot_desktop.core.events.agents import RuntimeState
from chainbot_desktop.core.events.envelope import Actor, Event, Recorded
from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.core.link import LinkStatus

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A key that a caller gave to a request. `scope` names the caller, `digest` the body (SHA-256, hex)."""

    scope: str
    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to read. `since` is exclusive: events after it in the asked order (before it, newest first)."""

    since: int | None = None
    limit: int = 100
    types: tuple[str, ...] = ()
    subject: str | None = None
    source: str | None = None
    actor: str | None = None
    """Who caused it; a kind of actor where it ends with a colon: `user:`."""
    severities: tuple[str, ...] = ()
    attention: bool | None = None
    """Whether `requires_attention` must be set (or not)."""
    text: str = ""
    """Words that must all occur (full text over type, source, subject and data)."""
    after: str | None = None
    """Inclusive RFC 3339 bounds on `time`."""
    before: str | None = None
    order: Literal["asc", "desc"] = "asc"


@dataclass(frozen=True, slots=True)
class JournalEnds:
    """The oldest event that is kept, and the newest. `first_seq` is above 1 where older ones were pruned."""

    first_seq: int
    first_time: str
    last_seq: int
    last_time: str


ChainFault = Literal["", "changed", "missing", "reordered", "broken_link", "truncated", "rehashed", "checkpoint"]
"""What is wrong with a chain. `rehashed`: written anew, with hashes that fit; `checkpoint`: what vouches for it was changed."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known from outside of the journal: at `time` (RFC 3339) its event `seq` was its newest, and had `hash`."""

    seq: int
    hash: str
    time: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """The outcome of verifying the hash chain: how many events were checked, and the first `seq` that does not fit."""

    ok: bool
    checked: int
    broken_at: int | None = None
    reason: str = ""
    fault: ChainFault = ""
    first_seq: int = 1
    """Where the journal begins: above 1 where older events were pruned."""
    vouched: int = 0
    """The newest event that a head from outside of the database vouches for; 0 where none does."""


@dataclass(frozen=True, slots=True)
class DiskRefusal:
    """The disk did not take the newest batch of appends. `at` in monotonic seconds."""

    at: float
    reason: str


class Journal(Protocol):
    """The one record of what happened. Use on the loop's thread only."""

    async def append(self, event: E, key: IdempotencyKey | None = None) -> Recorded[E]:
        """Returns when the event is on disk (and its subscribers were called).

        With a `key` that was seen in the last seven days: the event of then, nothing new; Conflict (`code`
        "idempotency_mismatch", HTTP 422) if the digest differs. Unavailable if the disk refuses or too many wait.
        """
        ...

    async def read(self, query: EventQuery) -> list[Recorded[Event]]: ...

    async def get(self, event_id: str) -> Recorded[Event] | None: ...

    async def verify(self, progress: Callable[[int, int], None] | None = None, heads: Sequence[Head] = ()) -> ChainReport:
        """Recompute the whole chain, and compare it with `heads`, which were kept outside of it. May be cancelled.

        `progress` (checked, total) is called on the loop's thread, at most some ten times a second.
        """
        ...

    @property
    def head_seq(self) -> int:
        """The `seq` of the newest committed event; 0 when there is none."""
        ...


class Timeline(Protocol):
    """The journal by place and time, for whoever walks back through it. Use on the loop's thread only."""

    async def ends(self) -> JournalEnds | None:
        """None while nothing has happened."""
        ...

    async def seqs(self, types: Sequence[str], since: int = 0) -> Sequence[int]:
        """The places of all events of these types after `since`, in order: a tenth of a second for a million."""
        ...

    async def times(self, seqs: Sequence[int]) -> Mapping[int, str]:
        """The times of the events at these places; a place where there is none is left out."""
        ...

    async def events_at(self, seqs: Sequence[int]) -> list[Recorded[Event]]:
        """The events at these places, in order; a place where there is none is left out."""
        ...

    async def seq_at(self, time: str) -> int | None:
        """The event whose `time` is the last one not after `time` (as events carry it); None where all are later.

        Clocks jump: the events after it in the journal may name earlier times.
        """
        ...


class Blobs(Protocol):
    """Bodies that are too large, private or erasable for the journal, by the SHA-256 of their bytes."""

    async def put(self, body: bytes) -> str:
        """Keep `body`; its SHA-256 in hex. Durable on return."""
        ...

    async def get(self, sha256: str) -> bytes | None: ...


class Snapshots(Protocol):
    """The saved state of a projection, so that a start replays only what came after it."""

    async def load(self, name: str) -> tuple[int, Any] | None:
        """(seq up to which it is true, JSON state)."""
        ...

    async def save(self, name: str, seq: int, state: Any) -> None: ...


class Preferences(Protocol):
    """What the program remembers of its user's ways (open tabs, theme, finished steps): small JSON values by name."""

    async def get(self, name: str) -> Any: ...

    async def set(self, name: str, value: Any) -> None: ...

    async def all(self) -> Mapping[str, Any]: ...


class Link(Protocol):
    """The link to ALEX OS as others see it."""

    @property
    def status(self) -> LinkStatus: ...

    def on_change(self, listener: Callable[[LinkStatus], None]) -> Callable[[], None]:
        """Call `listener` on the loop's thread at every change of status; returns what ends it."""
        ...


class HealthSource(Protocol):
    """A part of the program that can be unwell. Returns sentences; none when all is well."""

    def blockers(self) -> Sequence[str]: ...


TalkDelivery = Literal["queue", "between", "interrupt"]
"""How a message reaches an agent at work: after what it does, between two of its steps, or instead of it."""

LifeAction = Literal["stop", "kill", "restart", "pause", "resume"]


@dataclass(frozen=True, slots=True)
class AgentCommand:
    """A slash command that an agent offers by itself, in its own words: `hint` is what follows the name, empty where nothing may."""

    name: str
    description: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TalkAgent:
    """An agent that runs here, as a conversation knows it. `run_id` is what it works on now, empty where it is at rest."""

    id: str
    name: str
    kind: str
    state: RuntimeState
    run_id: str = ""
    activity: str = ""
    waiting_for: str = ""
    reason: str = ""
    takes_tasks: bool = True
    commands: tuple[AgentCommand, ...] = ()
    guest: bool = False
    """ALEX OS runs it: it can be asked, and answers when it likes or never."""


@dataclass(frozen=True, slots=True)
class TalkUpdate:
    """Something a run does. `text`: more of the answer or of its thinking, a step, the whole plan as lines, its state in words."""

    run_id: str
    kind: Literal["answer", "thinking", "step", "plan", "state", "end"]
    text: str


@dataclass(frozen=True, slots=True)
class TalkOutcome:
    """How a run ended. `data` may say which `model` answered, and that it is a `demonstration`."""

    run_id: str
    state: Literal["succeeded", "failed", "cancelled"]
    text: str
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TalkRun:
    """A run of a conversation. `began` is RFC 3339. `parent_run_id` is the run that caused it, if one did."""

    run_id: str
    conversation_id: str
    agent_id: str
    began: str
    parent_run_id: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class TalkQuestion:
    """What an agent asks of a human, exactly as it is to be judged. `nonce` proves that an answer is to what was shown."""

    id: str
    nonce: str
    agent_name: str
    title: str
    detail: str
    is_question: bool
    """It wants words for an answer, not a permission."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class TalkLine:
    """What somebody said before. `author` is a name as people read it, `by_agent` the id of the agent that said it or ""."""

    message_id: str
    author: str
    text: str
    by_agent: str = ""


@dataclass(frozen=True, slots=True)
class TalkRecall:
    """Something that was recalled for a turn. `ref` is "message:ID", "note:ID" or "file:PATH#LINE"; `title` says where it is from."""

    ref: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class TalkAttachment:
    """What was given along with a message: its bytes are in the blobs under `sha256`."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TalkContext:
    """What an agent is to know for a turn besides the task.

    `said` is what it has not heard of the conversation, oldest first, and `summary` stands for what came before that. With `anew`,
    what it remembers of the conversation by itself does not count: this is all there is.
    """

    said: tuple[TalkLine, ...] = ()
    summary: str = ""
    recalled: tuple[TalkRecall, ...] = ()
    attachments: tuple[TalkAttachment, ...] = ()
    anew: bool = False
    others: tuple[str, ...] = ()
    """Whom it may ask by beginning a line of its answer with their names, as they are written here."""


class AgentTalk(Protocol):
    """What conversations need of the agents that run here. Use on the loop's thread."""

    def agents(self) -> Sequence[TalkAgent]: ...

    def guests(self) -> Sequence[TalkAgent]:
        """Those that run elsewhere and can be asked."""
        ...

    def kinds(self) -> Mapping[str, str]:
        """What can be spawned: name and title."""
        ...

    def prepare(self, agent_id: str) -> None:
        """Somebody is about to give it a task: the commands that it offers may become known. Call it as often as you like."""
        ...

    async def ask(
        self,
        agent_id: str,
        text: str,
        *,
        conversation_id: str,
        actor: Actor,
        delivery: TalkDelivery = "queue",
        context: TalkContext | None = None,
    ) -> str:
        """The id of the run that this began, or that it reached. ChainBotError where the agent cannot take it."""
        ...

    def follow(self, run_id: str, listener: Callable[[TalkUpdate], None]) -> Callable[[], None]:
        """Hear what a run does, from the answer so far on; returns what ends it."""
        ...

    async def outcome(self, run_id: str) -> TalkOutcome:
        """Returns when the run has ended; at once where it has. NotFound where nobody knows it."""
        ...

    async def following(self, run_id: str) -> Sequence[TalkRun]:
        """The runs of what was said to this one and came after its end. Known when `outcome` returns, and for as long as the run."""
        ...

    async def cancel(self, run_id: str, *, actor: Actor) -> None: ...

    async def edit_queued(self, run_id: str, text: str, *, actor: Actor) -> None:
        """Other words for a task that has not begun. Conflict where it has."""
        ...

    async def take_back(self, run_id: str, *, actor: Actor) -> None:
        """End a task that has not begun, as cancelled. Conflict where it has begun: then it can only be cancelled."""
        ...

    async def spawn(self, kind: str, name: str, config: Mapping[str, Any], *, actor: Actor) -> None: ...

    async def act(self, agent_id: str, action: LifeAction, *, actor: Actor) -> None: ...

    async def stop_all(self, *, actor: Actor) -> tuple[Sequence[str], int]:
        """The names of the agents that were stopped, and how many tasks ended with them."""
        ...

    async def questions(self) -> Sequence[TalkQuestion]:
        """What waits for a human, oldest first."""
        ...

    async def decide(self, question: TalkQuestion, decision: Decision, *, answer: str = "", actor: Actor) -> None: ...

    def on_begun(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        """Call `listener` with a run that nobody asked for in its conversation: a late answer began it, or it was handed over."""
        ...

    def on_child(self, listener: Callable[[TalkRun], None]) -> Callable[[], None]:
        """Call `listener` with each run that another run causes, whatever conversation that belongs to."""
        ...

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` when an agent or what waits for a human is different; often. Returns what ends it."""
        ...


class Wording(Protocol):
    """Short texts that a model of the house writes about longer ones. Use on the loop's thread."""

    async def title(self, first_exchange: str) -> str | None:
        """A name for a conversation that begins so, one line; None where no model writes one that means anything.

        Unavailable and other ChainBotErrors where a model was asked and did not answer.
        """
        ...

    async def summarise(self, text: str, most_tokens: int) -> str:
        """What is in `text`, in at most about `most_tokens`. Unavailable where no model can."""
        ...


@dataclass(frozen=True, slots=True)
class AgentLink:
    """An entanglement. `agents` are ids; in a control or dependency link the first one directs, or is waited for."""

    id: str
    name: str
    kind: str
    agents: tuple[str, ...]
    made_here: bool


@dataclass(frozen=True, slots=True)
class SharedPart:
    """What one agent has of a shared task, and what came of it. `state` is that of `SharedWork`, or planned | skipped | told."""

    agent_id: str
    name: str
    state: str
    answer: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SharedWork:
    """One task for several agents, as it is now. `state`: running | merging | succeeded | failed | cancelled.

    `merged_by` is the name of the agent that made one `answer` of all; where nobody did, they stand one after the other.
    """

    id: str
    state: str
    parts: tuple[SharedPart, ...]
    answer: str = ""
    merged_by: str = ""
    note: str = ""

    @property
    def ended(self) -> bool:
        return self.state in ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Who has models, and how it is. `state`: ready | unconfigured | unreachable | refused | unknown; `reason` is a sentence."""

    name: str
    state: str
    reason: str
    models: tuple[str, ...]
    default_model: str
    demonstration: bool


@dataclass(frozen=True, slots=True)
class Spending:
    """What was used today (UTC), and up to where that may go; None is no limit. Money in US dollars.

    `unpriced` requests are not in `cost`: their price is not known.
    """

    tokens: int
    cost: float
    unpriced: int
    most_tokens: int | None
    most_cost: float | None


@dataclass(frozen=True, slots=True)
class AgentSetup:
    """What can be changed of an agent while it keeps its name and place. None: its kind has no such thing."""

    model: str | None
    persona: str | None


class AgentControl(Protocol):
    """What commands need of agents besides talking with them. Agents are named by id. Use on the loop's thread."""

    def links(self) -> Sequence[AgentLink]: ...

    def name_of(self, agent_id: str) -> str: ...

    def link_kinds(self) -> Mapping[str, str]:
        """The kinds of links and what each means."""
        ...

    async def entangle(self, agents: Sequence[str], kind: str, name: str = "", *, actor: Actor) -> AgentLink: ...

    async def release(self, link_id: str, *, actor: Actor) -> None: ...

    async def coordinate(self, task: str, *, agents: Sequence[str] = (), link_id: str = "", actor: Actor) -> SharedWork:
        """Give one task to agents, or to all of a link. Returns with the plan; `on_work` tells what comes of it."""
        ...

    def on_work(self, listener: Callable[[SharedWork], None]) -> Callable[[], None]:
        """Call `listener` at each step of any shared work; returns what ends it."""
        ...

    async def work(self, work_id: str) -> SharedWork: ...

    def models(self) -> Sequence[ModelSource]:
        """From memory."""
        ...

    async def look_at_models(self) -> Sequence[ModelSource]:
        """Ask each how it is."""
        ...

    async def check_model(self, name: str) -> None:
        """NotFound or Unavailable where a request to this model could not be made."""
        ...

    async def personas(self) -> Mapping[str, str]:
        """Names and what each is for."""
        ...

    def setup(self, agent_id: str) -> AgentSetup: ...

    async def change_setup(self, agent_id: str, *, model: str | None = None, persona: str | None = None, actor: Actor) -> None:
        """Swap it under the running agent. Conflict where it is at work: its task would end."""
        ...

    def spending(self, agent_id: str = "") -> Spending:
        """Of one agent, or of all together."""
        ...

    async def limit(self, agent_id: str, limits: Mapping[str, float | None], *, actor: Actor) -> None:
        """Change limits of its day, `day_tokens` or `day_cost` (None takes one away). Conflict where it is at work."""
        ...


@dataclass(frozen=True, slots=True)
class WorkspaceFile:
    """A file of the workspace as it was looked at. `text` is its content as UTF-8, None where there is no such file.

    `seen` is the owner's own note of what was there.
    """

    path: str
    text: bytes | None
    seen: object = None


@dataclass(frozen=True, slots=True)
class WorkspaceChange:
    """What a file that was looked at shall become: `text` as UTF-8, None takes it away. `executable`: None leaves that as it is.

    `like` is a file whose encoding and mode a new one takes over: it gets another name.
    """

    file: WorkspaceFile
    text: bytes | None
    executable: bool | None = None
    like: WorkspaceFile | None = None


class WorkspaceChanges(Protocol):
    """Several files of the workspace changed as one: all of them or none. Paths are relative to it. Use on the loop's thread."""

    async def look(self, path: str) -> WorkspaceFile:
        """ChainBotError says why a file of this path may not be changed: it leads elsewhere, is no text, is being edited."""
        ...

    async def write(self, changes: Sequence[WorkspaceChange], *, actor: Actor) -> str:
        """Returns when all is on the disk and in the journal; what `take_back` wants. ChainBotError, and nothing is changed then."""
        ...

    async def take_back(self, written: str, *, actor: Actor) -> None:
        """Every byte as it was before. Conflict where somebody changed one of the files since."""
        ...


class CodeRunner(Protocol):
    """Runs code that stands in a conversation, in the workspace, when a person has approved exactly that. Use on the loop's thread."""

    def languages(self) -> frozenset[str]:
        """The names of languages that can be run here."""
        ...

    async def run(self, language: str, code: str, *, conversation_id: str, actor: Actor) -> str:
        """Ask for approval; the id of the run, which shows and tells its output as an answer of the conversation.

        InvalidInput where it cannot be run at all.
        """
        ...
