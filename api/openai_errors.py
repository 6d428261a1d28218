"""Errors in the shape that OpenAI's clients understand, for the paths under /v1: the same sentences, another wrapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from api.answers import JSON_HEADERS
from api.problems import PROBLEM_TYPE
from chainbot_desktop.core.errors import ChainBotError

OPENAI_PATHS = "/v1/"
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


def speaks_openai(path: str) -> bool:
    return path.startswith(OPENAI_PATHS)


def as_openai_error(response: web.StreamResponse) -> web.StreamResponse:
    """A problem in the other shape; what is no problem stays as it is."""
    if not isinstance(response, web.Response) or response.content_type != PROBLEM_TYPE or not isinstance(response.body, bytes):
        return response
    found = orjson.loads(response.body)
    body = error_body(response.status, found["code"], f"{found['detail']} {found['hint']}".strip())
    changed = web.Response(body=orjson.dumps(body), status=response.status, headers=JSON_HEADERS)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in response.headers:
            changed.headers[name] = response.headers[name]
    return changed


def error_of(error: ChainBotError) -> dict[str, Any]:
    """For a stream that has begun."""
    return error_body(error.http_status, error.code, str(error))


def error_body(status: int, code: str, message: str) -> dict[str, Any]:
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
