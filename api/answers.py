"""Responses and their headers. The headers are built once: what is answered thousands of times a second is not assembled each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from chainbot_desktop.core.json_codec import canonical_json

_COMMON = {
    "Server": "ChainBot",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With no-referrer a browser would name no Origin when it sends our own form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
"""For what is not a page: nothing in it may load or run anything."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def headers(content_type: str, policy: str = NO_PAGE, **more: str) -> CIMultiDictProxy[str]:
    """The headers of every answer. A name in `more` is written with underscores and replaces the common one."""
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return CIMultiDictProxy(
        CIMultiDict({**_COMMON, "Content-Type": content_type, "Content-Security-Policy": policy, **named}),
    )


JSON_HEADERS = headers("application/json")


def json_bytes_of(value: Any) -> bytes:
    """The JSON of what may hold values that strangers sent: whole numbers of any length included."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return canonical_json(value)


def json_answer(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=json_bytes_of(value), status=status, headers=JSON_HEADERS)


def json_bytes(body: bytes) -> web.Response:
    return web.Response(body=body, headers=JSON_HEADERS)


def html_answer(page: bytes, status: int, policy: str) -> web.Response:
    return web.Response(body=page, status=status, headers=headers("text/html; charset=utf-8", policy))


def redirect(location: str) -> web.Response:
    return web.Response(status=303, headers=headers("text/plain; charset=utf-8", Location=location))


def saved_as(name: str) -> str:
    """The Content-Disposition (RFC 6266) with which a browser saves it under this name, and never shows it."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%/' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


def add_headers(response: web.StreamResponse, wanted: Mapping[str, str]) -> None:
    """For responses that were made elsewhere (files, WebSockets): what they lack of `wanted`."""
    for name, value in wanted.items():
        response.headers.setdefault(name, value)
