"""To anything that `apprise` knows (an optional extra): its addresses carry passwords, so they are a secret of the keyring."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

from chainbot_desktop.watch.alerts.delivery_messages import Message, NotDelivered

_KIND = {"info": "info", "warning": "warning", "critical": "failure"}


class AppriseWay:
    """Implements `Way`. `addresses`: one a line, as apprise writes them."""

    def __init__(self, addresses: Callable[[], Awaitable[str | None]]) -> None:
        self._addresses = addresses
        self._installed = find_spec("apprise") is not None

    @property
    def refusal(self) -> str:
        return "" if self._installed else "apprise is not installed: pip install chainbot-desktop[alerts]."

    async def send(self, message: Message) -> None:
        if not self._installed:
            raise NotDelivered(self.refusal)
        addresses = [line.strip() for line in (await self._addresses() or "").splitlines() if line.strip()]
        if not addresses:
            raise NotDelivered("The keyring has no addresses for this channel.", hint="chainbot-desktop secret set alerts.NAME")
        notifier = await asyncio.to_thread(_notifier, addresses)
        taken = await asyncio.to_thread(
            notifier.notify, body=message.text, title=message.subject, notify_type=_KIND[message.severity]
        )
        if not taken:
            raise NotDelivered("At least one of its addresses did not take it; the log says which.")


def _notifier(addresses: list[str]) -> Any:
    import apprise

    notifier = apprise.Apprise()
    for place, address in enumerate(addresses, start=1):
        if not notifier.add(address):
            # Never the address itself: it holds a password.
            raise NotDelivered(f"apprise does not understand address {place} of the channel.")
    return notifier
