"""Running commands: vectors, never a shell; bounded, killed, confined where bubblewrap works."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.core.settings import ToolRule
from tests.helpers.toolboxes import Bench, open_bench

PYTHON = os.path.realpath(sys.executable)
"""Not the link in the environment: a checkout may lie in a folder that the sandbox has its own of."""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, sandbox="off", output_characters=3000) as opened:
        yield opened


async def test_a_command_is_asked_with_its_exact_vector(bench: Bench) -> None:
    judgement = await bench.judge("run_command", command=["rm", "-rf", "a b", "$(id)", ";", "x\ny\u202e"])
    assert judgement.verdict == "ask"
    assert judgement.draft is not None
    assert judgement.draft.detail == "rm -rf 'a b' '$(id)' ';' $'x\\ny\\u202e'"
    assert judgement.draft.detail_kind == "command"
    assert judgement.draft.sandboxed is False


async def test_no_shell_ever_sees_an_argument(bench: Bench) -> None:
    words = ["; touch broken", "$(touch broken)", "`touch broken`", "| touch broken", "*", "a\nb"]
    answer = await bench.approved("run_command", command=[PYTHON, "-c", "import sys; print(sys.argv[1:])", *words])
    assert answer == f"[exit code 0]\n{words!r}"
    assert list(bench.workspace.iterdir()) == []


async def test_an_allowed_program_does_not_allow_another(bench: Bench) -> None:
    loose = bench.with_rules({"tool": "run_command", "pattern": "git *", "action": "allow"})
    assert (await loose.judge("run_command", command=["git", "status", "; rm -rf /"])).verdict == "allow", "one argument of git"
    for command in (["git; rm", "x"], ["sh", "-c", "git status"], ["./git", "status"], ["git\nrm"], [" git", "status"]):
        assert (await loose.judge("run_command", command=command)).verdict == "ask"


async def test_a_command_that_names_a_secrets_file_is_asked(bench: Bench) -> None:
    loose = bench.with_rules({"tool": "run_command", "pattern": "cat *", "action": "allow"})
    assert (await loose.judge("run_command", command=["cat", "a.txt"])).verdict == "allow"
    for argument in (".env", "/home/me/.ssh/id_rsa", "--file=server.pem"):
        assert (await loose.judge("run_command", command=["cat", argument])).verdict == "ask"


async def test_exit_code_output_and_folder(bench: Bench) -> None:
    (bench.workspace / "sub").mkdir()
    script = "import os, sys; print(os.getcwd()); print('\\x1b[31mred', file=sys.stderr); sys.exit(3)"
    answer = await bench.approved("run_command", command=[PYTHON, "-c", script], cwd="sub")
    assert answer == f"[exit code 3]\n{bench.workspace / 'sub'}\nred"
    assert "red" in "".join(row.text for row in bench.context.log.since(0)[0])


async def test_long_output_keeps_head_and_tail(bench: Bench) -> None:
    answer = await bench.approved("run_command", command=[PYTHON, "-c", "print('A' + 'x' * 100_000 + 'Z')"])
    assert len(answer) < 3200
    assert answer.startswith("[exit code 0]\nAx")
    assert answer.endswith("xZ")
    assert "left out" in answer


async def test_a_timeout_kills_the_whole_group_and_tells_what_was_printed(bench: Bench) -> None:
    script = f"import os, time  # {bench.workspace}\nif os.fork():\n print('child', flush=True)\ntime.sleep(600)"
    with pytest.raises(ToolFailed, match=r"within 1\.5 s(.|\n)*child"):
        await bench.approved("run_command", command=[PYTHON, "-c", script], timeout=1.5)
    assert running(script) == []


async def test_a_run_that_is_cancelled_leaves_no_command(bench: Bench) -> None:
    script = f"import os, time  # {bench.workspace}\nos.fork()\nprint('up', flush=True)\ntime.sleep(600)"
    task = asyncio.create_task(bench.approved("run_command", command=[PYTHON, "-c", script]))
    async with asyncio.timeout(20):
        while bench.context.log.last_number < 2:
            await asyncio.sleep(0.02)
    assert len(running(script)) == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(script) == []


def running(script: str) -> list[int]:
    return [process.pid for process in psutil.process_iter(["cmdline"]) if script in (process.info["cmdline"] or ())]


async def test_what_a_command_leaves_running_is_stopped(bench: Bench) -> None:
    script = f"import subprocess; print(subprocess.Popen(['{PYTHON}', '-c', 'import time; time.sleep(600)']).pid)"
    answer = await bench.approved("run_command", command=[PYTHON, "-c", script])
    pid = int(answer.splitlines()[1])
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_no_secret_of_ours_is_in_the_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    answer = await bench.approved("run_command", command=[PYTHON, "-c", "import os; print(dict(os.environ))"])
    assert "sk-very-secret" not in answer


async def test_an_unknown_program_gets_a_sentence(bench: Bench) -> None:
    with pytest.raises(ToolFailed, match="no-such-program"):
        await bench.approved("run_command", command=["no-such-program"])


@pytest.mark.parametrize("command", [[], [""], ["a\0b"], "ls -l"])
async def test_what_is_no_vector_is_refused(bench: Bench, command: object) -> None:
    assert (await bench.judge("run_command", command=command)).rule == "malformed"


async def test_a_bubblewrap_that_may_not_work_is_not_used_and_the_card_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    async with open_bench(tmp_path) as bench:
        draft = (await bench.judge("run_command", command=["ls"])).draft
        assert draft is not None
        assert draft.sandboxed is False


async def test_a_confined_command_needs_a_grant_of_its_own_for_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=":")
    async with open_bench(tmp_path, rules=[ToolRule(tool="run_command", pattern="curl *", action="allow")]) as bench:
        assert (await bench.judge("run_command", command=["curl", "x"])).verdict == "allow"
        asked = await bench.judge("run_command", command=["curl", "x"], network=True)
        assert asked.verdict == "ask"
        assert asked.draft is not None
        assert asked.draft.why == "It asks for the network."
        granted = bench.with_rules({"tool": "network", "pattern": "curl *", "action": "allow"})
        assert (await granted.judge("run_command", command=["curl", "x"], network=True)).verdict == "allow"
