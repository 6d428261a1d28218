"""What a service raises when a person or a caller can do something about it.

The API turns these into problem+json (RFC 9457), the panel into a message bar. Anything else is a bug: it is logged with its
traceback, shown once as such, and the program goes on.
"""

from __future__ import annotations


class ChainBotError(Exception):
    """An error with a stable `code` for programs, a sentence for people, and what to do about it (`hint`, may be empty)."""

    code = "error"
    http_status = 500

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InvalidInput(ChainBotError):
    """The caller sent something that cannot be what it claims to be."""

    code = "invalid_input"
    http_status = 422


class NotFound(ChainBotError):
    code = "not_found"
    http_status = 404


class Conflict(ChainBotError):
    """The request is well formed and contradicts what is there."""

    code = "conflict"
    http_status = 409


class TooLarge(ChainBotError):
    code = "too_large"
    http_status = 413


class Unavailable(ChainBotError):
    """Cannot be done now (busy, full, down); the same request may succeed later."""

    code = "unavailable"
    http_status = 503


class SettingsError(ChainBotError):
    """A setting is wrong: names the source, the key, what was found and what is expected. Stops the start."""

    code = "settings"
