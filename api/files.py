"""The few files that the pages are made of: named one by one, read once, served from memory. No path of a request reaches a disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from aiohttp import web

from api.answers import PAGE_POLICY, headers
from chainbot_desktop.core.errors import NotFound

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """Files by name, each with an entity tag that changes with its content."""

    files: Mapping[str, bytes]
    etags: Mapping[str, str]

    @classmethod
    def load(cls, *paths: Path) -> Folder:
        """Blocks."""
        files = {path.name: path.read_bytes() for path in paths}
        return cls(files, {name: f'"{sha256(body).hexdigest()[:20]}"' for name, body in files.items()})

    def answer(self, request: web.Request, name: str) -> web.Response:
        """The file, or 304 where the browser has it."""
        body = self.files.get(name)
        if body is None:
            raise NotFound("There is no such file here.", hint="GET / is the page.")
        etag = self.etags[name]
        suffix = name[name.rindex(".") :]
        policy = PAGE_POLICY if suffix == ".html" else "default-src 'none'"
        wanted = headers(_TYPES[suffix], policy, Cache_Control="no-cache", ETag=etag)
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=wanted)
        return web.Response(body=body, headers=wanted)


@dataclass(frozen=True, slots=True)
class Folders:
    """`page` is our own; `swagger` is the part of Swagger UI that `/docs` needs."""

    page: Folder
    swagger: Folder
