"""Fetching: public addresses only, whatever a name, a redirection or a second answer says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from chainbot_desktop.agents.tools.addresses import is_public
from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.core.settings import ToolRule
from tests.helpers.toolboxes import Bench, open_bench

_ALL = ToolRule(tool="fetch_url", action="allow")


class Names:
    """A name server that says what a test wants, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Sequence[str]]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers[host]


class Site:
    """A web server on this machine."""

    def __init__(self) -> None:
        self.port = 0
        self.requests: list[str] = []
        self.over = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.host} {request.path_qs}")
        where = request.path
        if where == "/to":
            raise web.HTTPFound(request.query["url"])
        if where == "/loop":
            raise web.HTTPFound("/loop")
        if where == "/large":
            return web.Response(text="x" * 100_000)
        if where == "/picture":
            return web.Response(body=b"\x89PNG", content_type="image/png")
        if where == "/slow":
            await self.over.wait()
        if where == "/json":
            return web.json_response({"a": 1})
        page = (
            "<html><head><title>A &amp; B</title><style>p{}</style></head><body><script>evil()</script>"
            "<h1>Head</h1><p>Some <b>text</b>\x1b[31m</p><ul><li><a href='https://example.org/x'>link</a></ul></body></html>"
        )
        return web.Response(text=page, content_type="text/html")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    served = Site()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", served.answer)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    assert listener._server is not None
    served.port = listener._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield served
    served.over.set()
    await runner.cleanup()


@asynccontextmanager
async def bench_of(folder: Path, names: Names, *rules: ToolRule, **settings: Any) -> AsyncIterator[Bench]:
    async with open_bench(folder, rules=rules, resolver=names, sandbox="off", **settings) as bench:
        yield bench


def named(site: Site, host: str = "127.0.0.1") -> ToolRule:
    return ToolRule(tool="fetch_url", pattern=f"http://{host}:{site.port}", action="allow")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("0.0.0.0", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:9000/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fe80::1]/",
        "http://10.0.0.1:8000/",
        "http://localhost:9000/",
        "http://LOCALHOST./",
        "http://metadata.google.internal/",
        "http://printer.local/",
    ],
)
async def test_a_private_address_is_refused_before_anybody_is_asked(tmp_path: Path, url: str) -> None:
    names = Names({})
    async with bench_of(tmp_path, names, _ALL) as bench:
        judgement = await bench.judge("fetch_url", url=url)
        assert (judgement.verdict, judgement.rule) == ("deny", "private address")
        with pytest.raises(ToolFailed, match="not on the public internet"):
            await bench.execute("fetch_url", url=url)
        facts = await bench.judged()
        assert [fact.verdict for fact in facts] == ["refused", "refused"]
        assert names.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://x/",
        "//example.org",
        "http://",
        "http://a:b@example.org/",
        "x y",
        "http://[::1",
    ],
)
async def test_what_is_no_address_of_the_web_is_refused(tmp_path: Path, url: str) -> None:
    async with bench_of(tmp_path, Names({}), _ALL) as bench:
        assert (await bench.judge("fetch_url", url=url)).rule == "malformed"


@pytest.mark.parametrize(
    "answers", [["127.0.0.1"], ["169.254.169.254"], ["93.184.216.34", "10.0.0.1"], ["::ffff:7f00:1"], ["fd00::1"]]
)
@pytest.mark.parametrize("host", ["innocent.example", "127.1", "2130706433", "0x7f000001"])
async def test_a_name_that_leads_into_the_house_is_refused_and_journaled(
    tmp_path: Path, site: Site, host: str, answers: list[str]
) -> None:
    async with bench_of(tmp_path, Names({host: answers}), _ALL) as bench:
        with pytest.raises(ToolFailed, match="not on the public internet"):
            await bench.execute("fetch_url", url=f"http://{host}:{site.port}/")
        assert [(fact.verdict, fact.rule) for fact in await bench.judged()][-1] == ("refused", "private address")
        assert site.requests == []


async def test_the_connection_goes_to_the_address_that_was_looked_at(tmp_path: Path, site: Site) -> None:
    """A second answer (a rebinding name) is never asked for: the name is resolved once."""
    names = Names({"docs.example": ["127.0.0.1"]})
    async with bench_of(tmp_path, names, named(site, "docs.example")) as bench:
        answer = await bench.execute("fetch_url", url=f"http://docs.example:{site.port}/a?b=c#part")
        assert names.asked == ["docs.example"]
        assert site.requests == [f"GET docs.example:{site.port} /a?b=c"]
        assert answer == ("[200 OK, text/html]\nA & B\n\n# Head\n\nSome text\\x1b[31m\n\n- link (https://example.org/x)")


async def test_only_the_named_port_of_a_private_host_is_open(tmp_path: Path, site: Site) -> None:
    async with bench_of(tmp_path, Names({}), named(site), _ALL) as bench:
        assert '{"a": 1}' in await bench.execute("fetch_url", url=f"http://127.0.0.1:{site.port}/json")
        assert (await bench.judge("fetch_url", url="http://127.0.0.1:9000/")).rule == "private address"
        wild = bench.with_rules({"tool": "fetch_url", "pattern": "*:9000", "action": "allow"})
        assert (await wild.judge("fetch_url", url="http://127.0.0.1:9000/")).rule == "private address"


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/", "http://localhost:1/", "http://rebound.example/", "file:///etc/passwd"]
)
async def test_a_redirection_into_the_house_is_refused(tmp_path: Path, site: Site, target: str) -> None:
    names = Names({"rebound.example": ["10.0.0.1"]})
    async with bench_of(tmp_path, names, named(site), _ALL) as bench:
        with pytest.raises(ToolFailed, match=r"not on the public internet|begin with http"):
            await bench.execute("fetch_url", url=f"http://127.0.0.1:{site.port}/to?url={target}")
        assert (await bench.judged())[-1].verdict == "refused"
        assert len(site.requests) == 1


async def test_a_redirection_to_another_host_needs_its_own_permission(tmp_path: Path, site: Site) -> None:
    async with bench_of(tmp_path, Names({}), named(site)) as bench:
        with pytest.raises(ToolFailed, match="redirects to another host"):
            await bench.execute("fetch_url", url=f"http://127.0.0.1:{site.port}/to?url=https://example.org/x")
        strict = bench.with_rules({"tool": "fetch_url", "pattern": "example.org", "action": "deny"})
        with pytest.raises(ToolFailed, match="policy denies"):
            await strict.execute("fetch_url", url=f"http://127.0.0.1:{site.port}/to?url=https://example.org/x")
        assert "Head" in await bench.execute("fetch_url", url=f"http://127.0.0.1:{site.port}/to?url=/page")
        with pytest.raises(ToolFailed, match="more than 5 times"):
            await bench.execute("fetch_url", url=f"http://127.0.0.1:{site.port}/loop")


async def test_size_time_and_kind_are_bounded(tmp_path: Path, site: Site) -> None:
    async with bench_of(tmp_path, Names({}), named(site), fetch_bytes=1024, fetch_timeout=1) as bench:
        base = f"http://127.0.0.1:{site.port}"
        large = await bench.execute("fetch_url", url=f"{base}/large")
        assert large == f"[200 OK, text/plain, only the first 1,024 bytes]\n{'x' * 1024}"
        with pytest.raises(ToolFailed, match="sent image/png, not text"):
            await bench.execute("fetch_url", url=f"{base}/picture")
        with pytest.raises(ToolFailed, match="did not answer within 1 s"):
            await bench.execute("fetch_url", url=f"{base}/slow")


async def test_the_card_shows_the_url_and_an_approval_carries_it_out(tmp_path: Path, site: Site) -> None:
    rule = ToolRule(tool="fetch_url", pattern=f"127.0.0.1:{site.port}", action="ask")
    async with bench_of(tmp_path, Names({}), rule) as bench:
        call = bench.call("fetch_url", url=f"http://127.0.0.1:{site.port}/json")
        draft = await bench.approve(call)
        assert (draft.detail, draft.detail_kind) == (f"http://127.0.0.1:{site.port}/json", "url")
        assert '{"a": 1}' in await bench.box.execute(call, bench.run)
