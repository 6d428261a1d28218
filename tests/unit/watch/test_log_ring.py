from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from chainbot_desktop.watch.log_ring import LogRing, LogRingHandler
from chainbot_desktop.watch.redaction import HIDDEN, Redactor


@pytest.fixture
def ring() -> LogRing:
    return LogRing(capacity=100)


@pytest.fixture
def logger(ring: LogRing) -> Iterator[logging.Logger]:
    logger = logging.getLogger("house.test")
    handler = LogRingHandler(ring)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.removeHandler(handler)


def test_a_record_is_kept_with_what_it_said(ring: LogRing, logger: logging.Logger) -> None:
    logger.warning("disk %d %% full", 93)
    (line,) = ring.since(0)
    assert (line.number, line.level_name, line.logger, line.text) == (1, "warning", "house.test", "disk 93 % full")
    assert line.time.endswith("Z")


def test_exceptions_bring_their_traceback(ring: LogRing, logger: logging.Logger) -> None:
    try:
        int("no such port")
    except ValueError:
        logger.exception("could not start")
    (line,) = ring.since(0)
    assert "Traceback" in line.exception
    assert "no such port" in line.full_text


def test_structlog_ends_here_too(ring: LogRing, logger: logging.Logger) -> None:
    log = structlog.wrap_logger(
        logger,
        processors=[structlog.stdlib.add_log_level, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    log.error("delivery refused", status=405, api_key="abcdef123")
    (line,) = ring.since(0)
    assert line.text == f"delivery refused status=405 api_key={HIDDEN}"
    assert line.level == logging.ERROR


def test_the_oldest_go_and_are_counted(ring: LogRing, logger: logging.Logger) -> None:
    for number in range(250):
        logger.info("line %d", number)
    assert (ring.count, ring.dropped) == (250, 150)
    assert [line.text for line in ring.since(248)] == ["line 248", "line 249"]
    assert [line.number for line in ring.since(0, 3)] == [248, 249, 250]
    assert len(ring.since(0)) == 100
    assert ring.since(250) == []


def test_a_record_that_cannot_be_formatted_does_not_hurt_its_caller(ring: LogRing, capsys: pytest.CaptureFixture[str]) -> None:
    handler = LogRingHandler(ring)
    handler.handle(logging.makeLogRecord({"msg": "%d", "args": ("not a number",)}))
    handler.handle(logging.makeLogRecord({"msg": "after"}))
    assert [line.text for line in ring.since(0)] == ["after"]
    assert "not a number" in capsys.readouterr().err


def test_the_excerpt_holds_the_last_warnings_and_errors(ring: LogRing, logger: logging.Logger) -> None:
    logger.warning("first")
    logger.info("not of interest")
    logger.error("two\nlines, token=hunter2hunter2")
    (one, two) = ring.excerpt(5)
    assert one.endswith("warning house.test: first")
    assert two.endswith(f"error house.test: two lines, token={HIDDEN}")
    assert ring.excerpt(1) == [two]


def test_a_very_long_record_is_cut(ring: LogRing, logger: logging.Logger) -> None:
    logger.info("x" * 1_000_000)
    assert len(ring.since(0)[0].text) < 21_000


def test_threads_lose_nothing() -> None:
    ring = LogRing(capacity=10_000)

    def write(name: int) -> None:
        for number in range(500):
            ring.add(created=0, level=20, logger="t", text=f"{name} {number}")

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = ring.since(0)
    assert [line.number for line in lines] == list(range(1, 4001))
    assert len({line.text for line in lines}) == 4000


async def test_many_lines_make_one_notice(ring: LogRing) -> None:
    notices = 0
    heard = asyncio.Event()

    def listener() -> None:
        nonlocal notices
        notices += 1
        heard.set()

    ring.follow(asyncio.get_running_loop())
    cancel = ring.subscribe(listener)

    def write() -> None:
        for number in range(1000):
            ring.add(created=0, level=20, logger="t", text=str(number))

    await asyncio.to_thread(write)
    await asyncio.wait_for(heard.wait(), 5)
    assert notices <= 3, "a thousand lines are not a thousand notices"
    heard.clear()
    ring.add(created=0, level=20, logger="t", text="one more")
    await asyncio.wait_for(heard.wait(), 5)
    cancel()
    heard.clear()
    ring.add(created=0, level=20, logger="t", text="unheard")
    await asyncio.sleep(0.1)
    assert not heard.is_set()


def test_a_loop_that_ended_is_no_trouble(ring: LogRing) -> None:
    loop = asyncio.new_event_loop()
    ring.follow(loop)
    ring.subscribe(lambda: None)
    loop.close()
    ring.add(created=0, level=20, logger="t", text="late")
    assert ring.count == 1


SECRETS = [
    "Authorization: Bearer abc.def-ghi_jkl012345",
    'headers {"authorization": "Basic dXNlcjpwYXNzd29yZA=="}',
    "api_key=sk-abcdefghijklmnopqrstuvwxyz",
    "OPENAI_API_KEY: 'sup3r s3cret'",
    '{"password": "correct horse"}',
    "GET /?ticket=Zm9vYmFyYmF6&x=1",
    "postgres://user:pa55word@host/db",
    "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def",
    "pushed with ghp_abcdefghijklmnopqrstuvwxyz0123456789",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_hidden_by_their_form(text: str) -> None:
    redacted = Redactor().redact(text)
    assert HIDDEN in redacted
    for secret in ("abc.def", "dXNlcjpw", "sk-abc", "sup3r", "s3cret", "correct horse", "Zm9v", "pa55word", "eyJzdWI", "ghp_a"):
        assert secret not in redacted


@pytest.mark.parametrize(
    "text",
    ["a token was made", "GET http://10.0.0.1:8000/api/agents/ 200", "the key 'x' is missing", "session ended", "basic checks"],
)
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor().redact(text) == text


def test_known_values_are_hidden_wherever_they_are() -> None:
    redactor = Redactor(["opensesame"])
    redactor.add("opensesame-longer", "abc")
    assert redactor.redact("say opensesame-longer, opensesame, abc") == f"say {HIDDEN}, {HIDDEN}, abc"
