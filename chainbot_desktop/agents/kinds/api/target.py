"""Where a request may go: below the base address and nowhere else, whatever a task writes for a path."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote, unquote_to_bytes

from yarl import URL

from chainbot_desktop.core.errors import InvalidInput

_HINT = "Name a path below the base address, such as /things/7."
_UNDOINGS = 4
"""How often percent signs are taken away, at most: what still changes then is an attempt at something."""
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OVERLONG = re.compile(rb"\xc0[\xae\xaf]|\xc1\x9c")
"""A dot and the two slashes in more bytes than UTF-8 allows; old servers read them all the same."""
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ADDRESS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//|^[^/?]*@|^[/\\]*\\")
_PATH_SAFE = "/:@!$&'()*+,;=-._~%"
_QUERY_SAFE = f"{_PATH_SAFE}?[]"


def below(base: URL, path: str, query: Iterable[tuple[str, str]] = ()) -> URL:
    """`path` under `base`; InvalidInput for anything that leads, or could be read to lead, elsewhere.

    What is checked is what a lenient server makes of it: percent signs are taken away until none is left, backslashes count as
    slashes, and what follows a semicolon does not count. What passes is sent as it was written, percent signs and doubled slashes too.
    """
    refuse_unsayable(path, "The path")
    if _ADDRESS.search(path):
        raise InvalidInput(f"{path[:200]!r} is an address of its own.", hint=_HINT)
    if "#" in path:
        raise InvalidInput(f"{path[:200]!r} has a #, which no server is told.", hint="Write %23 where it is meant.")
    path, mark, inline = path.partition("?")
    if not _stays(path):
        raise InvalidInput(f"{path[:200]!r} leads out of the base address.", hint=_HINT)
    pairs = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in query]
    asked = "&".join([*([_quoted(inline, _QUERY_SAFE)] if mark else []), *pairs])
    root = base.raw_path.rstrip("/")
    joined = f"{root}/{_quoted(path.removeprefix('/'), _PATH_SAFE)}" if path else base.raw_path
    url = URL(f"{base.origin()}{joined}{'?' if mark or pairs else ''}{asked}", encoded=True)
    if not is_below(base, url):
        raise InvalidInput(f"{path[:200]!r} leads out of the base address.", hint=_HINT)
    return url


def is_below(base: URL, url: URL) -> bool:
    """Whether `url` has the origin of `base` and a path under its path, also as a lenient server reads it."""
    root, path = base.raw_path.rstrip("/"), url.raw_path
    return url.origin() == base.origin() and (path == (root or "/") or path.startswith(f"{root}/")) and _stays(path)


def refuse_unsayable(text: str, what: str) -> None:
    """InvalidInput for characters that no address and no header can carry."""
    if _CONTROLS.search(text) or _SURROGATES.search(text):
        raise InvalidInput(
            f"{what} has characters that no request can carry.", hint="Leave out line breaks and control characters."
        )


def leads_on(part: str) -> bool:
    """Whether a server may read `part` of a path as a step to another place, or as a way to break its lines."""
    for _ in range(_UNDOINGS):
        if _OVERLONG.search(unquote_to_bytes(part)):
            return True
        part, before = unquote(part), part
        if part == before:
            break
    else:
        return True
    steps = re.split(r"[/\\]", part)
    return bool(_CONTROLS.search(part)) or any(step.partition(";")[0].strip() in (".", "..") for step in steps)


def _stays(path: str) -> bool:
    return not leads_on(path)


def _quoted(text: str, safe: str) -> str:
    """What an address cannot have is written with percent signs; what has them already stays."""
    return quote(_LONE_PERCENT.sub("%25", text), safe=safe)
