"""Who may come in: the token, a browser's session, or an address that the settings trust for webhooks.

Loopback is not trusted by itself, and headers that a proxy (or anybody) may write are never asked for an address.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp import web

from api.endpoints import Access
from api.problems import Forbidden, TooManyTries, Unauthorized
from api.services import Keys
from chainbot_desktop.alexos.webhooks import Caller
from chainbot_desktop.core.settings import Settings

_log = logging.getLogger(__name__)

ADMIN = "user:admin"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_ADDRESSES = 1024
_MAPPED = 96
"""Bits that IPv4 addresses have before them where they are written as IPv6."""
_HINT = "Send Authorization: Bearer TOKEN; `chainbot-desktop token` prints it."


class TryLimit:
    """Slows the guessing of tokens: so many wrong ones an address and minute. Right tokens are never counted nor refused."""

    def __init__(self, most: int = 10, window: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._window = window
        self._clock = clock
        self._tries: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def count(self, address: str) -> None:
        """A wrong one came from `address`; TooManyTries where it was one too many."""
        now = self._clock()
        count, since = self._tries.get(address, (0, now))
        if now - since >= self._window:
            count, since = 0, now
        self._tries[address] = (count + 1, since)
        self._tries.move_to_end(address)
        if len(self._tries) > _MOST_ADDRESSES:
            self._tries.popitem(last=False)
        if count <= self._most:  # the rule login-failures looks for this line; whoever goes on guessing does not fill the log
            _log.warning("A wrong token came from %s", address)
        if count >= self._most:
            raise TooManyTries(max(1, round(since + self._window - now)))


class Door:
    """Use on the loop's thread."""

    def __init__(self, keys: Keys, settings: Settings, limit: TryLimit | None = None) -> None:
        self.keys = keys
        self.limit = limit or TryLimit()
        # Cookies do not tell ports apart: two panels on one machine must not throw each other's visitors out.
        self.cookie = f"chainbot_session_{settings.server.port}"
        self._trusted = [_as_ipv4(network) for network in settings.security.trusted_webhook_sources]
        # Written as an address. A name is not looked up: it may mean another machine later, or another one to whoever answers for it.
        # Then what its webhooks say of their own source keeps them from being sent back.
        self._registry_host = (settings.alex_os.registry_url.host or "").strip("[]")
        self._callers: dict[tuple[str, bool], Caller] = {}
        self._verdicts: dict[str, bool] = {}

    def admit(self, request: web.Request, access: Access) -> bool:
        """Whether it comes in by its address alone; Unauthorized, Forbidden or TooManyTries where it may not come in."""
        written = request.headers.get("Authorization")
        if written is not None and self._is_token(written):
            return False
        if access is Access.WEBHOOK and self._trusted and self._is_trusted(address_of(request)):
            return True
        if written is not None:
            self.limit.count(address_of(request))
            raise Unauthorized("The token is wrong.", hint=_HINT)
        if not self._has_session(request):
            raise Unauthorized("This needs a token.", hint=_HINT)
        _require_own_origin(request)
        return False

    def knows(self, request: web.Request) -> bool:
        """Whether it would be let in; a wrong token is not held against an open path."""
        written = request.headers.get("Authorization")
        return self._is_token(written) if written is not None else self._has_session(request)

    def stay(self, request: web.Request) -> Callable[[], bool]:
        """Whether who was admitted may still be here, to be asked later: a session can end while a connection stays open."""
        if "Authorization" in request.headers:
            return lambda: True
        session = request.cookies.get(self.cookie, "")
        return lambda: self.keys.sessions.valid(session)

    def caller(self, request: web.Request, *, by_address: bool) -> Caller:
        """Who delivers a webhook that was admitted."""
        address = address_of(request)
        caller = self._callers.get((address, by_address))
        if caller is None:
            is_alexos = address == self._registry_host and not _is_loopback(address)
            caller = Caller(f"system:webhook@{address}" if by_address else ADMIN, is_alexos)
            if len(self._callers) >= _MOST_ADDRESSES:
                self._callers.clear()
            self._callers[address, by_address] = caller
        return caller

    def let_in(self, response: web.StreamResponse, *, secure: bool) -> None:
        """Give the browser that gets `response` a session."""
        response.set_cookie(self.cookie, self.keys.sessions.create(), httponly=True, samesite="Strict", path="/", secure=secure)

    def let_out(self, request: web.Request, response: web.StreamResponse) -> None:
        session = request.cookies.get(self.cookie)
        if session is not None:
            self.keys.sessions.end(session)
        response.del_cookie(self.cookie, path="/", httponly=True, samesite="Strict")

    def _is_token(self, written: str) -> bool:
        return written[:7].lower() == "bearer " and self.keys.token.matches(written[7:].strip())

    def _has_session(self, request: web.Request) -> bool:
        if "Cookie" not in request.headers:
            return False
        session = request.cookies.get(self.cookie)
        return session is not None and self.keys.sessions.valid(session)

    def _is_trusted(self, address: str) -> bool:
        verdict = self._verdicts.get(address)
        if verdict is None:
            try:
                peer = ip_address(address)
            except ValueError:
                return False
            verdict = any(peer in network for network in self._trusted)
            if len(self._verdicts) >= _MOST_ADDRESSES:
                self._verdicts.clear()
            self._verdicts[address] = verdict
        return verdict


def address_of(request: web.Request) -> str:
    """The peer's address, IPv4 as IPv4 also where it came through an IPv6 socket."""
    return (request.remote or "").removeprefix("::ffff:")


def _as_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """IPv4 that was written as IPv6 (`::ffff:10.0.0.0/104`), as the IPv4 that peers are seen with."""
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED))


def require_same_origin(request: web.Request) -> None:
    """Forbidden where a browser says that the request comes from a page of somebody else."""
    origin = request.headers.get("Origin")
    if origin is not None and not _same_host(origin, request.host):
        raise Forbidden(
            "The request comes from a page of another site.",
            hint=f"The Origin {origin[:200]} is not {request.host[:200]}; open the panel's own page.",
            code="wrong_origin",
        )


def _require_own_origin(request: web.Request) -> None:
    # What carries a cookie may have been sent by a foreign page: a WebSocket must prove that it was not.
    if "Upgrade" in request.headers and request.headers.get("Origin") is None:
        raise Forbidden("A WebSocket that carries a cookie must name its Origin.", hint=_HINT, code="wrong_origin")
    if request.method not in _SAFE or "Upgrade" in request.headers:
        require_same_origin(request)


def _same_host(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
