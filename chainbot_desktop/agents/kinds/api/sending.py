"""Requests to an API: one connection each, without cookies and proxies, again where that is safe, and errors in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError, HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from chainbot_desktop.agents.kinds.api.answers import Answer, read_answer
from chainbot_desktop.agents.kinds.api.retry import REPEATABLE, Broken, Pace, asked_wait, is_passing
from chainbot_desktop.agents.kinds.api.target import is_below
from chainbot_desktop.core.errors import ChainBotError, Unavailable

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class CallFailed(ChainBotError):
    """The API answered, and not with what was asked for."""

    code = "call_failed"
    http_status = 502


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` without those that the configuration sets; `body` is JSON."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None = None


class _Disconnected(aiohttp.ClientError):
    """The connection broke while it carried a request."""


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends some requests again, unasked and unseen, when their connection breaks; not for an error that it does not know."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ClientConnectionResetError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Disconnected(str(error) or type(error).__name__) from error


class Sender:
    """Below one address. Use on the loop's thread."""

    def __init__(self, base: URL, timeout: float, pace: Pace) -> None:
        self._base = base
        self._timeout = timeout
        self._pace = pace
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True),  # a kept connection that died would fail the next call
            timeout=aiohttp.ClientTimeout(total=timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_sent_once,),
            trust_env=False,  # a proxy or a .netrc of the environment would see the keys, or add its own
            headers={"Accept-Encoding": "gzip, deflate"},
        )

    async def close(self) -> None:
        await self._session.close()

    async def send(
        self,
        request: Request,
        keys: Mapping[str, str],
        most_bytes: int,
        *,
        step: Callable[[str], None],
        seconds: float | None = None,
    ) -> Answer:
        """Whatever the API answers in the end. `step` hears of waits, and `seconds` is what there is for all of it."""
        ends = asyncio.get_running_loop().time() + seconds if seconds is not None else None
        for retry in range(self._pace.retries + 1):
            last = retry == self._pace.retries or request.method not in REPEATABLE
            try:
                answer = await self._follow(request, keys, most_bytes)
            except Broken as error:
                if last:
                    raise
                wait, why = self._pace.wait(retry, None), error.message.rstrip(".")
            else:
                if last or not is_passing(request.method, answer.status):
                    return answer
                wait = self._pace.wait(retry, asked_wait(answer.headers.get("Retry-After", "")))
                why = f"{answer.host} answered {answer.status} {answer.reason}".rstrip()
            left = ends - asyncio.get_running_loop().time() if ends is not None else self._pace.longest
            if wait > min(left, self._pace.longest):
                raise Unavailable(
                    f"{why}, and the next try would be in {wait:,.0f} s: that is too long to wait.", hint="Ask again later."
                )
            step(f"{why}: again in {wait:.1f} s ({retry + 1} of {self._pace.retries})")
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _follow(self, request: Request, keys: Mapping[str, str], most_bytes: int) -> Answer:
        """The answer at the end of the redirects, all of which are below the base address."""
        for _ in range(_MAX_REDIRECTS + 1):
            headers = CIMultiDict({**keys, **request.headers})
            if request.body is not None:
                headers.setdefault("Content-Type", "application/json")
            try:
                async with self._session.request(
                    request.method, request.url, headers=headers, data=request.body, allow_redirects=False
                ) as answer:
                    if answer.status not in _REDIRECTS:
                        return await read_answer(answer, most_bytes)
                    target = self._redirected(request.url, answer)
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                raise _said(request, error, self._timeout) from None
            if request.method not in REPEATABLE:
                raise CallFailed(
                    f"{request.method} arrived, and the answer is at another address: {target}.", hint="Ask for that address."
                )
            request = replace(request, url=target)
        raise CallFailed("It was sent from one address to the next without end.")

    def _redirected(self, url: URL, answer: aiohttp.ClientResponse) -> URL:
        place = answer.headers.get("Location", "")
        try:
            target = url.join(URL(place)).with_fragment(None)
            inside = bool(place) and is_below(self._base, target)
        except ValueError:  # no address at all, or one without a host
            inside = False
        if not inside:
            # The key must not follow to where somebody else listens.
            raise CallFailed(f"It was sent to {place[:200]!r}, which is not below the base address.")
        return target


def _said(request: Request, error: Exception, timeout: float) -> ChainBotError:
    """`error` in words for a person. Broken where it may pass."""
    host, place = request.url.host, request.url.origin()
    unknown = "" if request.method in REPEATABLE else f" Whether {request.method} had its effect is not known."
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            said = _tls_trouble(request, error)
        case TimeoutError():
            said = Unavailable(f"{host} did not answer within {timeout:g} s.{unknown}")
        case aiohttp.ClientConnectorDNSError():
            reason = error.os_error.strerror or error.os_error
            said = Broken(f"Nobody knows the name {host}: {reason}.", hint="Look how it is spelt.")
        case aiohttp.ClientConnectorError():
            said = Broken(f"{place} cannot be reached: {error.os_error.strerror or error}.", hint="Look whether it runs.")
        case aiohttp.ClientResponseError():
            said = Unavailable(f"{place} answered with something that is not HTTP: {_line(error.message)}.{unknown}")
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, ContentEncodingError):
            said = Unavailable(f"The answer of {host} is not written as it says: {_reason(error)}.{unknown}")
        case _:
            said = Broken(f"The connection to {place} broke off: {_reason(error)}.{unknown}")
    return said


def _tls_trouble(
    request: Request, error: aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError
) -> ChainBotError:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)
        return Unavailable(
            f"The certificate of {request.url.host} is not accepted: {reason}.",
            hint="Write the host as its certificate names it, or let this machine trust who signed it.",
            code="certificate",
        )
    return Unavailable(
        f"{request.url.origin()} does not speak TLS as it should: {error.os_error.strerror or error}.",
        hint="Look whether its address begins with http:// instead.",
        code="tls",
    )


def _reason(error: Exception) -> str:
    cause = error.__cause__
    words = cause.message if isinstance(cause, HttpProcessingError) else str(error)
    return _line(words) or type(error).__name__


def _line(text: str) -> str:
    return " ".join(text.split())[:300].removesuffix(".")
