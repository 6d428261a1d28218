"""Which network addresses an agent's fetch may reach: public ones. Everything else is inside somebody's house.

A name is resolved once and the connection is pinned to the answers that were looked at: a second answer cannot lead elsewhere. A
name with one private answer is refused whole.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

from aiohttp.abc import AbstractResolver, ResolveResult

from chainbot_desktop.agents.tools.plan import Refused
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.agents.tools.tool import ToolFailed

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, as text."""

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_METADATA = frozenset({"168.63.129.16", "100.100.100.200", "192.0.0.192"})
"""Addresses of clouds' own services that look public or nearly so; the others are link-local or unique local."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """By the system's resolver."""
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ToolFailed(f"The host {line(host, 100)} was not found: {error}.") from None
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, also where it carries another address within."""
    address = ipaddress.ip_address(text)
    if text in _METADATA:
        return False
    within = _embedded(address)
    if within is not None:
        return is_public(str(within))
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def pinned(host: str, port: int, resolver: Resolve, *, private_allowed: bool) -> Sequence[str]:
    """The addresses to connect to. Refused where one of them is not public, unless a person named this host and port."""
    literal = _literal(host)
    addresses = [literal] if literal else await resolver(host, port)
    if not addresses:
        raise ToolFailed(f"The host {line(host, 100)} has no address.")
    for address in addresses:
        if not private_allowed and not is_public(address):
            raise refusal(host, port, address)
    return addresses


def refused_by_name(host: str) -> bool:
    """What can be refused without asking a name server, which would already tell somebody something."""
    literal = _literal(host)
    if literal:
        return not is_public(literal)
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith((".localhost", ".local", ".internal"))


def refusal(host: str, port: int, address: str = "") -> Refused:
    shown = line(host, 200)
    where = f"{shown} ({address})" if address and address != host else shown
    return Refused(
        f"{where} is not on the public internet. Only a rule that names {shown}:{port} allows it.",
        rule="private address",
        target=f"{shown}:{port}",
    )


class PinnedResolver(AbstractResolver):
    """Answers with the addresses that were looked at, whatever a name server says by now."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        return


def _literal(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")))
    except ValueError:
        return ""


def _embedded(address: _Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64) or int(address) >> 32 == 0:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
