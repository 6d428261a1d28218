"""Fetching a public web page or document: GET, text, bounded, and never into the house (`addresses.py`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from pydantic import Field
from yarl import URL

from chainbot_desktop.agents.kind import Run
from chainbot_desktop.agents.tools.addresses import PinnedResolver, Resolve, pinned, refusal, refused_by_name, resolve
from chainbot_desktop.agents.tools.patterns import Target
from chainbot_desktop.agents.tools.plan import Arguments, Plan, Refused, described, parsed
from chainbot_desktop.agents.tools.policy import Policy
from chainbot_desktop.agents.tools.readable_html import text_of_html
from chainbot_desktop.agents.tools.shown import line, plain
from chainbot_desktop.agents.tools.tool import ToolFailed, ToolInfo

_NAME = "fetch_url"
_REDIRECTIONS = 5
_HEADERS = {"User-Agent": "chainbot-desktop", "Accept": "text/html, text/*, application/json, application/xml;q=0.9"}
_TEXT_TYPES = frozenset(
    {
        "application/json",
        "application/xml",
        "application/javascript",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
    }
)


class _FetchArguments(Arguments):
    url: str = Field(min_length=1, max_length=4096, description="Address beginning with http:// or https://.")


class FetchUrl:
    def __init__(self, policy: Policy, seconds: float, limit: int, resolver: Resolve = resolve) -> None:
        self._policy = policy
        self._seconds = seconds
        self._limit = limit
        self._resolver = resolver

    @property
    def info(self) -> ToolInfo:
        return described(_NAME, "Fetch a web page or text document (GET); HTML comes as plain text.", _FetchArguments)

    async def plan(self, arguments: Mapping[str, Any], run: Run) -> Plan:
        url = _checked(parsed(_FetchArguments, arguments).url)
        self._refuse_private_names(url)

        async def carry_out() -> str:
            return await self._fetch(url)

        return Plan(
            targets=(Target("url", (str(url),)),),
            title=line(f"Fetch from {url.host}"),
            detail=plain(str(url), kept=""),
            detail_kind="url",
            carry_out=carry_out,
            touches=(line(f"{url.host}:{url.port}"),),
            scope=f"fetch:{url.scheme}://{url.host}:{url.port}",
        )

    async def _fetch(self, url: URL) -> str:
        try:
            async with asyncio.timeout(self._seconds):
                for _ in range(_REDIRECTIONS + 1):
                    answer = await self._get(url)
                    if isinstance(answer, str):
                        return answer
                    self._judge_redirection(url, answer)
                    url = answer
        except TimeoutError:
            raise ToolFailed(f"{url.host} did not answer within {self._seconds:g} s.") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ToolFailed(f"{url.host} could not be fetched: {line(str(error))}.") from None
        raise ToolFailed(f"{url.host} redirects more than {_REDIRECTIONS} times.")

    async def _get(self, url: URL) -> str | URL:
        """The text of a page, or where it redirects to. One connection, to an address that was looked at."""
        host, port = _place(url)
        allowed = self._policy.names_host(_NAME, host, port)
        addresses = await pinned(host, port, self._resolver, private_allowed=allowed)
        connector = aiohttp.TCPConnector(resolver=PinnedResolver(addresses), use_dns_cache=False, force_close=True)
        async with (
            aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, headers=_HEADERS
            ) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status in {301, 302, 303, 307, 308} and "Location" in response.headers:
                return _checked(str(url.join(URL(response.headers["Location"]))))
            return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> str:
        kind = response.content_type
        if not (kind.startswith("text/") or kind in _TEXT_TYPES or kind.endswith(("+json", "+xml"))):
            raise ToolFailed(f"{response.url.host} sent {line(kind, 100)}, not text.")
        body = bytearray()
        async for chunk in response.content.iter_chunked(65_536):
            body += chunk
            if len(body) > self._limit:
                break
        text = _decoded(bytes(body[: self._limit]), response.charset)
        text = await asyncio.to_thread(text_of_html, text) if kind in {"text/html", "application/xhtml+xml"} else text
        note = f", only the first {self._limit:,} bytes" if len(body) > self._limit else ""
        return plain(f"[{response.status} {response.reason or ''}, {kind}{note}]\n{text}")

    def _refuse_private_names(self, url: URL) -> None:
        host, port = _place(url)
        if refused_by_name(host) and not self._policy.names_host(_NAME, host, port):
            raise refusal(host, port)

    def _judge_redirection(self, old: URL, new: URL) -> None:
        """What was approved was the old address: a new place needs a rule of its own."""
        self._refuse_private_names(new)
        decision = self._policy.decide(_NAME, (Target("url", (str(new),)),))
        if decision.action == "deny":
            raise Refused(
                f"It redirects to {line(str(new))}, which the policy denies.", rule=decision.rule, target=line(str(new))
            )
        if decision.action == "ask" and not _same_house(old, new):
            raise ToolFailed(f"It redirects to another host: fetch {line(str(new), 2000)} if that is wanted.")


def _checked(text: str) -> URL:
    try:
        url = URL(text.strip()).with_fragment(None)
        host, _ = _place(url)
        str(url).encode("ascii")
    except (ValueError, TypeError, UnicodeError):
        raise Refused("This is no address of the web.", rule="malformed", target=line(text)) from None
    if url.scheme not in {"http", "https"} or not host:
        raise Refused("Only addresses that begin with http:// or https:// can be fetched.", rule="malformed", target=line(text))
    if url.user is not None or url.password is not None:
        raise Refused("An address with a name or a password in it is not fetched.", rule="malformed", target=line(host))
    return url


def _place(url: URL) -> tuple[str, int]:
    return (url.raw_host or "").lower(), url.port or 0


def _same_house(old: URL, new: URL) -> bool:
    upgraded = (old.scheme, old.port, new.scheme, new.port) == ("http", 80, "https", 443)
    return old.raw_host == new.raw_host and (upgraded or (old.scheme, old.port) == (new.scheme, new.port))


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
