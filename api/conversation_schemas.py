"""The shapes of conversations, their messages and what is done to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chainbot_desktop.chat.written import MAX_MESSAGE_BYTES, MAX_TITLE

MAX_CONVERSATIONS = 200
MAX_MESSAGES = 500


def _without_nul(text: str) -> str:
    """SQLite ends a text there in some of its functions, and C programs everywhere."""
    if "\0" in text:
        raise ValueError("a text without the character U+0000")
    return text


Plain = Annotated[str, AfterValidator(_without_nul)]
_Title = Annotated[Plain, StringConstraints(max_length=MAX_TITLE)]
_Text = Annotated[Plain, StringConstraints(max_length=MAX_MESSAGE_BYTES)]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=300)]
_Number = Annotated[int, Field(ge=0, le=2**63 - 1)]
_TurnOrder = Literal["lead", "round_robin", "all"]
_Delivery = Literal["queue", "between", "interrupt"]

DELIVERY = "For agents at work: after what they do, between two of their steps, or instead of it."


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConversationParameters(Strict):
    q: Annotated[Plain, StringConstraints(max_length=500)] = Field(
        "", description="Words to look for in titles and messages: the answer has what was found, and takes none but `limit`."
    )
    archived: bool = Field(False, description="Those that were put away, or those that were not.")
    pinned: bool | None = Field(None, description="Only those that are pinned, or only those that are not.")
    order: Literal["recent", "created"] = Field(
        "recent",
        description="Pinned ones first, then by the newest message; what gets a message while you read on moves to the front. "
        "With `created` (newest first) all come, once, whatever happens meanwhile.",
    )
    cursor: Annotated[str, StringConstraints(max_length=300)] = Field("", description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MAX_CONVERSATIONS)

    @model_validator(mode="after")
    def _search_has_one_page(self) -> ConversationParameters:
        if self.q and self.model_fields_set - {"q", "limit"}:
            raise ValueError("with q nothing but limit")
        return self


class NewConversation(Strict):
    title: _Title = Field("", description="Empty: its first message names it.")
    members: Annotated[list[_Id], Field(max_length=100)] = Field(default_factory=list, description="Ids of agents.")
    turn_order: _TurnOrder = "lead"
    lead: Annotated[str, StringConstraints(max_length=300)] = Field(
        "", description="Id of the agent that is meant where a message names none."
    )


class ConversationChange(Strict):
    """Only what is given changes."""

    title: _Title | None = None
    pinned: bool | None = None
    archived: bool | None = None
    lead: Annotated[str, StringConstraints(max_length=300)] | None = None
    members: Annotated[list[_Id], Field(max_length=100)] | None = None
    turn_order: _TurnOrder | None = None
    recall: bool | None = Field(None, description="Whether what fits a question is recalled here.")


class BranchOrder(Strict):
    message_id: _Id = Field(description="The last message that the branch shares.")


class AttachmentRef(BaseModel):
    """What POST /api/attachments answered, or its name and sha256 alone: the rest is told by the bytes themselves."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[Plain, StringConstraints(min_length=1, max_length=300)]
    media_type: Annotated[Plain, StringConstraints(max_length=200)] = ""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NewMessage(Strict):
    text: _Text = Field(
        "", description="Markdown. `/word` is a command, `@name` asks an agent. With attachments it may be empty."
    )
    to: Annotated[list[_Id], Field(max_length=100)] = Field(
        default_factory=list,
        description="Ids of the agents to ask; empty: those it names, else as the conversation's turns are.",
    )
    attachments: Annotated[list[AttachmentRef], Field(max_length=100)] = Field(default_factory=list)
    delivery: _Delivery = Field("queue", description=DELIVERY)


class EditedMessage(Strict):
    text: _Text
    to: Annotated[list[_Id], Field(max_length=100)] = Field(default_factory=list, description="As of a new message.")
    attachments: Annotated[list[AttachmentRef], Field(max_length=100)] = Field(default_factory=list)


class MessageParameters(Strict):
    """Messages before, after or around a place; the newest ones where none is named."""

    before: _Number | None = Field(None, description="`previous` of a page: messages older than this number.")
    after: _Number | None = Field(None, description="`next` or `newest` of a page: messages newer than this number.")
    around: _Id | None = Field(None, description="Id of a message: it, and as many before as after it.")
    thread: Annotated[str, StringConstraints(max_length=300)] = Field(
        "", description="Id of a run: what belongs to its delegations, read forwards; empty: the conversation itself."
    )
    limit: int = Field(50, ge=1, le=MAX_MESSAGES)

    @model_validator(mode="after")
    def _one_place(self) -> MessageParameters:
        if sum(place is not None for place in (self.before, self.after, self.around)) > 1:
            raise ValueError("one of before, after and around")
        if self.thread and (self.before is not None or self.around is not None):
            raise ValueError("with thread no before and no around")
        return self


class ExportParameters(Strict):
    format: Literal["markdown", "json", "html"] = "markdown"


class UploadParameters(Strict):
    name: Annotated[Plain, StringConstraints(max_length=300)] = Field(
        "", description="What the file is called; of a form, the name that it has there."
    )


class AttachmentParameters(Strict):
    message_id: _Id = Field(description="Id of a message that carries it.")


class AttachmentDocument(BaseModel):
    name: str
    media_type: str = Field(description="As its bytes say, whatever was claimed.")
    size: int = Field(description="Bytes.")
    sha256: str
    width: int | None = Field(description="Of a picture, in pixels.")
    height: int | None
    use: Literal["image", "text", "name"] = Field(description="What an agent is given of it.")
    note: str = Field(description="What to know where an agent gets less than one may think.")


class MessageDocument(BaseModel):
    number: int = Field(description="Orders all messages of the program.")
    id: str
    conversation_id: str = Field(description="Where it was written: of a branch's shared messages, its stem.")
    author: str = Field(description="user:, agent: or system:.")
    kind: str = Field(description="text, command (somebody typed it), system (its answer), summary.")
    text: str
    created_at: str
    thread: str | None = Field(description="The run whose delegation it belongs to.")
    detail: dict[str, Any] = Field(description="How an answer came about, attachments, what was recalled.")


class ConversationDocument(BaseModel):
    id: str
    title: str
    created_at: str
    updated_at: str
    pinned: bool
    archived: bool
    unread: int = Field(description="Counted to 100 and no further.")
    lead: str | None
    members: list[str]
    turn_order: _TurnOrder
    named_by: str = Field(description="Who named it: words, model or person; empty while nobody did.")
    recall: dict[str, Any] = Field(description="`on` and `dropped`, where somebody chose; else the settings hold.")
    branched_from: str | None
    branched_at: int | None = Field(description="The number of the last message that it shares with `branched_from`.")
    last: LastMessage | None


class LastMessage(BaseModel):
    number: int
    author: str
    kind: str
    text: str = Field(description="How it begins.")


class SearchHit(BaseModel):
    conversation_id: str
    title: str
    message_id: str
    number: int
    author: str
    created_at: str
    snippet: str = Field(description="Plain text.")
    marks: list[list[int]] = Field(description="What was found in it: first and past-the-last character (code points).")


class ConversationPage(BaseModel):
    items: list[ConversationDocument] = Field(description="With `q` those whose title has the words.")
    next: str | None = Field(description="Give it as `cursor` to read on; null at the end.")
    hits: list[SearchHit] | None = Field(None, description="With `q`: messages that have the words, newest first.")


class MessagePage(BaseModel):
    conversation_id: str
    items: list[MessageDocument] = Field(description="Oldest first.")
    previous: int | None = Field(description="Give it as `before` for older ones; null where there are none.")
    next: int | None = Field(description="Give it as `after` for newer ones; null where there are none yet.")
    newest: int = Field(
        description="The number of the last message here, or of the place that was asked: poll with it as `after`."
    )


class Undo(BaseModel):
    """POST to `url` takes it back, until its time is up."""

    url: str
    seconds: float
    expires: str


class Taken(BaseModel):
    status: Literal["success"]
    message: str
    undo: Undo


class CommandAnswer(BaseModel):
    text: str = Field(description="Markdown; empty where the command has nothing to say.")
    open: dict[str, Any] | None = Field(description="What the panel would show: `window` and `content`.")
    undo: Undo | None


class PostedDocument(BaseModel):
    conversation_id: str
    message: MessageDocument | None = Field(description="Null where a command left no trace.")
    runs: list[str] = Field(
        description="The runs that it began or reached; /ws/chat and GET /api/runs/{id}/stream follow them."
    )
    answer: CommandAnswer | None = Field(description="Of a command.")


class AgentActivity(BaseModel):
    run_id: str
    agent_id: str
    name: str
    thread: str | None = Field(description="The run under whose answer this one stands.")
    message_id: str | None = Field(description="The message that asked for it.")
    task: str | None = Field(
        description="Of one that waits: PATCH /api/runs/{id} puts it in other words, cancel takes it back."
    )
    state: Literal["queued", "working", "waiting", "ended"]
    doing: Literal["", "thinking", "typing", "step"]
    waiting_for: str
    began: str
    step: str
    plan: str
    length: int = Field(description="Characters of its answer so far.")
    trouble: str


class Activity(BaseModel):
    conversation_id: str
    answers: list[AgentActivity] = Field(description="In the order in which they were asked for.")


class MeterDocument(BaseModel):
    conversation_id: str
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="US dollars; null where no price is known.")
    unpriced_runs: int = Field(description="Runs whose model has no known price.")


ConversationDocument.model_rebuild()
