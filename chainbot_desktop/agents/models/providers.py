"""The providers of the settings: where they answer, with which key, and how one asks them how they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from chainbot_desktop.agents.models.gateway import ProviderKind, ProviderStatus
from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import parse_object
from chainbot_desktop.core.settings import ModelServerSettings, NamedModelServer, Settings

PROBE_SECONDS = 5.0
_LISTING_BYTES = 4 * 1024 * 1024
_MODELS_SHOWN = 500

_OPENAI_URL = "https://api.openai.com/v1"
_ANTHROPIC_URL = "https://api.anthropic.com"
_ANTHROPIC_VERSION = "2023-06-01"
_DEFAULT_MODELS: Mapping[str, str] = {"openai": "gpt-6.1-terra", "anthropic": "claude-sonnet-5-5"}


@dataclass(frozen=True, slots=True)
class Provider:
    """`base_url` includes /v1 where its protocol has it there. `key` may block: not on the loop."""

    name: str
    kind: ProviderKind
    base_url: str
    default_model: str
    key: Callable[[], str | None]
    needs_key: bool
    pictures: bool = False
    """Whether its models take pictures."""

    @property
    def shown_url(self) -> str:
        """Without a name and a password that may stand in it."""
        scheme, separator, rest = self.base_url.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def providers_of(
    settings: Settings, secret: Callable[[str], str | None], taken_in: Sequence[NamedModelServer] = ()
) -> tuple[Provider, ...]:
    """In the order of the settings; those that it does not name come after. A server of the settings wins over one `taken_in`."""
    named = {server.name for server in settings.models.servers}
    servers = (*settings.models.servers, *(server for server in taken_in if server.name not in named))
    found = [
        _named("openai", "openai", settings.openai, _OPENAI_URL, secret),
        _named("anthropic", "anthropic", settings.anthropic, _ANTHROPIC_URL, secret),
        _named("maclink", "openai-compatible", settings.maclink, "", secret),
        *(_named(server.name, "openai-compatible", server, "", secret) for server in servers),
    ]
    order = {name: index for index, name in enumerate(settings.models.order)}
    return tuple(sorted(found, key=lambda provider: order.get(provider.name, len(order))))


def _named(
    name: str, kind: ProviderKind, settings: ModelServerSettings, usual_url: str, secret: Callable[[str], str | None]
) -> Provider:
    set_key = settings.api_key
    base_url = str(settings.base_url).rstrip("/") if settings.base_url is not None else usual_url

    def key() -> str | None:
        return set_key.get_secret_value() if set_key is not None else secret(f"model.{name}")

    return Provider(
        name=name,
        kind=kind,
        base_url=base_url,
        default_model=settings.model or _DEFAULT_MODELS.get(name, ""),
        key=key,
        needs_key=bool(usual_url),
        pictures=settings.pictures if settings.pictures is not None else kind in ("openai", "anthropic"),
    )


@dataclass(frozen=True, slots=True)
class Access:
    """Whether a provider can be asked at all: with `key`, or not because of `problem`."""

    key: str | None
    problem: str


def access_to(provider: Provider) -> Access:
    """May block."""
    if not provider.base_url:
        return Access(None, "No address is set.")
    try:
        key = provider.key()
    except ChainBotError as error:
        return Access(None, error.message)
    return Access(key, "No key is set." if provider.needs_key and not key else "")


def unasked(provider: Provider, problem: str) -> ProviderStatus:
    """What is known before it was asked."""
    if problem:
        return replace(_status(provider, "unconfigured", problem), checked_at="")
    return replace(_status(provider, "unknown", "It was not asked yet."), checked_at="")


async def look_at(provider: Provider, session: aiohttp.ClientSession) -> ProviderStatus:
    """Ask for its list of models, which costs nothing."""
    access = await asyncio.to_thread(access_to, provider)
    if access.problem:
        return _status(provider, "unconfigured", access.problem)
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            return await _ask(provider, access.key, session)
    except TimeoutError:
        return _status(provider, "unreachable", f"{provider.shown_url} did not answer within {PROBE_SECONDS:g} s.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return _status(provider, "unreachable", f"{provider.shown_url}: {_reason(error)}.")


async def _ask(provider: Provider, key: str | None, session: aiohttp.ClientSession) -> ProviderStatus:
    url, headers = _listing(provider, key)
    async with session.get(url, headers=headers, allow_redirects=False, proxy=_proxy(url)) as answer:
        if answer.status in (401, 403):
            return _status(provider, "refused", f"It refuses the key (HTTP {answer.status}).")
        if answer.status != 200:
            return _status(provider, "unreachable", f"It answers with HTTP {answer.status}.")
        body = await _read(answer.content)
    try:
        return _status(provider, "ready", "", _models(parse_object(body)))
    except InvalidInput:
        return _status(provider, "unreachable", "It answers, but with no list of models.")


async def _read(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for chunk in content.iter_any():
        body += chunk
        if len(body) > _LISTING_BYTES:
            raise ValueError("its list of models has no end")
    return bytes(body)


def _listing(provider: Provider, key: str | None) -> tuple[str, dict[str, str]]:
    bearer = {"Authorization": f"Bearer {key}"} if key else {}  # as the libraries of both show it
    if provider.kind == "anthropic":
        return f"{provider.base_url}/v1/models", {**bearer, "anthropic-version": _ANTHROPIC_VERSION}
    return f"{provider.base_url}/models", bearer


def _proxy(url: str) -> str | None:
    """That of the environment, which requests to the model go through as well."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)


def _models(listing: dict[str, Any]) -> tuple[str, ...]:
    rows = listing.get("data")
    names = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return tuple(name for name in names if isinstance(name, str) and 0 < len(name) <= 300 and name.isprintable())[
        :_MODELS_SHOWN
    ]


def _status(provider: Provider, state: str, reason: str, models: tuple[str, ...] = ()) -> ProviderStatus:
    return ProviderStatus(
        name=provider.name,
        kind=provider.kind,
        state=state,  # type: ignore[arg-type]  # the words above
        reason=reason,
        models=models,
        default_model=provider.default_model or (models[0] if models else ""),
        base_url=provider.shown_url,
        demonstration=False,
        checked_at=utc_now(),
    )


def _reason(error: Exception) -> str:
    cause = getattr(error, "os_error", None) or error
    return getattr(cause, "strerror", None) or str(cause) or type(error).__name__
