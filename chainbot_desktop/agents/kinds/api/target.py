"""Where a request may go: below the base address and nowhere else, whatever a task writes for a path."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from urllib.parse import unquote

from yarl import URL

from chainbot_desktop.core.errors import InvalidInput

_HINT = "Name a path below the base address, such as /things/7."


def below(base: URL, path: str, query: Mapping[str, str] | None = None) -> URL:
    """`path` under `base`; InvalidInput for anything that leads, or could be read to lead, elsewhere.

    What is checked is what a lenient server makes of it: percent signs are taken away twice, backslashes count as slashes.
    """
    path, _, inline = path.partition("?")
    plain = unquote(unquote(path)).replace("\\", "/")
    if not path.isprintable() or not plain.isprintable() or " " in path:
        raise InvalidInput("The path has characters that no address has.", hint=_HINT)
    if plain.startswith("//") or "://" in plain or "@" in plain.split("/", 1)[0] or "#" in plain:
        raise InvalidInput(f"{path[:200]!r} is an address of its own.", hint=_HINT)
    if any(part == ".." for part in plain.split("/")):
        raise InvalidInput(f"{path[:200]!r} leads out of the base address.", hint=_HINT)
    joined = f"{base.raw_path.rstrip('/')}/{path.lstrip('/')}" if path.strip("/") else base.raw_path
    if inline:
        joined += f"?{inline}"
    url = base.origin().join(URL(joined, encoded=True))
    if query:
        url = url.update_query(query)
    if not is_below(base, url):
        raise InvalidInput(f"{path[:200]!r} leads out of the base address.", hint=_HINT)
    return url


def is_below(base: URL, url: URL) -> bool:
    """Whether `url` has the origin of `base` and a path under its path."""
    root = base.path.rstrip("/")
    path = posixpath.normpath(unquote(url.path).replace("\\", "/"))
    return url.origin() == base.origin() and (path == (root or "/") or path.startswith(f"{root}/"))
