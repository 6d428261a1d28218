"""The page for a browser that nobody knows: how to get in. It brings its own style, for nothing else of the server is open to it."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web

from api.answers import html_answer
from api.problems import TooManyTries


class SignInPage:
    """Made from two files of `folder`; reading them blocks."""

    def __init__(self, folder: Path) -> None:
        style = (folder / "sign-in.css").read_text(encoding="utf-8")
        self._page = Template(Template((folder / "sign-in.html").read_text(encoding="utf-8")).safe_substitute(style=style))
        digest = b64encode(sha256(style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def answer(self, wrong: str = "", status: int = 401) -> web.Response:
        """The page, with what was `wrong` with a try."""
        said = f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""
        response = html_answer(self._page.substitute(wrong=said).encode(), status, self._policy)
        if status == 401:
            response.headers["WWW-Authenticate"] = 'Bearer realm="ChainBot Desktop"'
        return response

    def slow_down(self, error: TooManyTries) -> web.Response:
        response = self.answer(error.message + " " + error.hint, status=429)
        response.headers["Retry-After"] = str(error.wait)
        return response
