"""Nobody comes in without the token, a session, or an address that the settings trust."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from api.application import ENDPOINTS
from api.door import TryLimit
from api.keys import DOOR
from api.problems import TooManyTries
from tests.api.house import BEARER, TOKEN, House, open_house

WEBHOOK = "/api/webhooks/chainbot/agent/spawned"
OPEN = {"/health", "/api/health", "/api/auth/session"}
ANSWER = tuple[int, bytes, Mapping[str, str]]


@pytest.fixture
async def stranger() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def ask(session: aiohttp.ClientSession, method: str, url: str, **more: Any) -> ANSWER:
    async with session.request(method, url, allow_redirects=False, **more) as response:
        return response.status, await response.read(), response.headers


async def sign_in(stranger: aiohttp.ClientSession, house: House) -> None:
    ticket = house.services.keys.tickets.issue()
    status, _, headers = await ask(stranger, "GET", f"{house.url}/?ticket={ticket}")
    assert (status, headers["Location"]) == (303, "/")


async def test_every_route_turns_strangers_away(house: House, stranger: aiohttp.ClientSession) -> None:
    guarded = [endpoint for endpoint in ENDPOINTS if endpoint.path not in OPEN]
    assert len(guarded) > 35
    cookie = {"Cookie": "chainbot_session_9000=x"}
    for endpoint in guarded:
        house.application[DOOR].limit = TryLimit()  # here it is not about how often
        for path in endpoint.paths:
            url = house.url + path.replace("{", "").replace("}", "")
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, cookie):
                status, body, answered = await ask(stranger, endpoint.method, url, headers=headers)
                assert status == 401, url
                problem = orjson.loads(body)
                assert problem.get("error", problem)["code"] == "unauthorized"  # under /v1 in OpenAI's shape
                assert answered["WWW-Authenticate"].startswith("Bearer")
    assert house.store.journal.head_seq == 0


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/api/agents/"])
async def test_a_stranger_does_not_even_learn_what_is_there(house: House, stranger: aiohttp.ClientSession, path: str) -> None:
    assert (await ask(stranger, "GET", house.url + path))[0] == 401
    assert (await ask(stranger, "DELETE", house.url + path))[0] == 401


@pytest.mark.parametrize("written", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
async def test_the_token_opens(house: House, stranger: aiohttp.ClientSession, written: str) -> None:
    assert (await ask(stranger, "GET", house.url + "/status", headers={"Authorization": written}))[0] == 200


async def test_a_link_lets_one_browser_in_once(house: House, stranger: aiohttp.ClientSession) -> None:
    status, body, _ = await ask(stranger, "POST", house.url + "/api/auth/ticket", headers=BEARER)
    assert status == 200
    url = orjson.loads(body)["url"]
    assert url.startswith(house.url + "/?ticket=")
    status, _, headers = await ask(stranger, "GET", url)
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert (await ask(stranger, "GET", house.url + "/status"))[0] == 200
    async with aiohttp.ClientSession() as other:
        status, body, _ = await ask(other, "GET", url)
        assert status == 401
        assert b"used before" in body
    # The browser that is in may press "back" or open the link again.
    assert (await ask(stranger, "GET", url))[0] == 303


async def test_looking_at_a_link_does_not_use_it_up(house: House, stranger: aiohttp.ClientSession) -> None:
    url = f"{house.url}/?ticket={house.services.keys.tickets.issue()}"
    async with aiohttp.ClientSession() as preview:
        await ask(preview, "HEAD", url)
    assert (await ask(stranger, "GET", url))[0] == 303


async def test_a_browser_gets_a_page_that_says_how_to_get_in(house: House, stranger: aiohttp.ClientSession) -> None:
    status, body, headers = await ask(stranger, "GET", house.url + "/", headers={"Accept": "text/html,*/*"})
    assert status == 401
    assert headers["Content-Type"].startswith("text/html")
    assert b'action="/api/auth/session"' in body
    assert b"$" not in body


@pytest.mark.parametrize("form", [True, False])
async def test_the_token_is_exchanged_for_a_session(house: House, stranger: aiohttp.ClientSession, form: bool) -> None:
    sent: dict[str, Any] = {"data": {"token": TOKEN}} if form else {"json": {"token": TOKEN}}
    status, _, headers = await ask(stranger, "POST", house.url + "/api/auth/session", **sent)
    assert status == (303 if form else 200)
    assert "HttpOnly" in headers["Set-Cookie"]
    assert (await ask(stranger, "GET", house.url + "/", headers={"Accept": "text/html"}))[0] == 200


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"json": {"token": "wrong"}}, 401),
        ({"data": {"token": "wrong"}}, 401),
        ({"json": {}}, 422),
        ({"json": {"token": 5}}, 422),
        ({"json": {"token": ""}}, 422),
        ({"json": [1]}, 422),
        ({"data": {"other": "x"}}, 422),
        ({"data": b"\xff\xfe=%ff", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 422),
        ({"data": b"x" * 10_000}, 413),
    ],
)
async def test_what_is_not_the_token_gives_no_session(
    house: House, stranger: aiohttp.ClientSession, sent: dict[str, Any], expected: int
) -> None:
    status, _, headers = await ask(stranger, "POST", house.url + "/api/auth/session", **sent)
    assert status == expected
    assert "Set-Cookie" not in headers


async def test_signing_out_ends_the_session_for_everybody_who_has_it(house: House, stranger: aiohttp.ClientSession) -> None:
    await sign_in(stranger, house)
    cookie = "; ".join(f"{morsel.key}={morsel.value}" for morsel in stranger.cookie_jar)
    async with (
        stranger.ws_connect(house.url + "/ws", headers={"Origin": house.url}) as open_page,
        house.http.ws_connect(house.url + "/ws") as by_token,
    ):
        await asyncio.gather(open_page.receive(timeout=5), by_token.receive(timeout=5))
        assert (await ask(stranger, "POST", house.url + "/api/auth/logout"))[0] == 200
        assert (await open_page.receive(timeout=5)).data == aiohttp.WSCloseCode.POLICY_VIOLATION
        await by_token.send_str('{"type": "ping"}')
        assert (await by_token.receive_json(timeout=5))["type"] == "pong"
    async with aiohttp.ClientSession() as thief:
        assert (await ask(thief, "GET", house.url + "/status", headers={"Cookie": cookie}))[0] == 401


async def test_a_foreign_page_cannot_use_the_session(house: House, stranger: aiohttp.ClientSession) -> None:
    await sign_in(stranger, house)
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "http://[bad"):
        status, body, _ = await ask(stranger, "POST", house.url + WEBHOOK, json={"agent_id": "a"}, headers={"Origin": origin})
        assert (status, orjson.loads(body)["code"]) == (403, "wrong_origin")
    assert house.store.journal.head_seq == 0
    assert (await ask(stranger, "POST", house.url + WEBHOOK, json={"agent_id": "a"}, headers={"Origin": house.url}))[0] == 200
    assert (await ask(stranger, "POST", house.url + WEBHOOK, json={"agent_id": "a"}))[0] == 200


async def test_a_foreign_page_cannot_sign_in_for_somebody(house: House, stranger: aiohttp.ClientSession) -> None:
    sent = {"json": {"token": TOKEN}, "headers": {"Origin": "http://evil.example"}}
    assert (await ask(stranger, "POST", house.url + "/api/auth/session", **sent))[0] == 403


async def test_a_websocket_opens_by_token_or_by_cookie_from_the_own_page_only(
    house: House, stranger: aiohttp.ClientSession
) -> None:
    async def handshake(**headers: str) -> int:
        try:
            async with stranger.ws_connect(house.url + "/ws", headers=headers) as socket:
                await socket.receive(timeout=10)
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status

    assert await handshake() == 401
    assert await handshake(**BEARER) == 101
    await sign_in(stranger, house)
    assert await handshake() == 403
    assert await handshake(Origin="http://evil.example") == 403
    assert await handshake(Origin=house.url) == 101


async def test_wrong_tokens_are_slowed_and_the_right_one_is_not_locked_out(
    house: House, stranger: aiohttp.ClientSession
) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    answers = [(await ask(stranger, "GET", house.url + "/status", headers=wrong)) for _ in range(15)]
    assert [status for status, _, _ in answers] == [401] * 10 + [429] * 5
    assert 0 < int(answers[-1][2]["Retry-After"]) <= 60
    assert (await ask(stranger, "POST", house.url + "/api/auth/session", json={"token": "wrong"}))[0] == 429
    status, body, _ = await ask(stranger, "POST", house.url + "/api/auth/session", data={"token": "wrong"})
    assert (status, b"<form" in body) == (429, True)
    assert (await ask(stranger, "GET", house.url + "/?ticket=wrong"))[0] == 429
    assert (await ask(stranger, "GET", house.url + "/status", headers=BEARER))[0] == 200
    await sign_in(stranger, house)


def test_the_limit_forgets_after_its_window_and_is_bounded() -> None:
    now = 0.0
    limit = TryLimit(most=2, window=60, clock=lambda: now)
    limit.count("a")
    limit.count("a")
    with pytest.raises(TooManyTries) as raised:
        limit.count("a")
    assert raised.value.wait == 60
    limit.count("b")
    now = 60.0
    limit.count("a")
    for number in range(5000):
        limit.count(f"address {number}")
    assert len(limit._tries) <= 1024


async def test_webhooks_come_in_from_trusted_addresses_and_nothing_else_does(
    tmp_path: Path, stranger: aiohttp.ClientSession
) -> None:
    settings = {"security": {"trusted_webhook_sources": ["127.0.0.0/8", "fd00::/8"]}}
    async with open_house(tmp_path, settings) as house:
        # ALEX OS may bring a key of its own that means nothing to us.
        for headers in ({}, {"Authorization": "Bearer a-key-of-alex-os"}):
            assert (await ask(stranger, "POST", house.url + WEBHOOK, json={"agent_id": "a"}, headers=headers))[0] == 200
        assert (await ask(stranger, "GET", house.url + "/status"))[0] == 401
        assert (await ask(stranger, "GET", house.url + "/api/webhooks/chainbot/"))[0] == 401
        await house.spawn("b")
        actors = [item["actor"] for item in (await house.get("/api/events"))["items"]]
        assert actors == ["system:webhook@127.0.0.1", "system:webhook@127.0.0.1", "user:admin"]


async def test_an_address_that_a_header_claims_is_not_believed(tmp_path: Path, stranger: aiohttp.ClientSession) -> None:
    async with open_house(tmp_path, {"security": {"trusted_webhook_sources": ["10.1.2.3/32"]}}) as house:
        claimed = {"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3", "X-Real-IP": "10.1.2.3"}
        assert (await ask(stranger, "POST", house.url + WEBHOOK, json={"agent_id": "a"}, headers=claimed))[0] == 401
        assert house.services.intake.refused == 1
        assert house.store.journal.head_seq == 0


async def test_networks_of_ipv4_may_be_written_as_ipv6(tmp_path: Path, stranger: aiohttp.ClientSession) -> None:
    for network, status in (
        ("::ffff:127.0.0.0/104", 200),
        ("::ffff:127.0.0.1", 200),
        ("::ffff:10.0.0.0/104", 401),
        ("::/0", 401),
    ):
        async with open_house(tmp_path / str(status), {"security": {"trusted_webhook_sources": [network]}}) as house:
            answered, _, _ = await ask(stranger, "POST", house.url + WEBHOOK, json={"agent_id": "a"})
            assert answered == status, network
