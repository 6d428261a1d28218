"""An answer while it is written: memory only. What of it is kept with the message once it has ended is an `AnswerNote`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from chainbot_desktop.core.ports import TalkUpdate

StreamState = Literal["queued", "working", "waiting", "ended"]
AnswerState = Literal["streaming", "succeeded", "failed", "cancelled"]

MAX_ANSWER = 1024 * 1024
"""Characters of an answer that a conversation keeps."""

_DOING: Mapping[str, Literal["thinking", "typing", "step"]] = {"thinking": "thinking", "answer": "typing", "step": "step"}

MAX_STEPS = 200
MAX_THINKING = 20_000


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """How an answer came about. `steps` are the last of them, `steps_before` how many came before those."""

    run_id: str
    agent_id: str
    name: str
    state: AnswerState
    model: str = ""
    demonstration: bool = False
    steps: tuple[str, ...] = ()
    steps_before: int = 0
    thinking: str = ""

    def as_detail(self) -> dict[str, Any]:
        return asdict(self)


def note_of(detail: Mapping[str, Any]) -> AnswerNote | None:
    """The note in a message's `detail`; None where the message is no agent's answer."""
    if not isinstance(detail.get("run_id"), str) or not isinstance(detail.get("name"), str):
        return None
    steps = detail.get("steps")
    return AnswerNote(
        run_id=detail["run_id"],
        agent_id=str(detail.get("agent_id", "")),
        name=detail["name"],
        state=detail.get("state", "succeeded"),
        model=str(detail.get("model", "")),
        demonstration=detail.get("demonstration") is True,
        steps=tuple(map(str, steps)) if isinstance(steps, Sequence) else (),
        steps_before=int(detail.get("steps_before", 0)),
        thinking=str(detail.get("thinking", "")),
    )


@dataclass(slots=True)
class Asked:
    """How an answer came to be asked for; kept over a restart.

    `message_id` is the message that `task` is from, `alone` whether it asked nobody else. In a `thread`, `asked_by` is the agent
    that addressed this one (whose own answer stands in the thread `back_to`), or `delegated` says that it did so with a tool.
    `exchange` is what began it all, a person's message.
    `heard` is the number of the newest message that the agent knows, None where nobody counted; `heard_between` those it was told
    while it worked.
    """

    task: str = ""
    actor: str = ""
    message_id: str = ""
    alone: bool = False
    thread: str = ""
    asked_by: str = ""
    back_to: str = ""
    delegated: bool = False
    depth: int = 0
    exchange: str = ""
    hand_overs: int = 0
    """Of the exchange, when this one was asked."""
    heard: int | None = None
    heard_between: list[int] = field(default_factory=list)
    summary_through: int = 0
    recalled: list[dict[str, str]] = field(default_factory=list)

    def as_detail(self) -> dict[str, Any]:
        """What of it is kept with the answer."""
        names = ("asked_by", "delegated", "recalled", "heard_between", "summary_through")
        detail = {name: value for name in names if (value := getattr(self, name))}
        return detail if self.heard is None else {**detail, "heard": self.heard}


class AnswerStream:
    """Grows with `hear`. Use on the loop's thread; `on_change` is called after each update."""

    def __init__(
        self,
        run_id: str,
        conversation_id: str,
        agent_id: str,
        agent_name: str,
        began: str,
        on_change: Callable[[], None],
        asked: Asked | None = None,
    ) -> None:
        self.asked = asked or Asked()
        self.doing: Literal["", "thinking", "typing", "step"] = ""
        """What it told last."""
        self.taken_back = False
        self.handed_on = False
        """It is kept, and nobody waits for it any more."""
        self.run_id = run_id
        self.conversation_id = conversation_id
        self.agent_id = agent_id
        self.agent_name = agent_name
        self.began = began
        self.state: StreamState = "queued"
        self.waiting_for = ""
        self.trouble = ""
        self.plan = ""
        self.steps: list[str] = []
        self.steps_before = 0
        self.saved = ""
        """What an earlier life of the program had heard; counts only where this one hears nothing."""
        self._on_change = on_change
        self._parts: list[str] = []
        self._length = 0
        self._thinking: list[str] = []
        self._thinking_length = 0

    @property
    def text(self) -> str:
        """The answer so far."""
        return _joined(self._parts)

    @property
    def length(self) -> int:
        return self._length

    @property
    def thinking(self) -> str:
        """The end of what it thought."""
        return _joined(self._thinking)[-MAX_THINKING:]

    @property
    def thread(self) -> str:
        """The run of the answer under which this one stands; "" is the conversation itself."""
        return self.asked.thread

    @property
    def waiting_words(self) -> str:
        """What holds it up, as a reader is told. Of a question that left the house nothing is known but that."""
        return self.waiting_for if self.waiting_for.startswith("sent to ") else f"waits for {self.waiting_for}"

    def begin(self) -> None:
        """It is worked on."""
        if self.state == "queued":
            self.state = "working"
            self._on_change()

    def end(self, *, trouble: str = "") -> None:
        """`trouble` says why it could not be kept as a message."""
        self.state = "ended"
        self.trouble = trouble
        self._on_change()

    def hear(self, update: TalkUpdate) -> None:
        if self.state == "ended" or update.kind == "end":
            return
        if update.kind == "state":
            waits = update.text.startswith(("waiting for ", "sent to "))
            self.state = "waiting" if waits else "queued" if update.text == "queued" else "working"
            self.waiting_for = update.text.removeprefix("waiting for ") if waits else ""
        else:
            if self.state == "queued":
                self.state = "working"
            self._take(update)
        self._on_change()

    def note(self, state: AnswerState, data: Mapping[str, Any]) -> AnswerNote:
        return AnswerNote(
            run_id=self.run_id,
            agent_id=self.agent_id,
            name=self.agent_name,
            state=state,
            model=_kept(str(data.get("model") or "")),
            demonstration=data.get("demonstration") is True,
            steps=tuple(_kept(step) for step in self.steps),
            steps_before=self.steps_before,
            thinking=_kept(self.thinking),
        )

    def _take(self, update: TalkUpdate) -> None:
        if update.kind in _DOING:
            self.doing = _DOING[update.kind]
        if update.kind == "answer" and self._length < MAX_ANSWER:
            self._parts.append(update.text)
            self._length += len(update.text)
        elif update.kind == "thinking":
            self._thinking.append(update.text)
            self._thinking_length += len(update.text)
            if self._thinking_length > 4 * MAX_THINKING:
                self._thinking = [self.thinking]
                self._thinking_length = len(self._thinking[0])
        elif update.kind == "step":
            self.steps.append(" ".join(update.text.split())[:300])
            if len(self.steps) > MAX_STEPS:
                del self.steps[0]
                self.steps_before += 1
        elif update.kind == "plan":
            self.plan = update.text[:4000]


def _joined(parts: list[str]) -> str:
    """The parts as one text; they become one, so that asking again costs nothing."""
    if len(parts) > 1:
        parts[:] = ["".join(parts)]
    return parts[0] if parts else ""


def _kept(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
