"""The shapes of requests to models and of their answers: our own under /api/gpt, OpenAI's under /v1."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from chainbot_desktop.core.settings import HttpUrl

_Text = Annotated[str, StringConstraints(max_length=4_000_000)]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=300)]
_ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class PlainMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: _Text


class CompletionRequest(BaseModel):
    """Either `prompt` or `messages`. `model` is PROVIDER/MODEL, a provider, or "agent/NAME"; empty: the order of the settings."""

    model_config = ConfigDict(extra="forbid")

    prompt: _Text | None = None
    messages: Annotated[list[PlainMessage], Field(min_length=1, max_length=2000)] | None = None
    model: Annotated[str, StringConstraints(max_length=300)] = ""
    persona: Annotated[str, StringConstraints(max_length=100)] = Field("", description="Whose instructions go first.")
    max_tokens: int | None = Field(None, ge=1, le=1_000_000)
    temperature: float | None = Field(None, ge=0, le=2)
    stream: bool = Field(False, description="Answer with server-sent events: `text` with `{text}`, last `end` with the whole.")

    @model_validator(mode="after")
    def _one_of_them(self) -> CompletionRequest:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("either a prompt or messages")
        return self


class TokenUsage(BaseModel):
    input_tokens: int
    output_tokens: int


class CompletionAnswer(BaseModel):
    text: str
    model: str = Field(description="That which answered.")
    provider: str
    demonstration: bool = Field(description="The embedded model, whose answers are often wrong.")
    usage: TokenUsage
    cost: float | None = Field(description="US dollars; 0 for what runs here, null where no price is known.")
    finish_reason: Literal["stop", "length", "tool_calls", "content_filter"]


class ProviderDocument(BaseModel):
    name: str
    kind: Literal["openai", "anthropic", "openai-compatible", "local"]
    state: Literal["ready", "unconfigured", "unreachable", "refused", "unknown"]
    reason: str
    models: list[str]
    default_model: str
    base_url: str
    demonstration: bool
    checked_at: str


class ProviderList(BaseModel):
    """In the order of fallback, as last seen."""

    providers: list[ProviderDocument]


class FoundServerDocument(BaseModel):
    """A model server on this machine that is not used yet; POST it to /api/gpt/providers to use it."""

    name: str
    base_url: str
    models: list[str]


class ServerRequest(BaseModel):
    """A server that speaks OpenAI's protocol. `base_url` usually ends with /v1."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,49}$")]
    base_url: HttpUrl
    model: Annotated[str, StringConstraints(max_length=300)] | None = Field(None, description="Its first one if empty.")


class ProbeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: _Name | None = Field(None, description="Only this one.")


class ProbeAnswer(ProviderList):
    found: list[FoundServerDocument]


class GptHealth(BaseModel):
    """From memory. `status`: healthy (a provider answered), degraded (only the demonstration model, or none was asked), unavailable."""

    status: Literal["healthy", "degraded", "unavailable"]
    reason: str
    providers: dict[str, Literal["ready", "unconfigured", "unreachable", "refused", "unknown"]]


class _Lenient(BaseModel):
    """Clients send much that changes nothing here: it is ignored."""

    model_config = ConfigDict(extra="ignore")


class ContentPart(_Lenient):
    type: Literal["text", "image_url"]
    text: _Text = ""
    image_url: dict[str, Any] = Field(default_factory=dict)


class FunctionCall(_Lenient):
    name: _ToolName
    arguments: _Text = "{}"


class ToolCallMessage(_Lenient):
    id: _Name
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(_Lenient):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: _Text | list[ContentPart] | None = None
    tool_calls: list[ToolCallMessage] | None = Field(None, max_length=200)
    tool_call_id: Annotated[str, StringConstraints(max_length=300)] = ""


class FunctionDefinition(_Lenient):
    name: _ToolName
    description: _Text = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


class ToolOffer(_Lenient):
    type: Literal["function"]
    function: FunctionDefinition


class ForcedFunction(_Lenient):
    name: _ToolName


class ForcedTool(_Lenient):
    type: Literal["function"]
    function: ForcedFunction


class JsonSchema(_Lenient):
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "answer"
    schema_: dict[str, Any] = Field(default_factory=dict, alias="schema")
    strict: bool | None = None


class ResponseFormat(_Lenient):
    type: Literal["text", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> ResponseFormat:
        if self.type == "json_schema" and self.json_schema is None:
            raise ValueError("json_schema comes with its type")
        return self


class StreamOptions(_Lenient):
    include_usage: bool = False


class ChatCompletionRequest(_Lenient):
    """As OpenAI documents it. `model` is an id of GET /v1/models, or a provider. Fields that change nothing here are ignored."""

    model: Annotated[str, StringConstraints(max_length=300)] = ""
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    max_tokens: int | None = Field(None, ge=1, le=1_000_000)
    max_completion_tokens: int | None = Field(None, ge=1, le=1_000_000)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    seed: int | None = Field(None, ge=-(2**63), le=2**63 - 1)
    stop: Annotated[str, StringConstraints(max_length=1000)] | Annotated[list[str], Field(max_length=16)] | None = None
    n: Literal[1] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: Annotated[list[ToolOffer], Field(max_length=200)] | None = None
    tool_choice: Literal["auto", "none", "required"] | ForcedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None


class PersonaRow(BaseModel):
    name: str
    title: str
    description: str
    model: str | None = Field(description="What it asks where its agent names no model.")
    tools: list[str] | None = Field(description="The tools it is meant to have; null: all.")
    instructions: str


class PersonaList(BaseModel):
    personas: list[PersonaRow]
    problems: list[str] = Field(description="Files of the persona folder that could not be read, and why.")


class ChatCompletion(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]


class ModelRow(BaseModel):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelRows(BaseModel):
    object: Literal["list"]
    data: list[ModelRow]


class OpenAIErrorBody(BaseModel):
    message: str
    type: str
    param: str | None
    code: str


class OpenAIError(BaseModel):
    error: OpenAIErrorBody
