"""The model framework's clients, one per provider. Imported on a thread at the first use: it takes seconds on a small machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx2
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings

from chainbot_desktop.agents.models.local_server import LocalServer
from chainbot_desktop.agents.models.providers import Provider

_TIMEOUT = httpx2.Timeout(600, connect=10)
_RETRIES = 1
"""Of one request by the provider's own library, with its pauses; what fails after that goes to the next provider."""
_LONGEST_PAUSE = 5.0
"""Seconds that a provider may ask us to wait before that retry; for longer ones the next provider need not wait with us."""
_LOCAL_URL = "http://local.model/v1"
"""Stands for the local server, whose address and key are other ones at each start."""
_COMPATIBLE = OpenAIModelProfile(
    openai_chat_supports_max_completion_tokens=False,
    openai_supports_strict_tool_definition=False,
    supports_json_schema_output=True,
)
"""What Ollama, llama.cpp, LM Studio and vLLM have in common: only the older name of a limit is obeyed by all of them."""

_ENDS = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
"""Without it an answer whose connection was closed in the middle passes for a whole one."""


@dataclass(frozen=True, slots=True)
class Client:
    """What requests to one provider share. `key` is the one that it shows."""

    provider: OpenAIProvider | OpenAICompatibleProvider | AnthropicProvider
    http: httpx2.AsyncClient
    key: str | None = None

    def model(self, name: str) -> Model:
        settings = ModelSettings(max_retries=_RETRIES)
        if isinstance(self.provider, AnthropicProvider):
            return AnthropicModel(name, provider=self.provider, settings=settings)
        return OpenAIChatModel(name, provider=self.provider, settings=settings, profile=_ENDS)

    async def close(self) -> None:
        await self.http.aclose()


def make_client(provider: Provider, key: str | None) -> Client:
    http = httpx2.AsyncClient(timeout=_TIMEOUT, event_hooks={"response": [_refuse_long_pauses]})
    # The libraries insist on a key; servers without one ignore it.
    shown = key or "none"
    if provider.kind == "anthropic":
        return Client(AnthropicProvider(base_url=provider.base_url, api_key=shown, http_client=http), http, key)
    if provider.kind == "openai":
        return Client(OpenAIProvider(base_url=provider.base_url, api_key=shown, http_client=http), http, key)
    return Client(_compatible(provider.name, provider.base_url, shown, http), http, key)


def local_client(server: LocalServer) -> Client:
    http = httpx2.AsyncClient(timeout=_TIMEOUT, transport=LocalTransport(server))
    return Client(_compatible("local", _LOCAL_URL, "none", http), http)


async def _refuse_long_pauses(response: httpx2.Response) -> None:
    asked = response.headers.get("Retry-After", "")
    # A date instead of seconds is far away as a rule.
    if asked and not (asked.isdecimal() and int(asked) <= _LONGEST_PAUSE):
        response.headers["x-should-retry"] = "false"  # the libraries obey it


def _compatible(name: str, base_url: str, key: str, http: httpx2.AsyncClient) -> OpenAICompatibleProvider:
    return OpenAICompatibleProvider(name, base_url=base_url, api_key=key, http_client=http, profile=_COMPATIBLE)


class LocalTransport(httpx2.AsyncBaseTransport):
    """Carries a request to the local server, which is started for it if need be and kept until the answer has ended."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(self._server.in_use())
            request.url = httpx2.URL(address.url).copy_with(raw_path=request.url.raw_path)
            request.headers["Host"] = request.url.netloc.decode()
            request.headers["Authorization"] = f"Bearer {address.key}"
            response = await self._inner.handle_async_request(request)
            kept = stack.pop_all()
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Kept(response.stream, kept)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Kept(httpx2.AsyncByteStream):
    """An answer's bytes; when they are closed the server is no longer in use."""

    def __init__(self, stream: httpx2.AsyncByteStream, kept: AsyncExitStack) -> None:
        self._stream = stream
        self._kept = kept

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            yield chunk

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            await self._kept.aclose()
