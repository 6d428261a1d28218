"""Bad requests get a clear answer, in problem+json, and keep nothing but a count."""

from __future__ import annotations

import asyncio
import gzip
import io
import logging
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.problems import PROBLEM_TYPE
from chainbot_desktop.core.errors import Unavailable
from tests.api.house import TOKEN, House, open_house

WEBHOOK = "/api/webhooks/chainbot/workflow/started"
MEMBERS = {"type", "title", "status", "detail", "code", "hint", "instance"}


async def refused(house: House, method: str, path: str, **more: Any) -> dict[str, Any]:
    async with house.http.request(method, house.url + path, **more) as response:
        assert response.content_type == PROBLEM_TYPE
        found: dict[str, Any] = orjson.loads(await response.read())
        assert set(found) == MEMBERS
        assert found["status"] == response.status
        found["headers"] = response.headers
    return found


async def raw(house: House, request: bytes) -> bytes:
    """What comes back for these bytes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "not_json"),
        (b"not json", 422, "not_json"),
        (b'{"workflow_id": "w"', 422, "not_json"),
        (b'{"workflow_id": "\xff"}', 422, "not_json"),
        (b'{"workflow_id": NaN}', 422, "not_json"),
        (b'{"workflow_id": "\\ud800"}', 422, "not_json"),
        (b"[1]", 422, "not_an_object"),
        (b'"text"', 422, "not_an_object"),
        (b"null", 422, "not_an_object"),
        (b'{"workflow_id":"w","x":' + b"[" * 100 + b"]" * 100 + b"}", 422, "too_deep"),
        (b"[" * 100_000, 422, "too_deep"),
        (b"{}", 422, "invalid_input"),
        (b'{"workflow_id": 7}', 422, "invalid_input"),
        (b'{"workflow_id": "w", "duration": -1}', 422, "invalid_input"),
    ],
)
async def test_a_bad_body_is_refused_and_counted(house: House, body: bytes, status: int, code: str) -> None:
    found = await refused(house, "POST", WEBHOOK, data=body, headers={"Content-Type": "application/json"})
    assert (found["status"], found["code"]) == (status, code)
    assert house.store.journal.head_seq == 0
    assert house.services.intake.refused == 1


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_refused(house: House, chunked: bool) -> None:
    body = b'{"workflow_id":"' + b"w" * 1024 * 1024 + b'"}'

    async def pieces() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    found = await refused(house, "POST", WEBHOOK, data=pieces() if chunked else io.BytesIO(body))
    assert (found["status"], found["code"]) == (413, "too_large")
    assert house.services.intake.refused == 1


async def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode())
    writer.write(b"Content-Length: 999999999\r\n\r\n")
    assert b" 413 " in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()


async def test_an_endless_body_is_not_read_to_its_end(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n".encode())
    writer.write(b"Transfer-Encoding: chunked\r\n\r\n")

    async def pour() -> None:
        try:
            while True:
                writer.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            pass

    pouring = asyncio.create_task(pour())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert b" 413 " in answer
    await asyncio.wait_for(pouring, 10)  # the server closed the connection
    writer.close()


async def test_a_compressed_bomb_is_refused(house: House) -> None:
    bomb = gzip.compress(b'{"workflow_id":"' + b"w" * 50_000_000 + b'"}')
    found = await refused(house, "POST", WEBHOOK, data=bomb, headers={"Content-Encoding": "gzip"})
    assert found["status"] == 413


async def test_a_broken_compression_is_a_bad_request(house: House) -> None:
    found = await refused(house, "POST", WEBHOOK, data=b"not gzip at all", headers={"Content-Encoding": "gzip"})
    assert (found["status"], found["code"]) == (400, "bad_body")


async def test_a_smaller_limit_of_the_settings_holds(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"server": {"max_body_bytes": 2048}}) as house:
        found = await refused(house, "POST", WEBHOOK, data=b"x" * 2049)
        assert found["status"] == 413
        assert "2048" in found["detail"]


@pytest.mark.parametrize("declared", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"])
async def test_what_is_declared_as_something_else_is_refused(house: House, declared: str) -> None:
    found = await refused(house, "POST", WEBHOOK, data=b'{"workflow_id":"w"}', headers={"Content-Type": declared})
    assert found["status"] == 415
    assert "application/json" in found["hint"]


@pytest.mark.parametrize("declared", [None, "text/plain", "application/json; charset=utf-8", "application/vnd.house+json"])
async def test_what_is_not_declared_is_taken_as_json(house: House, declared: str | None) -> None:
    skip = ["Content-Type"] if declared is None else None
    headers = {} if declared is None else {"Content-Type": declared}
    async with house.http.post(
        house.url + WEBHOOK, data=b'{"workflow_id":"w"}', headers=headers, skip_auto_headers=skip
    ) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/agents", "GET, HEAD, POST"),
        ("GET", WEBHOOK, "POST"),
        ("GET", "/api/agents/a-1/position/", "POST, PUT"),
        ("OPTIONS", "/status", "GET, HEAD"),
        ("PATCH", "/api/webhooks/chainbot/health", "GET, HEAD, POST"),
    ],
)
async def test_a_wrong_method_says_which_are_right(house: House, method: str, path: str, allowed: str) -> None:
    found = await refused(house, method, path)
    assert found["status"] == 405
    assert found["headers"]["Allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/nothing", "/api/nothing/", "/api/agents/a/b/c", "//", "/api//agents", "/../etc/passwd", "/page/..%2Fpage.js"]
)
async def test_an_unknown_path_is_a_404(house: House, path: str) -> None:
    answer = await raw(
        house, f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode()
    )
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert orjson.loads(body)["code"] == "not_found"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nBroken header\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nX-Large: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Many: x\r\n" * 1000 + b"\r\n",
        b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET http://[bad HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a handshake of TLS\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_a_clear_400(house: House, request_bytes: bytes, caplog: pytest.LogCaptureFixture) -> None:
    head, _, body = (await raw(house, request_bytes)).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ")), head
    assert orjson.loads(body)["code"] == "bad_http"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    "target", ["/api/agents/%ff%fe", "/api/agents/%zz", "/api/agents/%", "/api/agents/%00", "/api/events?q=%ff%00", "/ws/%ff"]
)
async def test_odd_encodings_of_an_address_are_the_callers_business(house: House, target: str) -> None:
    answer = await raw(
        house, f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n".encode()
    )
    assert int(answer[9:12]) < 500
    assert int(answer[9:12]) in (200, 400, 404, 422)


async def test_a_bug_is_logged_once_and_not_shown_to_the_caller(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise ZeroDivisionError("the secret inside")

    monkeypatch.setattr(house.services.agents, "list_document", broken)
    found = await refused(house, "GET", "/api/agents")
    assert (found["status"], found["code"]) == (500, "internal_error")
    assert "secret" not in orjson.dumps({key: value for key, value in found.items() if key != "headers"}).decode()
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == 1
    assert logged[0].exc_info is not None


async def test_what_is_busy_asks_to_come_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object, **_more: object) -> Any:
        raise Unavailable("The disk is full.", code="store_unavailable")

    monkeypatch.setattr(house.store.journal, "append", full)
    found = await refused(house, "POST", WEBHOOK, json={"workflow_id": "w"})
    assert (found["status"], found["code"]) == (503, "store_unavailable")
    assert int(found["headers"]["Retry-After"]) > 0


async def test_the_same_delivery_answers_the_same_and_another_body_is_refused(house: House) -> None:
    key = {"webhook-id": "delivery-1"}
    first = await house.post(WEBHOOK, {"workflow_id": "w"}, headers=key)
    assert first["status"] == "success"
    assert await house.post(WEBHOOK + "/", {"workflow_id": "w"}, headers=key) == first
    assert await house.post(WEBHOOK, {"workflow_id": "w"}, headers={"Idempotency-Key": "delivery-1"}) == first
    found = await refused(house, "POST", WEBHOOK, json={"workflow_id": "other"}, headers=key)
    assert (found["status"], found["code"]) == (422, "idempotency_mismatch")
    assert house.store.journal.head_seq == 1


async def test_every_answer_carries_the_headers_that_protect_a_browser(house: House) -> None:
    for path in ("/health", "/status", "/", "/page/page.js", "/docs", "/api/screen.png", "/nothing"):
        async with house.http.get(house.url + path, headers={"Accept": "text/html"}) as response:
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["X-Frame-Options"] == "DENY"
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "aiohttp" not in response.headers["Server"]


async def test_a_page_that_did_not_change_is_not_sent_again(house: House) -> None:
    async with house.http.get(house.url + "/page/page.js") as response:
        etag = response.headers["ETag"]
    async with house.http.get(house.url + "/page/page.js", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


async def test_a_caller_that_leaves_early_harms_nobody(house: House, caplog: pytest.LogCaptureFixture) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(
        f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n{{".encode()
    )
    await writer.drain()
    writer.transport.abort()
    async with asyncio.timeout(5):
        while house.services.intake.refused == 0:
            await asyncio.sleep(0.01)
    assert (await house.get("/health"))["status"] == "healthy"
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_several_requests_on_one_connection_are_answered_in_order(house: House) -> None:
    one = f"GET /status HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
    two = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
    three = "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await raw(house, (one + two + three).encode())
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"401"]


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_end_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch, framing: str) -> None:
    monkeypatch.setattr("api.reading.BODY_WITHIN", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    head = f"POST /api/webhooks/chainbot/event HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n{framing}\r\n\r\n"
    writer.write(head.encode())
    async with asyncio.timeout(5):
        answer = await reader.read()  # the connection ends with it
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"too_slow"' in answer
    writer.close()
