"""Requests to ALEX OS, and what its answers mean. An answer is never trusted to be what it should be.

Whether a path exists is judged by method, status and content type, never by reachability: the observed ALEX OS answers paths it
does not have with 405, or with its web page and 200.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, encode_basic_auth
from pydantic import AnyUrl

from chainbot_desktop.alexos.clock_skew import SkewGauge
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import canonical_json, parse_json
from chainbot_desktop.core.link import Verdict

MAX_ANSWER = 4 * 1024 * 1024
_PARSED_ON_LOOP = 64 * 1024
_PATH_IS_ABSENT = frozenset({404, 405, 501})


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None where there was no answer at all; `problem` says what is wrong with it, in words."""

    status: int | None
    value: Any = None
    is_json: bool = False
    is_page: bool = False
    text: str = ""
    problem: str = ""

    @property
    def accepted(self) -> bool:
        """It took what we sent."""
        return self.status is not None and 200 <= self.status < 300 and not self.is_page

    @property
    def absent(self) -> bool:
        """The path is not there."""
        return self.status in _PATH_IS_ABSENT or (self.status is not None and self.status < 300 and self.is_page)

    @property
    def verdict(self) -> Verdict:
        if self.status is None:
            return Verdict.UNTRIED
        if self.absent:
            return Verdict.ABSENT
        return Verdict.WORKS if self.accepted else Verdict.REFUSES

    @property
    def words(self) -> str:
        """For a person: what was answered."""
        if self.status is None:
            return self.problem
        if self.is_page:
            return f"answers {self.status} with a web page"
        said = self.problem if self.accepted else self.text or self.problem
        return f"answers {self.status}" + (f": {said}" if said else "")


class AlexOsHttp:
    """One session to one registry. Redirects are not followed, answers are read up to 4 MiB. `skew` is shown every answer."""

    def __init__(self, session: ClientSession, registry_url: str, timeout: float, skew: SkewGauge) -> None:
        self._session = session
        self._base = registry_url
        self._timeout = timeout
        self._skew = skew

    async def get(self, path: str, params: Mapping[str, str] | None = None, timeout: float | None = None) -> Answer:  # noqa: ASYNC109 - aiohttp's own
        return await self._request("GET", path, None, {}, params, timeout)

    async def post(
        self,
        path: str,
        payload: Any,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - aiohttp's own
    ) -> Answer:
        """`payload` is a JSON value, or canonical JSON already."""
        body = payload if isinstance(payload, bytes) else canonical_json(payload)
        return await self._request("POST", path, body, {"Content-Type": "application/json", **(headers or {})}, None, timeout)

    async def _request(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        timeout: float | None,  # noqa: ASYNC109 - aiohttp's own
    ) -> Answer:
        limit = timeout or self._timeout
        begun = self._skew.now()
        try:
            async with self._session.request(
                method,
                self._base + path,
                data=body,
                headers=headers,
                params=params,
                allow_redirects=False,
                timeout=ClientTimeout(total=limit),
            ) as response:
                self._skew.take(begun, response.headers)
                return await _read(response)
        except TimeoutError:
            return Answer(None, problem=f"no answer within {limit:g} s")
        except (ClientError, OSError) as error:
            return Answer(None, problem=reason_of(error))


def bare_url(url: AnyUrl) -> str:
    """`url` without the user and password it may carry, and without a slash at its end: as it may be shown and recorded."""
    parts = urlsplit(str(url))
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])).rstrip("/")


def basic_auth(url: AnyUrl) -> str | None:
    """The Authorization header for the user and password that `url` carries."""
    if url.username is None and url.password is None:
        return None
    return encode_basic_auth(unquote(url.username or ""), unquote(url.password or ""), "utf-8")


def reason_of(error: BaseException) -> str:
    """Why a connection failed, in words."""
    reason = getattr(error, "os_error", error)
    number = getattr(reason, "errno", None)
    if isinstance(number, int) and number > 0:
        return f"no connection: {os.strerror(number)}"
    words = getattr(reason, "strerror", None) or str(reason) or type(error).__name__
    return f"no connection: {words}"


async def _read(response: ClientResponse) -> Answer:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER:
            response.close()
            return Answer(response.status, problem=f"the answer is larger than {MAX_ANSWER // 1024 // 1024} MiB")
        chunks.append(chunk)
    body = b"".join(chunks)
    start = body[:300].decode(errors="replace").strip()
    if response.content_type == "text/html" or start.lower().startswith(("<!doctype html", "<html")):
        return Answer(response.status, is_page=True, text="a web page", problem="a web page instead of JSON")
    try:
        value = parse_json(body) if size <= _PARSED_ON_LOOP else await asyncio.to_thread(parse_json, body)
    except InvalidInput as error:
        return Answer(response.status, text=_one_line(start), problem=error.message if size else "an empty answer")
    detail = value.get("detail") if isinstance(value, dict) else None
    return Answer(response.status, value, is_json=True, text=_one_line(detail[:300] if isinstance(detail, str) else start))


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
