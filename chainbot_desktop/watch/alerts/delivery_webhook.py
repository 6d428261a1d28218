"""To a webhook, signed as Standard Webhooks (standardwebhooks.com) where the channel has a secret.

Redirects are not followed: an address that answers with one could send what is told anywhere.
"""

from __future__ import annotations

import binascii
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import aiohttp
from standardwebhooks import Webhook

from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.watch.alerts.delivery_messages import Message, NotDelivered

_SECONDS = 15.0
_READ = 500
"""Bytes of an answer that are looked at."""

Secret = Callable[[], Awaitable[str | None]]
"""The channel's secret, from the keyring; None where there is none."""


class WebhookWay:
    """Implements `Way`. `url` is http or https."""

    def __init__(self, url: str, secret: Secret, *, seconds: float = _SECONDS) -> None:
        self._url = url
        self._secret = secret
        self._seconds = seconds

    @property
    def refusal(self) -> str:
        return ""

    async def send(self, message: Message) -> None:
        body = canonical_json(message.as_json())
        headers = {"Content-Type": "application/json", "User-Agent": "chainbot-desktop", **await self._signed(message, body)}
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        try:
            # A session of its own: an alert is rare, and must not meet a connection that died an hour ago.
            async with (
                aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                if not 200 <= response.status < 300:
                    raise NotDelivered(await _refused(response))
        except TimeoutError as error:
            raise NotDelivered(f"The webhook did not answer within {self._seconds:g} s.") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NotDelivered(f"The webhook could not be reached: {error}.") from error

    async def _signed(self, message: Message, body: bytes) -> dict[str, str]:
        now = datetime.now(UTC)
        headers = {"webhook-id": message.id, "webhook-timestamp": str(int(now.timestamp()))}
        secret = await self._secret()
        if secret:
            try:
                headers["webhook-signature"] = Webhook(secret).sign(message.id, now, body.decode())
            except (binascii.Error, ValueError, RuntimeError) as error:
                raise NotDelivered(
                    "The secret of the webhook is no key.", hint="It is whsec_ and base64, as Standard Webhooks has it."
                ) from error
        return headers


async def _refused(response: aiohttp.ClientResponse) -> str:
    if 300 <= response.status < 400:
        to = response.headers.get("Location", "")[:200]
        return f"The webhook answered {response.status}, a redirect{f' to {to}' if to else ''}, which is not followed."
    said = " ".join((await response.content.read(_READ)).decode("utf-8", "replace").split())
    return f"The webhook answered {response.status}{f': {said}' if said else ''}."
