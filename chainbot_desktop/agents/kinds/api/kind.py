"""An agent that calls an HTTP API: what a task may ask for, what a human is asked first, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.api.answers import Answer
from chainbot_desktop.agents.kinds.api.config import ApiConfig, Method
from chainbot_desktop.agents.kinds.api.documents import Value, written
from chainbot_desktop.agents.kinds.api.keys import Hidden, Keys, read_keys
from chainbot_desktop.agents.kinds.api.operations import Operations
from chainbot_desktop.agents.kinds.api.parameters import refuse_surrogates
from chainbot_desktop.agents.kinds.api.retry import Pace
from chainbot_desktop.agents.kinds.api.sending import CallFailed, Request, Sender
from chainbot_desktop.agents.kinds.api.target import below, is_below
from chainbot_desktop.agents.kinds.in_process import InProcessWorker
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.logs import AgentLog
from chainbot_desktop.core.errors import ChainBotError, InvalidInput

_READ_BYTES = 2 * 1024 * 1024
_SHOWN_CHARACTERS = 100_000
_DOCUMENT_BYTES = 16 * 1024 * 1024
_ASKED, _SENT = b"asked", b"sent"
"""How far a call that needs approval came: after a crash it goes on waiting, and is never sent twice."""


class Call(BaseModel):
    """What a task asks for, as its context says it: a method and a path, or an operation and its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = "GET"
    path: str = Field("", max_length=8000)
    query: dict[str, Value] = Field(default_factory=dict)
    body: Any = None
    operation: str = ""
    parameters: dict[str, Value] = Field(default_factory=dict)


class ApiKind:
    info = KindInfo("api", "HTTP API", "Calls an HTTP API below one address.", model_backed=False, default_restart="always")
    config_model: type[AgentConfig] = ApiConfig

    def __init__(self, _services: KindServices, *, pace: Pace | None = None) -> None:
        """Needs nothing of what all agents share."""
        self._pace = pace or Pace()

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, ApiConfig)
        return {"base_url": str(config.base_url)}

    def make(self, context: AgentContext, config: AgentConfig) -> ApiWorker:
        assert isinstance(config, ApiConfig)
        return ApiWorker(context, config, self._pace)


class ApiWorker(InProcessWorker):
    """Implements `kind.Worker`."""

    def __init__(self, context: AgentContext, config: ApiConfig, pace: Pace) -> None:
        self._context = context
        self._config = config
        self._pace = pace
        self._base = URL(str(config.base_url))
        self._sender: Sender | None = None
        self._operations: Operations | None = None

    async def start(self) -> None:
        """Reads the OpenAPI document; whether the API answers shows at the first task."""
        self._sender = Sender(self._base, self._config.timeout, self._pace)
        if self._config.openapi:
            text = await self._document(self._config.openapi)
            self._operations = await asyncio.to_thread(Operations, text)

    async def execute(self, run: Run) -> Result:
        request = await self._prepare(self._read(run))
        keys = await asyncio.to_thread(read_keys, self._context, self._config)  # before a human is asked in vain
        try:
            if request.method not in self._config.allowed_methods:
                await self._ask(run, request)
            step = _Steps(run, keys.hidden)
            step(f"{request.method} {request.url}")
            answer = await self._send(request, keys, _READ_BYTES, step, self._config.limits.wall_seconds)
            return await asyncio.to_thread(_result, answer, keys.hidden)
        except ChainBotError as error:
            raise keys.hidden.out_of_error(error) from None

    async def stop(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.close()

    def _read(self, run: Run) -> Call:
        context = run.row.context
        if "path" in context or "operation" in context:
            try:
                return Call.model_validate(dict(context))
            except ValueError as error:
                raise InvalidInput(f"The call is not understood: {' '.join(str(error).split())[:300]}") from None
        word, _, rest = run.row.task.strip().partition(" ")
        if self._operations is not None and word in self._operations:
            return Call(operation=word)
        if word.upper() in get_args(Method) and rest.strip():
            return Call.model_validate({"method": word.upper(), "path": rest.strip()})
        raise InvalidInput(
            f"{run.row.task[:100]!r} is no call.",
            hint='Write "GET /path", the name of an operation, or give {"method", "path", "query", "body"} as context.',
        )

    async def _prepare(self, call: Call) -> Request:
        """The request that a call is; InvalidInput before anything is sent where it cannot be one."""
        body = _json(call.body)
        if call.operation:
            return await asyncio.to_thread(self._resolve, call, body)
        if call.parameters:
            raise InvalidInput("Parameters belong to an operation.", hint="Name one, or write them into path and query.")
        query = [(name, written(part)) for name, value in call.query.items() for part in _parts(value)]
        for name, text in query:
            refuse_surrogates(name + text, name)
        return Request(call.method, below(self._base, call.path, query), {}, body)

    def _resolve(self, call: Call, body: bytes | None) -> Request:
        if self._operations is None:
            raise InvalidInput("This API has no OpenAPI document here, so it has no operations by name.", hint="Name a path.")
        if call.path or call.query:
            raise InvalidInput("An operation has its own path and query.", hint="Give its parameters as parameters.")
        operation = self._operations.get(call.operation)
        filled = operation.fill(call.parameters, set_already=self._config.sets)
        if operation.body_needed and body is None:
            raise InvalidInput(f"The operation {operation.name} needs a body.", hint='Give it as "body" in the context.')
        return Request(operation.method, below(self._base, filled.path, filled.query), filled.headers, body)

    async def _ask(self, run: Run, request: Request) -> None:
        if await run.history() == _SENT:
            raise CallFailed(
                "The program ended while this was sent: whether it arrived is not known.",
                hint="Look at what the API has before you ask again.",
            )
        await run.save_history(_ASKED)
        detail = self._shown(request)
        draft = ApprovalDraft(
            call_id=sha256(detail.encode("utf-8", "replace")).hexdigest(),  # another request is another question
            tool="api",
            title=f"{request.method} to {request.url.host}",
            detail=detail,
            detail_kind="text" if "\n" in detail else "url",
            why=run.row.task,
            touches=(str(request.url.origin()),),
        )
        done = run.waits_for("your approval")
        try:
            verdict = await self._context.approvals.ask(run.row.id, draft)
        finally:
            done()
        if not verdict.approved:
            raise CallFailed(f"The call was not approved{': ' + verdict.answer if verdict.answer else ''}.")
        await run.save_history(_SENT)

    def _shown(self, request: Request) -> str:
        """All that would be sent, but for what is secret."""
        secret = {name: f"(the secret {kept})" for name, kept in self._config.secret_headers.items()}
        headers = {**self._config.headers, **request.headers, **secret}
        parts = ["\n".join([f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in headers.items())])]
        if request.body is not None:
            parts.append(json.dumps(json.loads(request.body), ensure_ascii=False, indent=1))
        return "\n\n".join(parts)

    async def _send(self, request: Request, keys: Keys, most_bytes: int, step: _Steps, seconds: float | None = None) -> Answer:
        assert self._sender is not None
        return await self._sender.send(request, keys.headers, most_bytes, step=step, seconds=seconds)

    async def _document(self, place: str) -> str:
        if not place.startswith(("http:", "https:")):
            found = await asyncio.to_thread(_read_file, self._context.workspace, place)
            if found is not None:
                return found
            url = below(self._base, place)
        else:
            url = URL(place)
            if not is_below(self._base, url):
                raise InvalidInput("The OpenAPI document is not below the base address.", hint="Save it as a file.")
        keys = await asyncio.to_thread(read_keys, self._context, self._config)
        try:
            answer = await self._send(Request("GET", url, {}), keys, _DOCUMENT_BYTES, _Steps(self._context.log, keys.hidden))
            if not answer.good:
                raise CallFailed(f"The OpenAPI document is not there: {answer.host} answered {answer.status} {answer.reason}.")
            if answer.cut:
                raise InvalidInput(f"The OpenAPI document has more than {_DOCUMENT_BYTES:,} bytes.")
        except ChainBotError as error:
            raise keys.hidden.out_of_error(error) from None
        return answer.plain()


class _Steps:
    """Tells of a request's steps, in the run or, before there is one, in the agent's log."""

    def __init__(self, where: Run | AgentLog, hidden: Hidden) -> None:
        self._where = where
        self._hidden = hidden

    def __call__(self, text: str) -> None:
        text = self._hidden.out_of(text)
        if isinstance(self._where, AgentLog):
            self._where.add("agent", text)
        else:
            self._where.step(text)


def _result(answer: Answer, hidden: Hidden) -> Result:
    """Heavy: on a thread."""
    text = answer.readable(hidden)
    if not answer.good:
        said = f": {' '.join(text.split())[:500]}" if answer.body else ""
        raise CallFailed(f"{answer.host} answered {answer.status} {answer.reason}{said}")
    cut = len(text) > _SHOWN_CHARACTERS or answer.cut
    if cut:
        text = f"{text[:_SHOWN_CHARACTERS]}\n… (cut)"
    return Result(text, {"status": answer.status, "content_type": hidden.out_of(answer.content_type), "cut": cut})


def _json(body: Any) -> bytes | None:
    if body is None:
        return None
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError:
        raise InvalidInput("The body has NaN or an infinite number, which JSON cannot carry.") from None


def _parts(value: Value) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read_file(workspace: Path, place: str) -> str | None:
    """None where there is no such file: then it is a path of the API."""
    path = workspace / Path(place).expanduser()
    try:
        if not path.is_file():
            return None
        if path.stat().st_size > _DOCUMENT_BYTES:
            raise InvalidInput(f"{path.name} has more than {_DOCUMENT_BYTES:,} bytes.")
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:  # also a path with a zero byte, and a home that nobody knows
        raise InvalidInput(f"The OpenAPI document {place!r} cannot be read: {error}.") from None
