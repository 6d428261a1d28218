"""Attachments over HTTP: sent as a body or a form, carried by a message, given out as files and never as pages."""

from __future__ import annotations

import asyncio
import io
import struct
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson
import pytest

from tests.api.house import BEARER, House, open_house
from tests.api.test_conversations import begin, call, say, texts

FILES = "/api/attachments"


def png(width: int = 3, height: int = 2) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"\xff\0\0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def upload(house: House, body: Any, query: str = "", **headers: str) -> tuple[int, dict[str, Any]]:
    async with house.http.post(house.url + FILES + query, data=body, headers=headers) as response:
        found: dict[str, Any] = orjson.loads(await response.read())
        return response.status, found


async def test_a_file_is_sent_carried_and_given_out(house: House) -> None:
    status, kept = await upload(house, png(), "?name=cellar.png", **{"Content-Type": "image/png"})
    assert (status, kept["name"], kept["media_type"], kept["width"], kept["use"]) == (
        201,
        "cellar.png",
        "image/png",
        3,
        "image",
    )
    chat = await begin(house)
    posted = await say(house, chat, "Look at this.", attachments=[kept])
    [carried] = posted["message"]["detail"]["attachments"]
    assert carried == {name: kept[name] for name in ("name", "media_type", "size", "sha256")}
    path = f"{FILES}/{kept['sha256']}?message_id={posted['message']['id']}"
    async with house.http.get(house.url + path) as response:
        assert (response.status, response.content_type, await response.read()) == (200, "image/png", png())
        assert response.headers["Content-Disposition"].startswith('attachment; filename="cellar.png"')
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in response.headers["Content-Security-Policy"]
    async with house.http.head(house.url + path) as response:
        assert (response.status, response.content_length) == (200, len(png()))
    other = await say(house, chat, "Not this one.")
    assert (await call(house, "GET", f"{FILES}/{kept['sha256']}?message_id={other['message']['id']}"))[0] == 404
    await call(house, "DELETE", f"/api/conversations/{chat}")
    assert (await call(house, "GET", path))[0] == 404, "with its conversation it is gone at once"


async def test_a_form_is_as_good(house: House) -> None:
    form = aiohttp.FormData(quote_fields=False)  # as browsers and curl write it
    form.add_field("file", b"a,b\n1,2\n", filename="../../räume.csv", content_type="text/csv")
    status, kept = await upload(house, form)
    assert (status, kept["name"], kept["use"], kept["size"]) == (201, "räume.csv", "text", 8)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("page.html", b"<html><script>alert(1)</script></html>"),
        ("picture.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'),
        ('we"ird\r\nX-Evil: 1.html', b"<p>"),
        ("picture.png", b"<html>no picture</html>"),
    ],
)
async def test_nothing_is_given_out_that_a_browser_would_run(house: House, name: str, body: bytes) -> None:
    status, kept = await upload(house, body, f"?name={quote(name)}", **{"Content-Type": "image/png"})
    assert status == 201, kept
    chat = await begin(house)
    claimed = {"name": kept["name"], "sha256": kept["sha256"], "media_type": "image/png", "size": 1}
    posted = await say(house, chat, "", attachments=[claimed])
    [carried] = posted["message"]["detail"]["attachments"]
    assert carried["media_type"] != "image/png", "what bytes are is told by themselves"
    assert carried["size"] == len(body)
    async with house.http.get(f"{house.url}{FILES}/{kept['sha256']}?message_id={posted['message']['id']}") as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment; ")
        assert "X-Evil" not in response.headers
        assert await response.read() == body


async def test_an_edited_message_takes_its_attachments_along(house: House) -> None:
    kept = (await upload(house, b"words", "?name=a.txt"))[1]
    chat = await begin(house)
    message = (await say(house, chat, "old", attachments=[kept]))["message"]
    status, posted = await call(
        house, "POST", f"/api/conversations/{chat}/messages/{message['id']}/edit", {"text": "new", "attachments": [kept]}
    )
    assert (status, posted["message"]["detail"]["attachments"][0]["name"]) == (201, "a.txt")


async def test_what_is_too_large_or_broken_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    async with open_house(tmp_path, {"chat": {"attachment_bytes": 3_000_000, "attachments": 2}}) as house:
        large = b"x" * 2_000_000  # more than other requests may have

        async def piecewise(count: int) -> Any:
            for _ in range(count):
                yield b"x" * 100_000

        assert (await upload(house, piecewise(20), "?name=a.bin"))[1]["size"] == len(large)
        status, problem = await upload(house, piecewise(40), "?name=a.bin")
        assert (status, problem["code"]) == (413, "too_large")
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(b"y" * 3_000_001), filename="a.bin")
        assert (await upload(house, form))[0] == 413
        two = aiohttp.FormData()
        two.add_field("file", b"1", filename="a")
        two.add_field("file", b"2", filename="b")
        assert (await upload(house, two))[1]["code"] == "bad_form"
        for broken, kind in (
            (b"", "multipart/form-data; boundary=b"),
            (b"--b\r\n\r\nno end", "multipart/form-data; boundary=b"),
            (b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c--\r\n--b--", "multipart/form-data; boundary=b"),
            (b"--b--", "multipart/form-data"),
        ):
            status, problem = await upload(house, broken, **{"Content-Type": kind})
            assert (status, problem["code"]) == (422, "bad_form"), (broken, problem)
        assert (await upload(house, b"", "?name=a"))[0] == 422
        assert (await upload(house, b"words"))[1]["code"] == "bad_name"
        assert (await upload(house, b"words", "?name=a%00"))[1]["code"] == "invalid_parameter"
        kept = (await upload(house, b"words", "?name=a.txt"))[1]
        chat = await begin(house)
        path = f"/api/conversations/{chat}/messages"
        for attachments, code in (
            ([kept] * 3, "too_many"),
            ([{**kept, "sha256": "0" * 64}], "no_such_attachment"),
            ([{"name": "a"}], "invalid_field"),
        ):
            status, problem = await call(house, "POST", path, {"text": "x", "attachments": attachments})
            assert problem["code"] == code
        assert (await call(house, "POST", path, {"text": "/help", "attachments": [kept]}))[0] == 422
        assert await texts(house, chat) == []


async def test_an_upload_that_breaks_off_keeps_nothing(house: House) -> None:
    head = (
        f"POST {FILES}?name=a.bin HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER['Authorization']}\r\n"
        "Content-Length: 1000\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", house.server.port)
    writer.write(head.encode() + b"half")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    status, kept = await upload(house, b"half", "?name=b.bin")
    assert status == 201
    assert (await call(house, "GET", f"{FILES}/{kept['sha256']}?message_id=none"))[1]["code"] == "no_such_attachment"
    assert (await call(house, "GET", f"{FILES}/{kept['sha256']}"))[1]["code"] == "invalid_parameter"
