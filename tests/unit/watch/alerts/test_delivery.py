"""Alerts on their way: to a real mail server and a real webhook, each with its moods, over restarts, in quiet hours."""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events import AlertChannelTested
from chainbot_desktop.core.events.alerts import ChannelTest
from chainbot_desktop.watch.alerts.delivery import ChannelPlan
from chainbot_desktop.watch.alerts.delivery_alexos import AlexOsWay
from chainbot_desktop.watch.alerts.delivery_apprise import AppriseWay
from chainbot_desktop.watch.alerts.delivery_email import EmailWay, MailServer
from chainbot_desktop.watch.alerts.delivery_lane import LanePace
from chainbot_desktop.watch.alerts.delivery_messages import Message, NotDelivered, Way
from chainbot_desktop.watch.alerts.delivery_quiet import QuietHours
from chainbot_desktop.watch.alerts.delivery_webhook import WebhookWay
from chainbot_desktop.watch.alerts.records import AlertRule
from tests.helpers.alert_child import plan
from tests.helpers.alert_desks import ME, Alarm, open_alarm
from tests.helpers.alexos import until
from tests.helpers.smtp_server import SmtpServer, mail_server

HOT = AlertRule(name="busy", title="Busy", kind="threshold", metric="cpu", value=90, summary="{value}", runbook="Cool it.")
FULL = AlertRule(name="full", title="Full", kind="threshold", metric="disk", value=90, severity="critical")
KEY = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0LTEyMzQ="
TEST = Message("the-id", "chainbot", "2026-01-01T00:00:00.000000Z")


def secret(value: str | None) -> Callable[[], Awaitable[str | None]]:
    async def give() -> str | None:
        return value

    return give


def channel(way: Way, *, resolved: bool = False, name: str = "there") -> ChannelPlan:
    return ChannelPlan(name, "webhook", "there", True, "warning", resolved, way)


@dataclass
class Hook:
    """A real server; `answers` are the statuses it gives in turn, and 200 after them."""

    answers: list[int] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    elsewhere: int = 0
    url: str = ""
    slow: bool = False

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.slow:
            await asyncio.sleep(60)
        status = self.answers.pop(0) if self.answers else 200
        if status == 302:
            return web.Response(status=302, headers={"Location": self.url + "/elsewhere"})
        if status == 200:
            self.bodies.append(body)
            self.headers.append(dict(request.headers))
            self.heard += json.loads(body)["data"]["alerts"]
        return web.Response(status=status, text="no, thank you" if status >= 400 else "")

    async def stray(self, request: web.Request) -> web.Response:
        self.elsewhere += 1
        return web.Response()

    @property
    def words(self) -> list[tuple[str, str]]:
        return [(alert["word"], alert["rule"]) for alert in self.heard]


@asynccontextmanager
async def hook(*answers: int) -> AsyncIterator[Hook]:
    server = Hook(list(answers))
    application = web.Application()
    application.router.add_post("/", server.take)
    application.router.add_route("*", "/elsewhere", server.stray)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def fire(alarm: Alarm, **figures: float) -> None:
    alarm.desk.feed_sample(figures or {"cpu": 95.0})


async def deliveries(alarm: Alarm) -> list[tuple[str, str]]:
    def read(connection: Any) -> list[tuple[str, str]]:
        from sqlalchemy import text

        return [tuple(row) for row in connection.execute(text("SELECT word, state FROM alert_deliveries ORDER BY number"))]

    return await alarm.store.database.read(read)


async def test_alerts_that_come_together_are_one_signed_message(tmp_path: Path) -> None:
    async with hook() as there:
        way = WebhookWay(there.url, secret(KEY))
        pace = LanePace(gather=1.0)
        async with open_alarm(tmp_path, HOT, FULL, channels=[channel(way)], real_clocks=True, pace=pace) as alarm:
            fire(alarm, cpu=95.0, disk=95.0)
            await until(lambda: len(there.heard) == 2)
            assert len(there.bodies) == 1
            # Only who knows the key can have signed it.
            Webhook(KEY).verify(there.bodies[0].decode(), there.headers[0])
            assert there.heard[0]["runbook"] == "Cool it."
            await until(lambda: alarm.desk.channels[0].last.startswith("2 told"))
            assert await deliveries(alarm) == [("firing", "delivered")] * 2


async def test_a_webhook_that_fails_is_told_again_until_it_takes_it(tmp_path: Path) -> None:
    async with hook(500, 503, 429) as there:
        way = WebhookWay(there.url, secret(None))
        async with open_alarm(tmp_path, HOT, channels=[channel(way, resolved=True)], real_clocks=True) as alarm:
            fire(alarm)
            await until(lambda: there.words == [("firing", "busy")])
            assert there.answers == []
            fire(alarm, cpu=10.0)
            await until(lambda: there.words == [("firing", "busy"), ("resolved", "busy")])


async def test_redirects_are_not_followed_and_slowness_has_an_end() -> None:
    async with hook(302) as there:
        with pytest.raises(NotDelivered, match=r"redirect to .*elsewhere, which is not followed"):
            await WebhookWay(there.url, secret(None)).send(TEST)
        assert there.elsewhere == 0
        there.slow = True
        with pytest.raises(NotDelivered, match=r"did not answer within 0\.3 s"):
            await WebhookWay(there.url, secret(None), seconds=0.3).send(TEST)
        with pytest.raises(NotDelivered, match="no key"):
            await WebhookWay(there.url, secret("whsec_é")).send(TEST)
    with pytest.raises(NotDelivered, match="could not be reached"):
        await WebhookWay(there.url, secret(None)).send(TEST)


async def test_a_message_that_nobody_takes_is_given_up_with_an_event(tmp_path: Path) -> None:
    async with hook(*[500] * 1000) as there:
        way = WebhookWay(there.url, secret(None))
        pace = LanePace(gather=0.0, first=0.05, longest=0.1, give_up=0.5)
        async with open_alarm(tmp_path, HOT, channels=[channel(way)], real_clocks=True, pace=pace) as alarm:
            fire(alarm)
            [alert] = alarm.desk.active

            async def given_up() -> list[Any]:
                return await alarm.events("alert_delivery_given_up")

            while not (events := await given_up()):
                await asyncio.sleep(0.02)
            assert events[0].data.alert_ids == (alert.id,)
            assert "500: no, thank you" in events[0].data.reason
            assert await deliveries(alarm) == [("firing", "given_up")]


async def test_what_was_not_told_before_the_end_of_the_program_is_told_by_the_next(tmp_path: Path) -> None:
    async with hook(*[500] * 3) as there:
        plan = channel(WebhookWay(there.url, secret(None)))
        async with open_alarm(tmp_path, HOT, FULL, channels=[plan], real_clocks=True) as alarm:
            fire(alarm)
            await until(lambda: len(there.answers) < 3)
        assert there.words == []
        async with open_alarm(tmp_path, channels=[plan], real_clocks=True) as alarm:
            await until(lambda: there.words == [("firing", "busy")])
            # What ends between telling and noting it is told twice.
            await until(lambda: alarm.desk.channels[0].last.startswith("1 told"))
        async with open_alarm(tmp_path, channels=[plan], real_clocks=True) as alarm:
            alarm.desk.feed_sample({"disk": 95.0})
            await until(lambda: len(there.words) > 1)
        assert there.words == [("firing", "busy"), ("firing", "full")]


async def test_a_mute_holds_back_and_what_is_over_by_then_is_not_told(tmp_path: Path) -> None:
    async with hook() as there:
        plan = channel(WebhookWay(there.url, secret(None)), resolved=True)
        async with open_alarm(tmp_path, HOT, FULL, channels=[plan], real_clocks=True) as alarm:
            await alarm.desk.mute(3600, actor=ME)
            assert alarm.desk.quiet_until
            assert alarm.desk.is_quiet("critical")
            fire(alarm, cpu=95.0, disk=95.0)
            fire(alarm, cpu=10.0, disk=95.0)
            while len(await deliveries(alarm)) < 3:
                await asyncio.sleep(0.01)
            await until(lambda: [item.held for item in alarm.courier._lanes["there"]._items] == [True] * 3)
            assert there.words == []
            await alarm.desk.mute(0, actor=ME)
            await until(lambda: there.words == [("firing", "full")])
            while [state for _, state in await deliveries(alarm)] != ["dropped", "delivered", "dropped"]:
                await asyncio.sleep(0.01)
            assert [event.type for event in await alarm.events("alerts_muted")] == ["alerts_muted"] * 2


async def test_in_quiet_hours_only_what_is_critical_is_told(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    hours = QuietHours((now - timedelta(hours=2)).time(), (now + timedelta(hours=2)).time(), UTC)
    async with hook() as there:
        plan = channel(WebhookWay(there.url, secret(None)))
        async with open_alarm(tmp_path, HOT, FULL, channels=[plan], real_clocks=True, hours=hours) as alarm:
            assert alarm.desk.quiet_until
            assert (alarm.desk.is_quiet("warning"), alarm.desk.is_quiet("critical")) == (True, False)
            fire(alarm, cpu=95.0, disk=95.0)
            await until(lambda: there.words == [("firing", "full")])
            while ("firing", "delivered") not in await deliveries(alarm):  # else it would rightly be told again
                await asyncio.sleep(0.02)
            await until(lambda: [item.held for item in alarm.courier._lanes["there"]._items] == [True])
        # The night is over, and it is still so.
        async with open_alarm(tmp_path, channels=[plan], real_clocks=True) as alarm:
            await until(lambda: there.words == [("firing", "full"), ("firing", "busy")])


async def test_who_acknowledges_first_keeps_others_from_being_told(tmp_path: Path) -> None:
    async with hook() as there:
        plan = channel(WebhookWay(there.url, secret(None)))
        pace = LanePace(gather=0.5, first=0.05, longest=0.1, give_up=60)
        async with open_alarm(tmp_path, HOT, channels=[plan], real_clocks=True, pace=pace) as alarm:
            fire(alarm)
            await alarm.desk.acknowledge(alarm.desk.active[0].id, actor=ME)
            while await deliveries(alarm) != [("firing", "dropped")]:
                await asyncio.sleep(0.02)
            assert there.words == []


async def test_alex_os_is_told_once_through_the_journal(tmp_path: Path) -> None:
    async with open_alarm(tmp_path, HOT, real_clocks=True) as alarm:
        way = AlexOsWay(alarm.store.journal, lambda: True)
        fire(alarm)
        [alert] = alarm.desk.active
        from chainbot_desktop.watch.alerts.delivery_messages import Told

        message = Message("id", "chainbot", "now", (Told("firing", alert),))
        await way.send(message)
        await way.send(message)  # the program was killed before it noted that it had
        [event] = await alarm.events("attention_required")
        assert (event.data.reason, event.data.hint, event.requires_attention) == ("Busy: 95 %", "Cool it.", True)
    assert AlexOsWay(alarm.store.journal, lambda: False).refusal


# Mail


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context for 127.0.0.1, and the file of the authority that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "house")])
    now = datetime.now(UTC)
    from ipaddress import ip_address

    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "house.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "house.key"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, private)
    return context, pem


def mail_way(server: SmtpServer, password: str | None = None, **changes: Any) -> EmailWay:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "encryption": "none",
        "user": "",
        "sender": "panel@house.example",
        "to": ("ada@house.example", "bob@house.example"),
    }
    return EmailWay(MailServer(**{**values, **changes}), secret(password), seconds=changes.pop("seconds", 5.0))


async def test_a_mail_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    async with mail_server(SmtpServer()) as server:
        async with open_alarm(tmp_path, HOT, channels=[channel(mail_way(server))], real_clocks=True) as alarm:
            fire(alarm)
            await until(lambda: len(server.mails) == 1)
        [mail] = server.mails
        assert mail["Subject"] == "[chainbot] warning: Busy: 95 %"
        assert server.recipients == [["ada@house.example", "bob@house.example"]]
        assert "What to do: Cool it." in mail.get_content()
        assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_mail_is_sent_encrypted_after_a_login(tmp_path: Path, encryption: str) -> None:
    context, authority = certificate(tmp_path)
    server = SmtpServer(user="panel", password="pass word", context=context, tls=encryption == "tls")
    async with mail_server(server):
        way = mail_way(server, "pass word", encryption=encryption, user="panel", ca_file=authority)
        await way.send(TEST)
        assert (len(server.mails), server.encrypted) == (1, [True])
        with pytest.raises(NotDelivered, match="does not take the name and password"):
            await mail_way(server, "wrong", encryption=encryption, user="panel", ca_file=authority).send(TEST)
        with pytest.raises(NotDelivered, match="certificate"):
            await mail_way(server, "pass word", encryption=encryption, user="panel").send(TEST)
        with pytest.raises(NotDelivered, match="keyring has no password"):
            await mail_way(server, None, encryption=encryption, user="panel", ca_file=authority).send(TEST)
        assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("fault", "said"),
    [("refuse", "refuses ada@house.example: 550 No such person"), ("busy", "421"), ("drop", "could not be used")],
)
async def test_what_a_mail_server_refuses_is_said(fault: str, said: str) -> None:
    async with mail_server(SmtpServer(fault)) as server:
        with pytest.raises(NotDelivered, match=said):
            await mail_way(server).send(TEST)
        server.fault = ""
        await mail_way(server).send(TEST)
        assert len(server.mails) == 1


async def test_a_silent_mail_server_holds_up_nobody() -> None:
    async with mail_server(SmtpServer("silent")) as server:
        with pytest.raises(NotDelivered, match="did not answer in time"):
            await EmailWay(MailServer("127.0.0.1", server.port, "none", "", "a@b", ("c@d",)), secret(None), seconds=0.3).send(
                TEST
            )
        sending = asyncio.ensure_future(mail_way(server).send(TEST))
        await until(lambda: server.connections == 2)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_a_password_is_not_sent_in_the_clear() -> None:
    way = EmailWay(MailServer("mail.example", 25, "none", "panel", "a@b", ("c@d",)), secret("x"))
    assert "without encryption" in way.refusal
    with pytest.raises(NotDelivered):
        await way.send(TEST)


# apprise


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own imports
async def test_apprise_says_what_is_missing() -> None:
    pytest.importorskip("apprise")
    with pytest.raises(NotDelivered, match="no addresses"):
        await AppriseWay(secret(None)).send(TEST)
    with pytest.raises(NotDelivered, match="address 1"):
        await AppriseWay(secret("nonsense://password@x")).send(TEST)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own imports
async def test_apprise_reaches_what_it_knows() -> None:
    pytest.importorskip("apprise")
    heard: list[dict[str, Any]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.Response()

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await AppriseWay(secret(f"json://127.0.0.1:{runner.addresses[0][1]}/")).send(TEST)
        assert heard[0]["title"] == TEST.subject
        with pytest.raises(NotDelivered, match="did not take it"):
            await AppriseWay(secret("json://127.0.0.1:1/")).send(TEST)
    finally:
        await runner.cleanup()


async def test_a_channel_is_tested_and_the_outcome_journaled(tmp_path: Path) -> None:
    async with hook(500) as there:
        plan = channel(WebhookWay(there.url, secret(None)))
        async with open_alarm(tmp_path, channels=[plan], real_clocks=True) as alarm:
            with pytest.raises(ChainBotError, match="500"):
                await alarm.desk.test_channel("there", actor=ME)
            await alarm.desk.test_channel("there", actor=ME)
            assert [(event.data.ok, event.actor) for event in await alarm.events("alert_channel_tested")] == [
                (False, ME),
                (True, ME),
            ]
            assert alarm.desk.channels[0].last == "The test arrived."


async def test_what_a_killed_program_had_to_tell_is_told_by_the_next(tmp_path: Path) -> None:
    async with hook(*[500] * 100_000) as there:
        command = [sys.executable, "-m", "tests.helpers.alert_child", str(tmp_path), there.url]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert child.stdout is not None
        alert_id = (await child.stdout.readline()).decode().strip()
        await until(lambda: len(there.answers) < 100_000)
        child.kill()
        await child.wait()
        there.answers.clear()
        async with open_alarm(tmp_path, channels=[plan(there.url)], real_clocks=True) as alarm:
            states = {alert.rule: (alert.id == alert_id, alert.state) for alert in alarm.desk.active}
            assert states == {"busy": (True, "firing"), "full": (False, "acknowledged")}
            await until(lambda: there.words == [("firing", "busy")])
            alarm.desk.feed_sample({"cpu": 10.0, "disk": 95.0})
            assert [alert.rule for alert in alarm.desk.active] == ["full"]


async def test_what_the_disk_does_not_take_is_shown_and_told_all_the_same_and_kept_later(tmp_path: Path) -> None:
    async with hook() as there:
        channels = [channel(WebhookWay(there.url, secret(None)))]
        async with open_alarm(tmp_path, HOT, FULL, channels=channels, real_clocks=True) as alarm:
            writer = alarm.store.journal._writer
            assert writer is not None

            def limit(pages: int) -> Callable[[], None]:
                def work() -> None:
                    writer._connection.execute(f"PRAGMA max_page_count={pages}")

                return work

            await alarm.store.database.on_writer(limit(1))
            # What fits into pages that are there already is still taken.
            with pytest.raises(ChainBotError):
                for _ in range(1000):
                    await alarm.store.journal.append(
                        AlertChannelTested(data=ChannelTest(channel="x", ok=True, reason="y" * 3000))
                    )
            fire(alarm)
            [alert] = alarm.desk.active
            await until(lambda: there.words == [("firing", "busy")])
            with pytest.raises(ChainBotError):
                await alarm.desk.acknowledge(alert.id, actor=ME)
            assert [found.state for found in alarm.desk.active] == ["firing"]  # it was not acknowledged, and is not said to be
            await alarm.store.database.on_writer(limit(1_000_000))
            while await deliveries(alarm) != [("firing", "delivered")]:
                await asyncio.sleep(0.02)
            assert [event.subject for event in await alarm.events("alert_fired")] == [alert.id]
            assert there.words == [("firing", "busy")]
