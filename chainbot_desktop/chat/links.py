"""Addresses of things inside the panel, for the links in this program's own answers: `chainbot:chat?conversation_id=...`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

INTERNAL_SCHEME = "chainbot"
OUTSIDE_SCHEMES = frozenset({"http", "https", "mailto"})


def panel_link(window: str, content: Mapping[str, str]) -> str:
    """`window` is the key of one of the four windows, `content` what its `present` takes."""
    return f"{INTERNAL_SCHEME}:{window}?{urlencode(content)}"


def parse_panel_link(address: str) -> tuple[str, dict[str, str]] | None:
    """(window, content) of an address that `panel_link` made; None for any other."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme != INTERNAL_SCHEME or not parts.path:
        return None
    return parts.path, dict(parse_qsl(parts.query))


def may_be_opened(address: str) -> bool:
    """Whether an address may be opened outside of the panel."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in OUTSIDE_SCHEMES and bool(parts.netloc or (parts.scheme == "mailto" and parts.path))
