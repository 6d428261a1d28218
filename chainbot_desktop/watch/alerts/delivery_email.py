"""By email, through a mail server of one's own. `smtplib` blocks: it has a thread for each mail."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from chainbot_desktop.watch.alerts.delivery_messages import Message, NotDelivered

_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class MailServer:
    host: str
    port: int
    encryption: Literal["starttls", "tls", "none"]
    user: str
    sender: str
    to: tuple[str, ...]
    ca_file: Path | None = None


class EmailWay:
    """Implements `Way`. `password`: None where the keyring has none; without a user nobody logs in."""

    def __init__(self, server: MailServer, password: Callable[[], Awaitable[str | None]], *, seconds: float = _SECONDS) -> None:
        self._server = server
        self._password = password
        self._seconds = seconds

    @property
    def refusal(self) -> str:
        if self._server.user and self._server.encryption == "none" and not _is_here(self._server.host):
            return "A password is not sent without encryption: set it to starttls or tls."
        return ""

    async def send(self, message: Message) -> None:
        if self.refusal:
            raise NotDelivered(self.refusal)
        password = await self._password() if self._server.user else None
        if self._server.user and password is None:
            raise NotDelivered(
                "The keyring has no password for this mail server.", hint="chainbot-desktop secret set alerts.NAME"
            )
        posting = _Posting(self._server, password, mail_of(message, self._server), self._seconds)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def work() -> None:
            error: Exception | None = None
            try:
                posting.run()
            except Exception as failure:  # the border of a thread
                error = failure
            with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
                loop.call_soon_threadsafe(_settle, done, error)

        # A thread of its own, and none that the end of the program waits for: a mail server may answer when it likes.
        threading.Thread(target=work, name="alert mail", daemon=True).start()
        try:
            await done
        except asyncio.CancelledError:
            posting.cut()
            raise
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(_sentence(error, self._server)) from error


class _Posting:
    """One mail on its way. `cut` may be called from another thread, and ends `run`."""

    def __init__(self, server: MailServer, password: str | None, mail: EmailMessage, seconds: float) -> None:
        self._server = server
        self._password = password
        self._mail = mail
        self._seconds = seconds
        self._smtp: smtplib.SMTP | None = None
        self._cut = False

    def run(self) -> None:
        server = self._server
        context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file is not None else None)
        if server.encryption == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=self._seconds, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self._seconds)
        self._smtp = smtp
        if self._cut:
            smtp.close()
            return
        try:
            if server.encryption == "starttls":
                smtp.starttls(context=context)
            if self._password is not None:
                smtp.login(server.user, self._password)
            refused = smtp.send_message(self._mail)
        finally:
            # It was taken or refused by now: how the parting goes changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            smtp.close()
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def cut(self) -> None:
        self._cut = True
        connection = self._smtp.sock if self._smtp is not None else None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def mail_of(message: Message, server: MailServer) -> EmailMessage:
    mail = EmailMessage()
    sender = server.sender or server.user
    mail["Subject"] = message.subject
    mail["From"] = sender
    mail["To"] = ", ".join(server.to)
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = f"<{message.id}@{sender.rsplit('@', 1)[-1] or 'chainbot'}>" if message.id else make_msgid()
    mail["Auto-Submitted"] = "auto-generated"
    if message.severity == "critical":
        mail["Importance"] = "high"
    mail.set_content(message.text)
    return mail


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _sentence(error: Exception, server: MailServer) -> str:
    where = f"{server.host}:{server.port}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server {where} does not take the name and password: {_said(error.smtp_error)}."
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        refused = "; ".join(f"{address}: {code} {_said(said)}" for address, (code, said) in error.recipients.items())
        return f"The mail server {where} refuses {refused}."
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server {where} refuses the mail: {error.smtp_code} {_said(error.smtp_error)}."
    if isinstance(error, UnicodeEncodeError):
        return f"The name or password for {where} has letters that a login cannot carry (only ASCII can)."
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"The mail server {where} did not answer in time."
    return f"The mail server {where} could not be used: {str(error).rstrip('.')}."


def _said(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join(text.split())[:300].rstrip(".")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
