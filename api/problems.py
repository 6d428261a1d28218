"""Errors as problem+json (RFC 9457): what is wrong, in a sentence, with a stable `code` for programs and a hint for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import orjson
from aiohttp import web

from api.answers import headers
from chainbot_desktop.core.errors import ChainBotError

PROBLEM_TYPE = "application/problem+json"
_HEADERS = headers(PROBLEM_TYPE)
RETRY_AFTER = 5
"""Seconds that a caller is asked to wait where we are busy."""


class Unauthorized(ChainBotError):
    code = "unauthorized"
    http_status = 401


class Forbidden(ChainBotError):
    code = "forbidden"
    http_status = 403


class TooManyTries(ChainBotError):
    """`wait` in seconds."""

    code = "too_many_tries"
    http_status = 429

    def __init__(self, wait: int) -> None:
        super().__init__(
            "Too many wrong tokens came from this address.", hint=f"Try again in {wait} s; a right token still opens."
        )
        self.wait = wait


class UnsupportedMedia(ChainBotError):
    code = "unsupported_media_type"
    http_status = 415


class TooSlow(ChainBotError):
    code = "too_slow"
    http_status = 408


class UpgradeRequired(ChainBotError):
    code = "upgrade_required"
    http_status = 426


_OF_FRAMEWORK: Mapping[int, tuple[str, str, str]] = {
    404: ("not_found", "There is nothing at this path.", "GET /openapi.json or /docs lists what is here."),
    413: ("too_large", "The request body is too large.", "Send less, or raise server.max_body_bytes in the settings."),
    417: ("bad_expectation", "The Expect header asks for what this server does not do.", "Leave it out or send 100-continue."),
}


def problem(status: int, code: str, detail: str, instance: str, hint: str = "") -> web.Response:
    """`instance` is the path of the request."""
    title = HTTPStatus(status).phrase
    members = {"type": f"urn:chainbot:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    # What a stranger wrote may hold half characters that have no UTF-8: they are shown as question marks.
    members |= {"hint": hint, "instance": instance}
    body = orjson.dumps(
        {name: v.encode(errors="replace").decode() if isinstance(v, str) else v for name, v in members.items()},
    )
    return web.Response(body=body, status=status, headers=_HEADERS)


def problem_of_error(error: ChainBotError, instance: str) -> web.Response:
    response = problem(error.http_status, error.code, error.message, instance, error.hint)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Bearer realm="ChainBot Desktop"'
    elif isinstance(error, TooManyTries):
        response.headers["Retry-After"] = str(error.wait)
    elif isinstance(error, UpgradeRequired):
        response.headers["Upgrade"] = "websocket"
    elif error.http_status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def problem_of_framework(error: web.HTTPException, instance: str) -> web.Response:
    """What aiohttp itself says no to: unknown paths, wrong methods, bodies over the limit, broken handshakes."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        response = problem(405, "method_not_allowed", f"{error.method} is not possible here.", instance, f"Use {allowed}.")
        response.headers["Allow"] = allowed
        return response
    code, detail, hint = _OF_FRAMEWORK.get(error.status, ("bad_request", error.text or error.reason, ""))
    return problem(error.status, code, detail, instance, hint)


def problem_of_bug(instance: str) -> web.Response:
    return problem(
        500,
        "internal_error",
        "The program made a mistake; it was logged.",
        instance,
        "Look into the Watchtower or the program's log.",
    )
