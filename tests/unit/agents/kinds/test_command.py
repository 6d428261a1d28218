"""The kind `command` with real programs."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chainbot_desktop.agents.conversation_context import as_run_context
from chainbot_desktop.agents.kind import AgentContext
from chainbot_desktop.agents.kinds.command import CommandFailed, CommandKind, CommandWorker
from chainbot_desktop.agents.kinds.command_config import CommandConfig
from chainbot_desktop.agents.kinds.schedules import Schedule, due_times
from chainbot_desktop.agents.processes.lines import LINE_BYTES, LineSplitter
from chainbot_desktop.core.errors import Conflict, InvalidInput, Unavailable
from chainbot_desktop.core.ports import TalkContext, TalkLine
from tests.helpers.agent_parts import RememberingRun, agent_context
from tests.helpers.processes import STUBBORN, lives, stubborn_pids, until


@asynccontextmanager
async def worker(folder: Path, command: Sequence[str], **config: Any) -> AsyncIterator[tuple[CommandWorker, AgentContext]]:
    async with agent_context(folder, secrets={"forge": "s3cret"}) as context:
        made = CommandKind(None).make(context, CommandConfig.model_validate({"command": command, **config}))
        try:
            yield made, context
        finally:
            await made.stop()


def printed(context: AgentContext, stream: str = "out") -> list[str]:
    return [line.text for line in context.log.since(0)[0] if line.stream == stream]


def python(program: str) -> list[str]:
    return [sys.executable, "-u", "-c", program]


# Configuration


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"command": "make test"}, "a list such as"),
        ({"command": []}, "at least 1 item"),
        ({"command": ["  "]}, "name of a program"),
        ({"command": ["a\0b"]}, "pattern"),
        ({"command": ["a"], "ready": "(["}, "regular expression"),
        ({"command": ["a"], "schedule": {}}, "either every_seconds or daily"),
        ({"command": ["a"], "schedule": {"daily": "24:00"}}, "pattern"),
        ({"command": ["a"], "mode": "task", "ready": "x"}, "ready only for a service"),
        ({"command": ["a"], "comand": ["b"]}, "Extra inputs"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(config: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CommandConfig.model_validate(config)


def test_a_list_shows_the_command_and_no_secret() -> None:
    config = CommandConfig.model_validate({"command": ["make", "test"], "env": {"TOKEN": "s3cret"}})
    assert CommandKind(None).describe(config) == {"command": "make test"}


# A service


async def test_a_server_is_ready_when_it_says_so_and_its_output_is_a_live_log(tmp_path: Path) -> None:
    green = "\\x1b[32mlistening on \\x1b[1m4711\\x1b[0m"
    program = f"import sys,time\nprint('loading'); print('oops', file=sys.stderr)\nprint('{green}'); time.sleep(1000)"
    async with worker(tmp_path, python(program), ready=r"listening on \d+") as (made, context):
        await made.start()
        assert "\x1b[32mlistening on \x1b[1m4711\x1b[0m" in printed(context)
        await until(lambda: printed(context, "err") == ["oops"])
        pid = made.pid
        assert pid is not None
        assert lives(pid)
        with pytest.raises(Conflict, match="takes no tasks"):
            await made.execute(RememberingRun())
        await made.stop()
        assert not lives(pid)
        assert made.pid is None


async def test_one_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    async with worker(tmp_path, python("import time; time.sleep(1000)"), ready="yes", ready_seconds=0.3) as (made, _):
        with pytest.raises(Unavailable, match=r"not ready after 0\.3 s"):
            await made.start()
        assert made.pid is None or not lives(made.pid)


async def test_one_that_ends_before_it_is_ready_says_why(tmp_path: Path) -> None:
    program = "import sys; print('port 80 is taken', file=sys.stderr); sys.exit(3)"
    async with worker(tmp_path, python(program), ready="yes") as (made, _):
        with pytest.raises(Unavailable, match="exit code 3 before it was ready") as caught:
            await made.start()
        assert "port 80 is taken" in caught.value.hint


async def test_a_pattern_without_end_is_given_up(tmp_path: Path) -> None:
    program = "import time; print('a' * 200 + 'b'); time.sleep(1000)"
    async with worker(tmp_path, python(program), ready=r"(a|aa)+$") as (made, _):
        with pytest.raises(InvalidInput, match="takes too long"):
            await made.start()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("print('fine')", ""),
        ("import sys; print('no disk'); sys.exit(4)", r"ended with exit code 4\. Its last line: no disk"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"was ended by SIGSEGV \(segmentation fault\)"),
    ],
)
async def test_the_end_has_a_reason_in_a_sentence(tmp_path: Path, program: str, reason: str) -> None:
    async with worker(tmp_path, python(program)) as (made, _):
        await made.start()
        async with asyncio.timeout(5):
            ended = await made.ended()
        if reason:
            with pytest.raises(AssertionError, match=reason):
                raise AssertionError(ended)
        else:
            assert ended == ""


async def test_stop_leaves_no_grandchild_that_ignores_sigterm(tmp_path: Path) -> None:
    async with worker(tmp_path, [sys.executable, "-c", STUBBORN, str(tmp_path)]) as (made, context):
        await made.start()
        pids = await stubborn_pids(tmp_path)
        stopping = asyncio.ensure_future(made.stop())
        await asyncio.sleep(0)
        await context.children.stop_all(grace=0.2)
        await stopping
        assert not any(lives(pid) for pid in pids.values())


async def test_pause_holds_the_whole_group_and_resume_lets_it_go_on(tmp_path: Path) -> None:
    async with worker(tmp_path, ["sh", "-c", "while :; do sleep 0.01; echo tick; done"]) as (made, context):
        await made.start()
        await until(lambda: len(printed(context)) > 2)
        await made.pause()
        await until(lambda: _state(made) == "T")
        await made.resume()
        known = len(printed(context))
        await until(lambda: len(printed(context)) > known + 2)
        await made.pause()  # and a paused one can be stopped, in good time
        async with asyncio.timeout(3):
            await made.stop()


def _state(made: CommandWorker) -> str:
    return Path(f"/proc/{made.pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.parametrize(
    ("command", "config", "words"),
    [
        (["no-such-program"], {}, "no program 'no-such-program'"),
        (["./plain.txt"], {}, "may not be run"),
        (["true"], {"cwd": "missing"}, "missing does not exist"),
        (["true"], {"secret_env": {"TOKEN": "unknown"}}, "no secret 'unknown'"),
    ],
)
async def test_what_cannot_start_says_so(tmp_path: Path, command: list[str], config: dict[str, Any], words: str) -> None:
    async with worker(tmp_path, command, **config) as (made, context):
        (context.workspace / "plain.txt").write_text("x")
        with pytest.raises(Unavailable, match=words):
            await made.start()
        await made.stop()


# Tasks


async def test_a_task_runs_the_command_once_with_its_text(tmp_path: Path) -> None:
    program = "import os,sys; print(os.environ['AGENT_TASK'], os.environ['FORGE'], os.getcwd()); print(sys.stdin.read())"
    config = {"mode": "task", "stdin": True, "cwd": "sub", "secret_env": {"FORGE": "forge"}}
    async with worker(tmp_path, python(program), **config) as (made, context):
        (context.workspace / "sub").mkdir()
        await made.start()
        assert made.pid is None
        run = RememberingRun("lint $(id); this")
        result = await made.execute(run)
        assert result.data["exit_code"] == 0
        assert result.data["last_lines"] == [f"lint $(id); this s3cret {context.workspace / 'sub'}", "lint $(id); this"]
        assert "ended well after" in result.text
        assert "lint $(id); this" in run.streamed
        assert run.steps[0].startswith("Running ")
        assert made.pid is None


async def test_a_task_is_told_of_its_conversation(tmp_path: Path) -> None:
    program = "import os; print(os.environ['AGENT_CONVERSATION']); print(os.environ['AGENT_CONTEXT'])"
    talk = TalkContext(said=(TalkLine("m", "Bob", "two\nlines\0"),))
    async with worker(tmp_path, python(program), mode="task") as (made, _):
        await made.start()
        run = RememberingRun("go", {**as_run_context(talk), "ticket": 7})
        result = await made.execute(run)
        assert result.data["last_lines"][-3:] == ["> Bob: two", "> lines", '{"ticket": 7}']


async def test_a_task_that_fails_says_how(tmp_path: Path) -> None:
    async with worker(tmp_path, python("import sys; print('2 tests failed'); sys.exit(1)"), mode="task") as (made, _):
        await made.start()
        with pytest.raises(CommandFailed, match="exit code 1") as caught:
            await made.execute(RememberingRun())
        assert caught.value.hint == "2 tests failed"


async def test_a_cancelled_task_leaves_nothing(tmp_path: Path) -> None:
    async with worker(tmp_path, ["sh", "-c", "setsid sleep 1000 & echo $!; wait"], mode="task") as (made, context):
        await made.start()
        task = asyncio.ensure_future(made.execute(RememberingRun()))
        await until(lambda: bool(printed(context)))
        pids = [int(printed(context)[0]), made.pid]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not any(lives(pid) for pid in pids if pid is not None)


async def test_an_impossible_task_is_refused(tmp_path: Path) -> None:
    async with worker(tmp_path, ["true"], mode="task") as (made, _):
        with pytest.raises(InvalidInput):
            await made.execute(RememberingRun("x" * 100_001))


# Output


async def test_a_huge_line_and_bytes_that_are_no_text_are_bounded_and_shown(tmp_path: Path) -> None:
    program = "import sys; b=sys.stdout.buffer; b.write(b'x' * 1_000_000 + b'\\n'); b.write(b'caf\\xe9\\n10%\\r20%\\r\\nlast')"
    async with worker(tmp_path, python(program), mode="task") as (made, context):
        await made.execute(RememberingRun())
        lines = printed(context)
        assert lines[0].startswith("xxx")
        assert len(lines[0]) < 10_000
        assert "more" in lines[0]
        assert lines[1:] == ["caf\ufffd", "10%", "20%", "last"]


def test_a_line_without_end_does_not_grow() -> None:
    splitter = LineSplitter()
    for _ in range(100):
        assert splitter.feed(b"x" * 65_536) == []
        assert len(splitter._begun) <= LINE_BYTES
    (line,) = splitter.feed(b"\n")
    assert line.endswith(f"({6_553_600 - LINE_BYTES} more bytes)")


def test_a_flood_of_lines_is_thinned_and_counted() -> None:
    lines = LineSplitter().feed(b"".join(b"%d\n" % number for number in range(1_000)))
    assert lines[0] == "0"
    assert lines[1].startswith("… 799 lines left out")
    assert lines[2:] == [str(number) for number in range(800, 1_000)]


def test_a_line_end_in_two_parts_is_one() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"a\r") == ["a"]
    assert splitter.feed(b"\nb\n\n") == ["b", ""]
    assert splitter.close() == []


async def test_a_flood_leaves_the_loop_to_others(tmp_path: Path) -> None:
    async with worker(tmp_path, ["yes"]) as (made, context):
        await made.start()
        await until(lambda: context.log.last_number > 2_000)
        loop = asyncio.get_running_loop()
        lags = []
        for _ in range(50):
            begun = loop.time()
            await asyncio.sleep(0.002)
            lags.append(loop.time() - begun - 0.002)
        assert sorted(lags)[25] < 0.1


# Times


async def test_a_schedule_runs_again_and_a_failure_does_not_end_it(tmp_path: Path) -> None:
    async with worker(tmp_path, ["sh", "-c", "echo run; exit 1"], schedule={"every_seconds": 1}) as (made, context):
        await made.start()
        await until(lambda: printed(context) == ["run", "run"])
        assert any("exit code 1" in line for line in printed(context, "system"))
        ended = asyncio.ensure_future(made.ended())
        await asyncio.sleep(0)
        assert not ended.done()
        ended.cancel()


async def test_a_schedule_whose_program_is_missing_says_so_in_the_log(tmp_path: Path) -> None:
    async with worker(tmp_path, ["no-such-program"], schedule={"every_seconds": 60}) as (made, context):
        await made.start()
        await until(lambda: any("no program" in line for line in printed(context, "system")))


async def test_stopping_in_the_middle_of_a_scheduled_run_leaves_nothing(tmp_path: Path) -> None:
    async with worker(tmp_path, ["sleep", "1000"], schedule={"every_seconds": 1}) as (made, _):
        await made.start()
        await until(lambda: made.pid is not None)
        pid = made.pid
        assert pid is not None
        await made.stop()
        assert not lives(pid)
        assert made.pid is None


def test_the_next_time_of_day_is_today_or_tomorrow() -> None:
    schedule = Schedule(daily="06:30")
    early = datetime(2026, 3, 10, 5, 0).astimezone()
    assert schedule.next_daily(early) == datetime(2026, 3, 10, 6, 30).astimezone()
    assert schedule.next_daily(datetime(2026, 3, 10, 6, 30).astimezone()) == datetime(2026, 3, 11, 6, 30).astimezone()


async def test_a_clock_that_jumps_is_no_reason_to_run() -> None:
    """It reads 1970 at first, is then set right, and comes to its time as a clock does."""
    start = datetime(2026, 3, 10, 12, 0, tzinfo=UTC).astimezone()
    daily = (start + timedelta(hours=1)).strftime("%H:%M")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    offset = {"now": datetime(1970, 1, 1, tzinfo=UTC).astimezone()}
    due = offset["now"].replace(hour=int(daily[:2]), minute=int(daily[3:]))
    offset["now"] = due - timedelta(seconds=0.1)  # it would be due in a moment, by a clock that is wrong

    def now() -> datetime:
        return offset["now"] + timedelta(seconds=loop.time() - begun)

    times = due_times(Schedule(daily=daily), now)
    waiting = asyncio.ensure_future(anext(times))
    await asyncio.sleep(0)
    offset["now"] = start + timedelta(minutes=59, seconds=59.5)
    await asyncio.sleep(0.2)
    assert not waiting.done()
    async with asyncio.timeout(5):
        await waiting
    assert now() >= start + timedelta(hours=1)
