"""An agent that calls an HTTP API: what a task may ask for, what a human is asked first, and what comes back."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, field_validator
from yarl import URL

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.agents.kinds.api.answers import Answer, read_answer
from chainbot_desktop.agents.kinds.api.operations import Operations, written
from chainbot_desktop.agents.kinds.api.target import below, is_below
from chainbot_desktop.agents.kinds.in_process import InProcessWorker
from chainbot_desktop.agents.kinds.secrets import needed_secret
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, Unavailable
from chainbot_desktop.core.settings import HttpUrl

_READ_BYTES = 2 * 1024 * 1024
_SHOWN_CHARACTERS = 100_000
_DOCUMENT_BYTES = 16 * 1024 * 1024
_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ASKED, _SENT = b"asked", b"sent"
"""How far a call that needs approval came: after a crash it goes on waiting, and is never sent twice."""
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class CallFailed(ChainBotError):
    """The API answered, and not with what was asked for."""

    code = "call_failed"
    http_status = 502


class _BrokeOff(aiohttp.ClientError):
    """The connection broke while it carried a request that may have had its effect."""


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends a DELETE or PUT again, unasked, when its connection breaks; it does not for an error that it does not know."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in ("GET", "HEAD"):
            raise
        raise _BrokeOff(f"{error}; whether {request.method} had its effect is not known") from error


class Authentication(BaseModel):
    """`secret` is the name of a key that `chainbot-desktop secret set` keeps; the key itself never stands here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["none", "bearer", "header", "basic"] = "none"
    secret: str = Field("", max_length=200)
    header: str = Field("X-API-Key", pattern=r"^[A-Za-z0-9-]{1,100}$")
    user: str = Field("", max_length=200, pattern=r"^[^:\x00-\x1f]*$")


class ApiConfig(AgentConfig):
    base_url: HttpUrl = Field(description="Address below which everything is that it may call.")
    auth: Authentication = Authentication()
    openapi: str = Field("", max_length=2000, description="OpenAPI document: a file, or a path below the base address.")
    allowed_methods: tuple[Method, ...] = Field(("GET", "HEAD"), description="Methods that need no approval.")
    timeout: float = Field(30, gt=0, le=600, description="Seconds that one call may take.")

    @field_validator("base_url")
    @classmethod
    def _plain(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("an address without user, query and fragment")
        return url


@dataclass(frozen=True, slots=True)
class _Keys:
    """`hidden` is what must not show in what comes back."""

    headers: Mapping[str, str]
    hidden: tuple[str, ...] = ()


class Call(BaseModel):
    """What a task asks for, as its context says it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = "GET"
    path: str = Field("", max_length=8000)
    query: dict[str, str | int | float | bool] = Field(default_factory=dict)
    body: Any = None
    operation: str = ""
    parameters: dict[str, str | int | float | bool] = Field(default_factory=dict)


class ApiKind:
    info = KindInfo("api", "HTTP API", "Calls an HTTP API below one address.", model_backed=False, default_restart="always")
    config_model: type[AgentConfig] = ApiConfig

    def __init__(self, _services: KindServices) -> None:
        """Needs nothing of what all agents share."""

    def describe(self, config: AgentConfig) -> Mapping[str, str]:
        assert isinstance(config, ApiConfig)
        return {"base_url": str(config.base_url)}

    def make(self, context: AgentContext, config: AgentConfig) -> ApiWorker:
        assert isinstance(config, ApiConfig)
        return ApiWorker(context, config)


class ApiWorker(InProcessWorker):
    """Implements `kind.Worker`."""

    def __init__(self, context: AgentContext, config: ApiConfig) -> None:
        self._context = context
        self._config = config
        self._base = URL(str(config.base_url))
        self._session: aiohttp.ClientSession | None = None
        self._operations: Operations | None = None

    async def start(self) -> None:
        """Reads the OpenAPI document; whether the API answers shows at the first task."""
        timeout = aiohttp.ClientTimeout(total=self._config.timeout)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),  # a kept connection that died would fail the next call
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_sent_once,),
        )
        if self._config.openapi:
            text = await self._document(self._config.openapi)
            self._operations = await asyncio.to_thread(Operations, text)

    async def execute(self, run: Run) -> Result:
        call = self._read(run)
        if call.operation:
            call = self._resolve(call)
        url = below(self._base, call.path, {name: written(value) for name, value in call.query.items()})
        if call.method not in self._config.allowed_methods:
            await self._ask(run, call, url)
        run.step(f"{call.method} {url}")
        keys = await self._keys()
        return _result(await self._send(call, url, keys, _READ_BYTES), keys)

    async def stop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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

    def _resolve(self, call: Call) -> Call:
        if self._operations is None:
            raise InvalidInput("This API has no OpenAPI document here, so it has no operations by name.", hint="Name a path.")
        operation = self._operations.get(call.operation)
        path, query = operation.fill(call.parameters)
        return Call.model_validate({"method": operation.method, "path": path, "query": query, "body": call.body})

    async def _ask(self, run: Run, call: Call, url: URL) -> None:
        if await run.history() == _SENT:
            raise CallFailed(
                "The program ended while this was sent: whether it arrived is not known.",
                hint="Look at what the API has before you ask again.",
            )
        await run.save_history(_ASKED)
        body = "" if call.body is None else "\n\n" + json.dumps(call.body, ensure_ascii=False, indent=1)
        detail = f"{call.method} {url}{body}"
        draft = ApprovalDraft(
            call_id=sha256(detail.encode("utf-8", "replace")).hexdigest(),  # another request is another question
            tool="api",
            title=f"{call.method} to {url.host}",
            detail=detail,
            detail_kind="url" if call.body is None else "text",
            why=run.row.task,
            touches=(str(url.origin()),),
        )
        done = run.waits_for("your approval")
        try:
            verdict = await self._context.approvals.ask(run.row.id, draft)
        finally:
            done()
        if not verdict.approved:
            raise CallFailed(f"The call was not approved{': ' + verdict.answer if verdict.answer else ''}.")
        await run.save_history(_SENT)

    async def _send(self, call: Call, url: URL, keys: _Keys, most_bytes: int) -> Answer:
        assert self._session is not None
        method = call.method
        for _ in range(_MAX_REDIRECTS):
            try:
                async with self._session.request(
                    method, url, headers=keys.headers, json=call.body, allow_redirects=False
                ) as answer:
                    if answer.status not in _REDIRECTS:
                        return await read_answer(answer, most_bytes)
                    url = self._redirected(url, answer)
                    if method not in ("GET", "HEAD"):
                        raise CallFailed(f"{method} was sent elsewhere: {url}.", hint="Ask for that address.")
            except TimeoutError:
                raise Unavailable(f"{url.host} did not answer within {self._config.timeout:g} s.") from None
            except (aiohttp.ClientError, OSError) as error:
                raise Unavailable(f"{url.origin()} cannot be reached: {error}.", hint="Look whether it runs.") from None
        raise CallFailed("It was sent from one address to the next without end.")

    def _redirected(self, url: URL, answer: aiohttp.ClientResponse) -> URL:
        place = answer.headers.get("Location", "")
        try:
            target = url.join(URL(place))
            inside = is_below(self._base, target)
        except ValueError:  # no address at all, or one without a host
            inside = False
        if not inside:
            # The key must not follow to where somebody else listens.
            raise CallFailed(f"It was sent to {place[:200]!r}, which is not below the base address.")
        return target

    async def _keys(self) -> _Keys:
        auth = self._config.auth
        if auth.type == "none":
            return _Keys({})
        secret = await asyncio.to_thread(needed_secret, self._context, auth.secret)
        if auth.type == "header":
            return _Keys({auth.header: secret}, (secret,))
        if auth.type == "bearer":
            return _Keys({"Authorization": f"Bearer {secret}"}, (secret,))
        both = b64encode(f"{auth.user}:{secret}".encode()).decode()
        return _Keys({"Authorization": f"Basic {both}"}, (both, secret))

    async def _document(self, place: str) -> str:
        if not place.startswith(("http:", "https:")):
            found = await asyncio.to_thread(_read_file, self._context.workspace, place)
            if found is not None:
                return found
        else:
            url = URL(place)
            if not is_below(self._base, url):
                raise InvalidInput("The OpenAPI document is not below the base address.", hint="Save it as a file.")
            place = url.raw_path.removeprefix(self._base.raw_path.rstrip("/"))
        answer = await self._send(Call(path=place), below(self._base, place), await self._keys(), _DOCUMENT_BYTES)
        if not answer.good:
            raise CallFailed(f"The OpenAPI document is not there: {answer.host} answered {answer.status} {answer.reason}.")
        if answer.cut:
            raise InvalidInput(f"The OpenAPI document has more than {_DOCUMENT_BYTES:,} bytes.")
        return answer.plain()


def _result(answer: Answer, keys: _Keys) -> Result:
    text = answer.readable(keys.hidden)
    if not answer.good:
        raise CallFailed(f"{answer.host} answered {answer.status} {answer.reason}: {' '.join(text.split())[:500]}")
    cut = len(text) > _SHOWN_CHARACTERS or answer.cut
    if cut:
        text = f"{text[:_SHOWN_CHARACTERS]}\n… (cut)"
    return Result(text, {"status": answer.status, "content_type": answer.content_type, "cut": cut})


def _read_file(workspace: Path, place: str) -> str | None:
    """None where there is no such file: then it is a path of the API."""
    path = workspace / Path(place).expanduser()
    if not path.is_file():
        return None
    try:
        if path.stat().st_size > _DOCUMENT_BYTES:
            raise InvalidInput(f"{path.name} has more than {_DOCUMENT_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The OpenAPI document {path} cannot be read: {error}.") from None
