"""What an API may answer, the well-meant and the hostile: it is shown as it is, within bounds, or there is a sentence."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from chainbot_desktop.agents.kinds.api.answers import Answer
from chainbot_desktop.agents.kinds.api.keys import Hidden
from tests.helpers.api_agents import agent, do, said
from tests.helpers.raw_http import http, raw_server


@pytest.fixture
def on_the_loop(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each answer that was made readable, whether that was done on the loop's thread."""
    found: list[bool] = []
    readable = Answer.readable

    def noted(answer: Answer, hidden: Hidden) -> str:
        found.append(threading.current_thread() is threading.main_thread())
        return readable(answer, hidden)

    monkeypatch.setattr(Answer, "readable", noted)
    return found


async def ask(folder: Path, answer: bytes | Callable[[asyncio.StreamWriter], Awaitable[None]], task: str = "GET /x") -> str:
    """What comes of it, good or bad."""
    async with raw_server() as api, agent(folder, f"http://{api.host}/v1", timeout=5) as (house, agent_id):
        api.answers = lambda _: answer
        row = await do(house, agent_id, task)
        assert not house.failures
        assert "bug" not in row.reason
        return row.result or row.reason


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        (b'{"a":1,"a":2}', "application/json", '{"a":1,"a":2}'),
        (b'{"a":NaN}', "application/json", '{"a":NaN}'),
        (b'{"a":[1.10,1e400,12345678901234567890123]}', "application/json", "[\n    1.10,\n    1e400,\n    123456789"),
        (b'{"a":"\\ud800"}', "application/json", '{"a":"\\ud800"}'),
        (b"{not json", "application/json", "{not json"),
        (b"[" * 5000 + b"]" * 5000, "application/json", "[[[["),
        (b"\xef\xbb\xbf" + '{"a":"größer"}'.encode(), "application/json", '"größer"'),
        ('{"a":"größer"}'.encode(), "application/problem+json; charset=iso-8859-1", '"größer"'),
        ('{"a":"größer"}'.encode("iso-8859-1"), "application/json; charset=iso-8859-1", '"größer"'),
        ("größer".encode("utf-16"), "text/plain; charset=utf-16", "größer"),
        ("größer".encode(), "text/plain; charset=klingon", "größer"),
        (b"plain", "text/plain; charset=zlib", "plain"),
        (b"plain", "text/plain; charset=undefined", "plain"),
        (b"a\\x41", "text/plain; charset=unicode_escape", "a\\x41"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png", "10 bytes of image/png, which is no text."),
        (b"\x00\x01\x02", "application/octet-stream", "3 bytes of application/octet-stream, which is no text."),
        ("größer".encode(), "application/octet-stream", "größer"),
        (b"<svg/>", "image/svg+xml", "<svg/>"),
    ],
)
async def test_bodies(tmp_path: Path, body: bytes, kind: str, shown: str) -> None:
    assert shown in await ask(tmp_path, http(body=body, content_type=kind))


async def test_answers_without_a_body_say_what_they_are(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
    assert await ask(folders[0], b"HTTP/1.1 204 No Content\r\n\r\n") == "204 No Content"
    assert await ask(folders[1], http("201 Created", b"", Location="/v1/x/7")) == "201 Created\nLocation: /v1/x/7"
    head = await ask(folders[2], http(ETag='"7"', Set_Cookie="session=s3cr3t"), "HEAD /x")
    assert 'Etag: "7"' in head
    assert "Content-Length: 2" in head
    assert "s3cr3t" not in head
    assert "answered 404 Not Found" in await ask(folders[3], http("404 Not Found", b""), "HEAD /x")


@pytest.mark.parametrize("field", ["reason", "location", "type"])
async def test_bytes_that_are_no_text_are_kept_out_of_sentences(tmp_path: Path, field: str) -> None:
    answers = {
        "reason": b"HTTP/1.1 400 B\xe4d\r\nContent-Length: 0\r\n\r\n",
        "location": b"HTTP/1.1 302 Found\r\nLocation: http://\xe4/\xff\r\nContent-Length: 0\r\n\r\n",
        "type": b"HTTP/1.1 200 OK\r\nContent-Type: x/\xff\r\nContent-Length: 1\r\n\r\n\x00",
    }
    (await ask(tmp_path, answers[field])).encode()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_bomb_is_read_to_the_limit_and_no_further(
    tmp_path: Path, encoding: str, on_the_loop: list[bool]
) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    zeros = b"0" * 1_000_000
    bomb = b"".join(packer.compress(zeros) for _ in range(500)) + packer.flush()
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        api.answers = lambda _: http(body=bomb, content_type="text/plain", Content_Encoding=encoding)
        row = await do(house, agent_id, "GET /bomb")
        assert row.result.endswith("(cut)")
        assert len(row.result) < 110_000
        assert on_the_loop == [False]


async def test_what_is_not_compressed_as_it_says_is_a_sentence(tmp_path: Path) -> None:
    assert "not written as it says" in await ask(tmp_path, http(body=b"plain", Content_Encoding="gzip"))


async def test_compressed_answers_are_read(tmp_path: Path) -> None:
    assert '"a": 1' in await ask(tmp_path, http(body=gzip.compress(b'{"a":1}'), Content_Encoding="gzip"))


async def test_a_large_answer_does_not_hold_the_loop(tmp_path: Path, on_the_loop: list[bool]) -> None:
    body = json.dumps([{"name": f"thing {number}", "price": 1.5} for number in range(45_000)]).encode()
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        api.answers = lambda _: http(body=body)
        row = await do(house, agent_id, "GET /large")
        assert row.result.startswith('[\n  {\n    "name": "thing 0"')
        assert on_the_loop == [False]


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def _dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _endless_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n" * 1000)
        await writer.drain()


async def _redirects(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 302 Found\r\nLocation: /v1/x\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_endless, "(cut)"),
        (_dripping, "did not answer within 1 s"),
        (_endless_headers, "not HTTP"),
        (_redirects, "without end"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not HTTP"),
    ],
)
async def test_what_never_ends_or_is_no_answer(
    tmp_path: Path, answer: bytes | Callable[[asyncio.StreamWriter], Awaitable[None]], words: str
) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", timeout=1) as (house, agent_id):
        api.answers = lambda _: answer
        row = await do(house, agent_id, "GET /x")
        assert words in row.result[-20:] + row.reason
        assert len(row.reason) < 1000


async def test_no_cookie_is_kept_and_none_is_sent(tmp_path: Path) -> None:
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        api.answers = lambda arrived: (
            http("302 Found", Location="/v1/b", Set_Cookie="a=1; Path=/")
            if arrived.target == "/v1/a"
            else http(Set_Cookie="b=2")
        )
        for _ in range(2):
            assert (await do(house, agent_id, "GET /a")).state == "succeeded"
        assert len(api.arrived) == 4
        assert not [arrived for arrived in api.arrived if arrived.header("Cookie")]


async def test_neither_proxy_nor_netrc_of_the_environment_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server() as api, raw_server() as proxy, agent(tmp_path, f"http://{api.host}/v1") as (house, agent_id):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.host}")
        monkeypatch.delenv("no_proxy", raising=False)
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password s3cr3t\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        assert (await do(house, agent_id, "GET /x")).state == "succeeded"
        assert proxy.connections == 0
        assert not api.arrived[0].header("Authorization")


def _certificate(folder: Path, name: str, days: int) -> ssl.SSLContext:
    """Signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + built.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.parametrize(("days", "words"), [(30, "self-signed certificate"), (-1, "certificate")])
async def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path, days: int, words: str) -> None:
    async with (
        raw_server(_certificate(tmp_path, "localhost", days)) as api,
        agent(tmp_path, f"https://{api.host}/v1") as (house, agent_id),
    ):
        row = await do(house, agent_id, "GET /x")
        assert row.reason.startswith("The certificate of 127.0.0.1 is not accepted: ")
        assert words in row.reason
        assert "again in" not in said(house, agent_id), "it will not be another one in a second"
        assert not api.arrived


async def test_http_where_tls_was_expected_is_named(tmp_path: Path) -> None:
    server = await asyncio.start_server(_speaks_plainly, "127.0.0.1", 0)
    async with server, agent(tmp_path, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as (house, agent_id):
        assert "begins with http://" in (await do(house, agent_id, "GET /x")).reason


async def _speaks_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    await reader.read(1)
    writer.close()


async def test_a_name_that_nobody_knows_is_named(tmp_path: Path) -> None:
    async with agent(tmp_path, "http://nowhere.invalid/v1") as (house, agent_id):
        assert "Nobody knows the name nowhere.invalid" in (await do(house, agent_id, "GET /x")).reason


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_is_shown_with_all_that_it_says(value: object) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    answer = Answer("GET", "api", 200, "OK", {}, "application/json", "utf-8", body, cut=False)
    assert json.loads(answer.readable(Hidden())) == value
