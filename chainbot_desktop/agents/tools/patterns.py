"""What a rule's pattern means for a path, a command, an address and a name. Pure.

* Path: relative to the workspace, or from the root; only the latter allows what is outside. Without a slash a pattern meets any
  part of the path (`*.md`, `build`); with one it is anchored at the workspace: `*` stays within a part, `**` crosses parts. A
  pattern that meets a folder meets all that is in it.
* Command: the pattern is split into words as a shell splits them and held against the argument vector word by word, each against
  exactly one argument; a last word `*` stands for any number of further arguments. There is no shell: `;`, `|` and `$()` are
  ordinary letters of an argument, so `git *` meets only vectors whose program is `git`. It says nothing about what that program
  does with its arguments: who allows `git *` allows what git can be told to do.
* Address: `host`, `host:port` or `scheme://host[:port]/path`; each part is compared by itself, and of a host only its
  beginning can be left open (`*.example.org`): no pattern for one host meets another. A pattern without a port means the scheme's own.
* Name (a server's tool, a recipient): the whole name.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """What a call reaches, in its canonical form. `words` is the URL or the name alone, or the argument vector; of a path in the
    workspace it is the path from there and the one from the root, of another the one from the root.

    `outside`: a path that is not in the workspace. `tool`: whose rules count, where they are not those of the tool that is called.
    """

    kind: Literal["path", "command", "url", "name"]
    words: tuple[str, ...]
    outside: bool = False
    tool: str = ""


def meets(pattern: str, target: Target, *, wide: bool = False) -> bool:
    """Whether `pattern` covers `target`. `wide` is how a denial reads it: when in doubt, yes."""
    if pattern == "*":
        return wide or not target.outside
    if target.kind == "path":
        return _meets_path(pattern, target, wide)
    if target.kind == "command":
        return _meets_command(pattern, target.words, wide)
    if target.kind == "url":
        return _meets_url(pattern, target.words[0], wide)
    return fnmatchcase(target.words[0], pattern)


def names_host(pattern: str, host: str, port: int) -> bool:
    """Whether `pattern` names this host and port in full, without a wildcard: only so a private address may be meant."""
    scheme, rest = _split_scheme(pattern)
    place, _, _ = rest.partition("/")
    named, named_port = _host_and_port(place, scheme)
    return "*" not in place and "?" not in place and "[*" not in place and named == host and named_port == port


def weight(pattern: str) -> tuple[int, int]:
    """How specific it is: letters that are meant as they stand, then how few wildcards."""
    wildcards = sum(pattern.count(sign) for sign in "*?[")
    literal = len(pattern) - sum(pattern.count(sign) for sign in "*?[]")
    return literal, -wildcards


def _meets_path(pattern: str, target: Target, wide: bool) -> bool:
    shown, absolute = target.words[0], target.words[-1]
    if pattern.startswith("/"):
        return _glob(pattern).fullmatch(absolute) is not None
    if target.outside and not wide:
        return False
    bare = pattern.rstrip("/")
    if "/" not in bare:
        return any(fnmatchcase(part, bare) for part in PurePosixPath(shown).parts)
    return _glob(f"/**/{bare}" if target.outside else bare).fullmatch(shown) is not None


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    """A pattern with slashes as an expression over a whole path; what it meets as a folder, it meets with all below."""
    *folders, last = pattern.rstrip("/").split("/")
    body = "".join("(?:[^/]+/)*" if part == "**" else f"{_part(part)}/" for part in folders)
    return re.compile(body + (".*" if last == "**" else f"{_part(last)}(?:/.*)?"), re.DOTALL)


def _part(part: str) -> str:
    return "".join(_GLOB_SIGNS.get(c, re.escape(c)) for c in part)


_GLOB_SIGNS = {"*": "[^/]*", "?": "[^/]"}


def _meets_command(pattern: str, arguments: tuple[str, ...], wide: bool) -> bool:
    try:
        words = shlex.split(pattern)
    except ValueError:
        return wide
    if not words or not arguments:
        return False
    open_end = words[-1] == "*"
    fixed = words[:-1] if open_end else words
    if len(arguments) < len(fixed) or (len(arguments) > len(fixed) and not open_end):
        return False
    programs = {arguments[0], PurePosixPath(arguments[0]).name} if wide else {arguments[0]}
    if fixed and not any(fnmatchcase(program, fixed[0]) for program in programs):
        return False
    return all(fnmatchcase(argument, word) for argument, word in zip(arguments[1:], fixed[1:], strict=False))


def _meets_url(pattern: str, url: str, wide: bool) -> bool:
    parts = urlsplit(url)
    scheme, rest = _split_scheme(pattern)
    if scheme and not fnmatchcase(parts.scheme, scheme):
        return False
    place, slash, path = rest.partition("/")
    host, port = _host_and_port(place, scheme if scheme in DEFAULT_PORTS else parts.scheme)
    if not _meets_host(host, parts.hostname or "", wide) or port != _port_of(parts):
        return False
    return not slash or fnmatchcase(parts.path.removeprefix("/") + (f"?{parts.query}" if parts.query else ""), path)


def _meets_host(pattern: str, host: str, wide: bool) -> bool:
    if wide:
        return fnmatchcase(host, pattern)
    if pattern.startswith("*."):
        return host.endswith(pattern[1:])
    return pattern in {host, "*"}


def _split_scheme(pattern: str) -> tuple[str, str]:
    scheme, separator, rest = pattern.partition("://")
    return (scheme.lower(), rest) if separator else ("", pattern)


def _host_and_port(place: str, scheme: str) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdigit() or (":" in host and not host.startswith("[")):
        host, port = place, ""
    host = host.removeprefix("[").removesuffix("]") if ":" in host else host
    return host.lower(), int(port) if port else DEFAULT_PORTS.get(scheme or "https", 443)


def _port_of(parts: SplitResult) -> int:
    return parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
