"""How far this clock and that of ALEX OS are apart: from real answers of a real server, and by law with clocks that a test sets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from chainbot_desktop.alexos.answers import AlexOsHttp
from chainbot_desktop.alexos.clock_skew import SkewGauge
from chainbot_desktop.alexos.simulator import Simulator
from tests.helpers.alert_desks import Hands
from tests.helpers.alexos import linked, until

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def headers(*dates: str, **more: str) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict([*(("date", each) for each in dates), *more.items()]))


class Asking:
    """A gauge between clocks that a test sets. `theirs`: seconds that the clock of ALEX OS is ahead of the true one."""

    def __init__(self, theirs: float = 0.0) -> None:
        self.hands = Hands()
        self.theirs = theirs
        self.true_offset = self.hands.wall_now - self.hands.steady_now
        self.gauge = SkewGauge(lambda: self.hands.wall_now, lambda: self.hands.steady_now)

    @property
    def their_clock(self) -> float:
        return self.hands.steady_now + self.true_offset + self.theirs

    def ask(self, there: float = 0.0, back: float = 0.0, jump: float = 0.0, **more: str) -> None:
        """An answer that takes so long on its way there, and back. Our clock jumps meanwhile."""
        begun = self.gauge.now()
        self.hands.step(there)
        told = date(self.their_clock)
        self.hands.jump(jump)
        self.hands.step(back)
        self.gauge.take(begun, headers(told, **more))

    @property
    def skew(self) -> float:
        assert self.gauge.current is not None
        return self.gauge.current.seconds

    @property
    def true_skew(self) -> float:
        return self.hands.wall_now - self.their_clock


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[AlexOsHttp]:
    """A client of a real server that answers as `handler` does."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with ClientSession() as session:
            yield AlexOsHttp(session, f"http://127.0.0.1:{runner.addresses[0][1]}", 30.0, SkewGauge())
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("ahead", [0.0, -7.0, 3600.5, -1_700_000_000.0])
@pytest.mark.parametrize("status", [200, 405])
async def test_a_server_with_another_time(ahead: float, status: int) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Date": date(time.time() + ahead)})

    async with served(answer) as http:
        while http._skew.current is None:  # a busy machine may take too long for an answer
            assert (await http.post("/api/agents/register", {})).status == status
        skew = http._skew.current
        assert abs(skew.seconds + ahead) <= skew.uncertainty + 0.01


async def test_a_server_without_a_proper_date_tells_nothing() -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(headers={"Date": date(time.time()).replace("GMT", "MEZ")})

    async with served(answer) as http:
        assert (await http.get("/api/health")).status == 200
        assert asked == ["/api/health"]
        assert http._skew.current is None


@pytest.mark.parametrize("dialect", ["documented", "observed"])
async def test_the_client_knows_it_from_whatever_it_asks(tmp_path: Path, dialect: str) -> None:
    async with Simulator(dialect, health_takes=0.02) as simulator, linked(tmp_path, simulator, health_interval=1) as link:
        await until(lambda: link.client.clock_skew is not None)
        here = link.client.clock_skew
        assert here is not None
        assert abs(here.seconds) <= here.uncertainty + 0.01, "it is the same clock"
        await simulator.misbehave(clock_ahead=-90)
        await until(lambda: link.client.clock_skew is not None and link.client.clock_skew.seconds > 80)
        skew = link.client.clock_skew
        assert skew is not None
        assert abs(skew.seconds - 90) <= skew.uncertainty + 0.01


async def test_nobody_there_is_no_skew(tmp_path: Path) -> None:
    async with linked(tmp_path, None) as link:
        await until(lambda: link.client.status.attempts)
        assert link.client.clock_skew is None


@given(
    theirs=st.floats(-1e6, 1e6),
    answers=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 60)), min_size=1, max_size=12),
    jump=st.floats(-1e6, 1e6),
)
def test_it_is_right_to_the_uncertainty_that_it_names(
    theirs: float, answers: list[tuple[float, float, float]], jump: float
) -> None:
    asking = Asking(theirs)
    for there, back, pause in answers:
        asking.ask(there, back)
        asking.hands.step(pause)
    asking.hands.jump(jump)  # our clock is set, and what is known of theirs is as good as before
    skew = asking.gauge.current
    assert skew is not None
    assert abs(skew.seconds - asking.true_skew) <= skew.uncertainty + 1e-3
    assert skew.uncertainty <= min(there + back for there, back, _ in answers[-8:]) / 2 + 0.5 + 1e-6


def test_what_cannot_tell_is_left_out() -> None:
    asking = Asking(7)
    asking.ask(1.5, 0.6)
    assert asking.gauge.current is None, "the round trip was too long"
    asking.ask(0.1, 0.1, jump=0.5)
    assert asking.gauge.current is None, "one of our clocks was set meanwhile"
    asking.ask(Age="3")
    assert asking.gauge.current is None, "it comes from a cache"
    asking.ask(0.9, 0.9, jump=0.05)
    assert asking.gauge.current is not None


@pytest.mark.parametrize(
    "dates",
    [
        (),
        ("Mon, 30 Nov 2026 07:49:21 GMT", "Mon, 30 Nov 2026 07:49:21 GMT"),
        ("",),
        ("now",),
        ("1796024961",),
        ("Mon, 30 Nov 2026 07:49 GMT",),
        ("Tue, 30 Nov 2026 07:49:21 GMT",),
        ("Mon, 30 Nov 2026 07:49:60 GMT",),
        ("Mon, 30 Nov 2026 07:49:21",),
        ("Mon, 30 Nov 2026 07:49:21 +0100",),
        ("Mon, 31 Feb 2026 07:49:21 GMT",),
        ("Mon, 30 Nov 99999 07:49:21 GMT",),
        ("Sun Nov  6 08:49:37 1994",),
    ],
)
def test_a_date_that_is_none(dates: tuple[str, ...]) -> None:
    asking = Asking()
    asking.gauge.take(asking.gauge.now(), headers(*dates))
    assert asking.gauge.current is None


@given(st.one_of(st.text(), st.from_regex(r"\w{3}, \d{1,9} Nov \d{1,9} \d+:\d+:\d+ ([+-]\d+|GMT)", fullmatch=True)))
def test_whatever_it_says_it_breaks_nothing(text: str) -> None:
    asking = Asking()
    asking.gauge.take(asking.gauge.now(), headers(text))
    found = asking.gauge.current
    assert found is None or date(asking.hands.wall_now - found.seconds) == text


def test_the_surest_of_the_last_few_counts() -> None:
    asking = Asking(7)
    asking.ask(0.0, 0.0)
    for _ in range(7):
        asking.hands.step(10)
        asking.ask(0.5, 0.5)
    assert asking.gauge.current is not None
    assert asking.gauge.current.uncertainty == pytest.approx(0.5)
    asking.ask(0.5, 0.5)
    assert asking.gauge.current.uncertainty == pytest.approx(1.0)


def test_a_clock_of_theirs_that_was_set_is_believed_at_once() -> None:
    asking = Asking(60)
    for _ in range(8):
        asking.ask()
    asking.theirs = 0
    asking.ask(0.5, 0.5)
    assert abs(asking.skew) <= 1.0


def test_a_server_that_looks_at_its_clock_but_once_a_second_does_not_contradict_itself() -> None:
    asking = Asking()
    asking.ask()
    sure = asking.skew
    asking.hands.step(1)
    asking.theirs = -1.0  # what it told is a second old
    asking.ask(0.2, 0.2)
    assert asking.skew == sure
    asking.theirs = -4.0
    asking.ask(0.2, 0.2)
    assert asking.skew != sure


def test_it_is_forgotten_after_ten_minutes() -> None:
    asking = Asking(7)
    asking.ask()
    asking.hands.step(600)
    assert asking.skew == pytest.approx(-7, abs=0.6)
    asking.hands.step(1)
    assert asking.gauge.current is None
