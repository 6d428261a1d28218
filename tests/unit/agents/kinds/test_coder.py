"""Coding agents on the real runtime and the real tools: a real child that speaks the real protocol, well or badly."""

from __future__ import annotations

import asyncio
import base64
import os
import shlex
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from chainbot_desktop.agents.conversation_context import as_run_context
from chainbot_desktop.agents.kind import AgentContext, Limits
from chainbot_desktop.agents.kinds.coder import CoderKind, kind, session, wire
from chainbot_desktop.agents.kinds.coder.kind import CoderWorker
from chainbot_desktop.agents.kinds.coder.prompting import prompt_of
from chainbot_desktop.agents.kinds.services import KindServices
from chainbot_desktop.agents.processes.children import Children
from chainbot_desktop.agents.processes.host import ProcessHost
from chainbot_desktop.agents.runtime.live import RunUpdate
from chainbot_desktop.agents.tools.tool import Toolbox
from chainbot_desktop.agents.tools.toolboxes import ToolboxFactory
from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.events import ToolCallJudged
from chainbot_desktop.core.ports import Blobs, EventQuery, TalkAttachment, TalkContext, TalkLine
from chainbot_desktop.core.settings import CoderProgram, CoderSettings, Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import RunRow
from tests.helpers.agent_house import AgentHouse, open_agent_house
from tests.helpers.processes import lives, until
from tests.helpers.toolboxes import FakeConversations

PYTHON = shlex.quote(sys.executable)
ME = "user:tester"
ROOT = Path(__file__).parents[4]
COMMAND = [sys.executable, "-m", "tests.helpers.acp_agent"]
ANSWER_SECONDS = 30


class LateToolboxes:
    """The toolboxes of a house that is made after its kinds."""

    factory: ToolboxFactory

    def of(self, context: AgentContext, policy: Mapping[str, Any], names: Sequence[str] | None) -> Toolbox:
        return self.factory.of(context, policy, names)


class LateBlobs:
    """The blobs of a house that is made after its kinds."""

    table: Blobs

    async def put(self, body: bytes) -> str:
        return await self.table.put(body)

    async def get(self, sha256: str) -> bytes | None:
        return await self.table.get(sha256)


@asynccontextmanager
async def coders(folder: Path, *programs: CoderProgram) -> AsyncIterator[AgentHouse]:
    """A house with coders; its workspace is `folder`/work, its settings hold these programs."""
    (folder / "work").mkdir(exist_ok=True)
    toolboxes, tasks, host, settings = LateToolboxes(), Tasks(), ProcessHost(), Settings(coder=CoderSettings(programs=programs))
    blobs = LateBlobs()
    coder = CoderKind(KindServices(cast(Any, None), toolboxes, folder / "personas", os.environ.get, settings, blobs))

    def children(limits: Limits) -> Children:
        return Children(host, tasks)

    try:
        async with open_agent_house(folder, kinds=[coder], workspace=folder / "work", children=children) as house:
            blobs.table = house.store.blobs
            toolboxes.factory = ToolboxFactory(
                settings.tools, house.store.journal, FakeConversations(), tasks, redact=lambda text: text
            )
            yield house
        assert house.failures == []
    finally:
        await host.close()
        assert tasks.names == ()
    left = {task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert left == set()


async def spawn(house: AgentHouse, *words: str, env: dict[str, str] | None = None, **config: Any) -> str:
    """An idle coder whose process begins as `words` say."""
    variables = {"PYTHONPATH": str(ROOT), "ACP_AGENT": " ".join(words), **(env or {})}
    given = {"preset": "custom", "command": COMMAND, "env": variables, "answer_seconds": ANSWER_SECONDS, **config}
    agent = await house.service.spawn("coder", "Coda", given, actor=ME)
    await house.becomes(agent, "idle")
    return agent


async def do(house: AgentHouse, agent: str, task: str, **rest: Any) -> RunRow:
    async with asyncio.timeout(40):
        return await house.service.wait(await house.service.execute(agent, task, actor=ME, **rest))


async def answered(house: AgentHouse, decision: Any, answer: str = "") -> Any:
    """Give this answer to the one request that waits; what was asked."""
    row = await house.asked()
    await house.desk.decide(row.id, row.nonce, decision, answer=answer, actor=ME)
    return row


def logged(house: AgentHouse, agent: str, stream: str = "") -> str:
    lines, _ = house.service.log(agent).since(0)
    return "\n".join(line.text for line in lines if stream in ("", line.stream))


def worker(house: AgentHouse, agent: str) -> CoderWorker:
    found = house.service._agents[agent]._worker
    assert isinstance(found, CoderWorker)
    return found


async def test_it_tells_what_it_thinks_plans_does_and_costs(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house)
        assert worker(house, agent).pid is None, "it starts with its first task"
        heard: list[RunUpdate] = []
        run = await house.service.execute(agent, "work", actor=ME)
        house.service.follow_run(run, heard.append)
        async with asyncio.timeout(40):
            row = await house.service.wait(run)
        assert (row.state, row.result) == ("succeeded", "I look.\n\nIt is done."), row.reason
        assert "".join(update.text for update in heard if update.kind == "answer") == "I look.\n\nIt is done."
        assert [update.text for update in heard if update.kind == "thinking"] == ["thinking hard"]
        assert [update.text for update in heard if update.kind == "plan"] == ["completed: look\nin_progress: mend"]
        assert [update.text for update in heard if update.kind == "step"] == [
            "Edit a.txt",
            "Run the tests",
            "Run the tests failed",
        ]
        assert "--- a/a.txt\n+++ b/a.txt" in logged(house, agent, "agent")
        assert "-old\n+new" in logged(house, agent, "agent")
        assert "make test" in logged(house, agent, "agent")
        live = house.service.live(agent)
        assert live is not None
        [command] = live.commands
        assert (command.name, command.description, command.hint) == ("review", "Review the changes", "what to look at")
        assert worker(house, agent).mode == "plan", "it changed it by itself"
        assert "mode 'plan'" in logged(house, agent, "system")
        assert (row.input_tokens, row.output_tokens, row.cost) == (100, 30, 0.25)
        assert row.data["agent"] == "Scripted Coder"

        pid = worker(house, agent).pid
        again = await do(house, agent, "say one two")
        assert again.result == "one two"
        assert again.cost == 0, "the cost that it tells is of the whole session"
        assert worker(house, agent).pid == pid
        assert pid is not None
        await house.service.stop(agent, actor=ME)
        assert not lives(pid)


async def test_a_human_is_asked_exactly_what_it_wants_to_do(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house)
        run = await house.service.execute(agent, "ask tests tests lint", actor=ME)
        first = await answered(house, "approve")
        assert (first.title, first.detail, first.detail_kind) == ("Run tests", "make tests", "command")
        assert (await answered(house, "approve_run")).id != first.id, "one approval is for one request"
        await answered(house, "deny")
        async with asyncio.timeout(20):
            row = await house.service.wait(run)
        assert row.result == "<once><once><no>"

        run = await house.service.execute(agent, "ask tests tests", actor=ME)
        live = await house.until(agent, lambda known: known.state == "waiting")
        assert live.waiting_for == "your approval"
        await answered(house, "approve_run")
        async with asyncio.timeout(20):
            row = await house.service.wait(run)
        assert row.result == "<once><once>", "approved for the run: the same is not asked again"

        run = await house.service.execute(agent, "edit a.txt b.txt ../c.txt", actor=ME)
        edit = await answered(house, "approve_run")
        assert edit.detail_kind == "diff"
        assert "-old\n+new" in edit.detail
        assert edit.touches == ("a.txt",)
        outside = await answered(house, "deny")
        assert outside.title == "Edit ../c.txt"
        async with asyncio.timeout(20):
            row = await house.service.wait(run)
        assert row.result == "<once><once><no>"

        run = await house.service.execute(agent, "insist", actor=ME)
        assert "no single approval" in (await answered(house, "approve")).why
        assert (await house.service.wait(run)).result == "<no>", "once is not for good"
        run = await house.service.execute(agent, "insist", actor=ME)
        await answered(house, "approve_run")
        assert (await house.service.wait(run)).result == "<always>"


async def test_what_the_policy_denies_for_good_no_human_can_allow(tmp_path: Path) -> None:
    rules = {"rules": [{"tool": "run_command", "pattern": "make publish", "action": "deny"}]}
    async with coders(tmp_path) as house:
        (tmp_path / "work" / "link").symlink_to(".git")
        agent = await spawn(house, policy=rules)
        assert (await do(house, agent, "ask publish")).result == "<no>"
        assert (await do(house, agent, "shell make publish")).result == "<no>"
        assert (await do(house, agent, "edit .git/hooks/pre-commit .env link/config")).result == "<no><no><no>"
        assert await house.desk.latest() == [], "nobody was asked"
        assert "Denied: Run publish\nThe policy denies this for good" in logged(house, agent, "agent")
        rows = await house.store.journal.read(EventQuery(types=("tool_call_judged",)))
        assert len([row for row in rows if isinstance(row.event, ToolCallJudged)]) == 5

        run = await house.service.execute(agent, "shell make publish | tee log", actor=ME)
        assert (await answered(house, "deny")).detail == "make publish | tee log", (
            "more than one program is for a human to judge"
        )
        assert (await house.service.wait(run)).result == "<no>"


async def test_it_reads_and_writes_only_what_the_policy_and_a_human_allow(tmp_path: Path) -> None:
    work = tmp_path / "work"
    async with coders(tmp_path) as house:
        (work / "a.txt").write_text("one\ntwo\nthree\n")
        (work / ".env").write_text("PASSWORD=x")
        (tmp_path / "outside.txt").write_text("elsewhere")
        rules = {"rules": [{"tool": "read_file", "pattern": "secret/*", "action": "deny"}]}
        agent = await spawn(house, policy=rules)
        assert (await do(house, agent, f"read {work}/a.txt")).result == "got: one\ntwo\nthree"
        assert (await do(house, agent, f"read {work}/a.txt 2 1")).result == "got: two"
        assert "does not exist" in (await do(house, agent, "read nothing.txt")).result
        assert "may hold secrets" in (await do(house, agent, f"read {work}/.env")).result
        assert "denies this for good" in (await do(house, agent, "read secret/plan.txt")).result

        run = await house.service.execute(agent, f"read {tmp_path}/outside.txt", actor=ME)
        await answered(house, "deny", "not yours")
        row = await house.service.wait(run)
        assert row.result.startswith("refused: ")
        assert "not yours" in row.result

        run = await house.service.execute(agent, f"read {tmp_path}/outside.txt", actor=ME)
        await answered(house, "approve")
        assert (await house.service.wait(run)).result == "got: elsewhere"

        run = await house.service.execute(agent, f"write {work}/a.txt changed", actor=ME)
        card = await answered(house, "approve")
        assert (card.tool, card.title, card.detail_kind) == ("write_file", "Change a.txt", "diff")
        assert (await house.service.wait(run)).result == "done"
        assert (work / "a.txt").read_text() == "changed"

        run = await house.service.execute(agent, f"write {work}/a.txt worse", actor=ME)
        await answered(house, "deny")
        assert (await house.service.wait(run)).result.startswith("refused: ")
        assert (work / "a.txt").read_text() == "changed"
        rows = await house.store.journal.read(EventQuery(types=("tool_call_judged",)))
        judged = [row.event.data for row in rows if isinstance(row.event, ToolCallJudged)]
        assert {(fact.tool, fact.verdict) for fact in judged} >= {
            ("read_file", "refused"),
            ("read_file", "denied"),
            ("read_file", "approved"),
            ("write_file", "approved"),
        }


async def test_its_commands_are_judged_bounded_and_ended(tmp_path: Path) -> None:
    rules = {
        "rules": [
            {"tool": "run_command", "pattern": f"{PYTHON} *", "action": "allow"},
            {"tool": "network", "pattern": f"{PYTHON} *", "action": "allow"},
            {"tool": "run_command", "pattern": "rm *", "action": "deny"},
            {"tool": "run_command", "pattern": "sleep *", "action": "allow"},
            {"tool": "network", "pattern": "sleep *", "action": "allow"},
        ]
    }
    async with coders(tmp_path) as house:
        agent = await spawn(house, policy=rules)
        row = await do(house, agent, f'run {PYTHON} -c \'print("x" * 5000 + "end"); raise SystemExit(3)\'')
        assert row.result.startswith("exit 3 True xxx")
        assert row.result.endswith("end")
        assert len(row.result) < 1100
        assert "denies this for good" in (await do(house, agent, "run rm -rf /tmp/nothing")).result
        assert "denies this for good" in (await do(house, agent, "run 'rm -rf nothing'")).result, "a line for a shell"
        assert (await do(house, agent, "kill")).result in ("ended by SIGTERM", "ended by SIGKILL")

        run = await house.service.execute(agent, "run 'echo $GREETING | cat'", actor=ME)
        card = await answered(house, "approve")
        assert card.detail == "env GREETING=hello sh -c 'echo $GREETING | cat'"
        assert card.sandboxed is False
        assert (await house.service.wait(run)).result == "exit 0 False hello"

        run = await house.service.execute(agent, "run touch made", actor=ME)
        await answered(house, "deny", "leave it")
        assert "leave it" in (await house.service.wait(run)).result
        assert not (tmp_path / "work" / "made").exists()

        program = "import os, time; open('new', 'w').write(str(os.getpid())); os.rename('new', 'pid'); time.sleep(1000)"
        assert "pid is there" in (await do(house, agent, f'serve -c "{program}"')).result
        assert not lives(int((tmp_path / "work" / "pid").read_text())), "nothing runs on after its task"


async def test_it_goes_on_with_its_session_after_a_restart(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    env = {"ACP_AGENT_MEMORY": str(memory)}
    async with coders(tmp_path) as house:
        agent = await spawn(house, env=env, mode="Plan", model="large")
        assert (await do(house, agent, "set")).result == "plan large"
        await house.service.restart(agent, actor=ME)
        await house.becomes(agent, "idle")
        row = await do(house, agent, "recall")
        assert row.result == "set", "and what it repeats of the old session is no answer"

        assert (await do(house, agent, "work")).cost is None, "nobody knows what of it was spent before"
        assert (await do(house, agent, "work")).cost == 0

        (memory / "brittle").touch()
        await house.service.restart(agent, actor=ME)
        await house.becomes(agent, "idle")
        assert "exit code 3" in (await do(house, agent, "recall")).reason
        assert (await do(house, agent, "recall")).result == "nothing", "it dies of its old session only once"
        (memory / "brittle").unlink()

        await do(house, agent, "say this")
        for kept in memory.iterdir():
            kept.unlink()
        await house.service.restart(agent, actor=ME)
        await house.becomes(agent, "idle")
        assert (await do(house, agent, "recall")).result == "nothing"
        assert "earlier session is not there any more" in logged(house, agent, "system")


async def test_what_keeps_it_from_beginning_is_said(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, "auth")
        row = await do(house, agent, "say hello")
        assert row.state == "failed"
        assert "wants you to sign in" in row.reason
        assert "Log in with a browser" in row.reason
        await house.service.hot_swap(agent, actor=ME, config=_config("version"))
        assert "version 99" in (await do(house, agent, "say hello")).reason
        await house.service.hot_swap(agent, actor=ME, config=_config("hang", answer_seconds=1))
        assert "did not answer within 1 s" in (await do(house, agent, "say hello")).reason
        await house.service.hot_swap(agent, actor=ME, config=_config(model="gigantic"))
        row = await do(house, agent, "say hello")
        assert "no model 'gigantic'" in row.reason
        assert "small, large" in row.reason
        assert worker(house, agent).pid is None


async def test_a_program_that_is_not_installed_comes_with_what_to_do(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        config = {"preset": "gemini-cli", "env": {"PATH": str(tmp_path)}, "restart": "never"}
        agent = await house.service.spawn("coder", "Gemma", config, actor=ME)
        live = await house.becomes(agent, "failed")
        assert "Gemini CLI is not installed" in live.reason
        assert "npm install -g @google/gemini-cli" in live.reason
        with pytest.raises(InvalidInput, match="command"):
            await house.service.spawn("coder", "Nobody", {"preset": "custom"}, actor=ME)
        assert set(house.service.config_schema("coder")["properties"]["preset"]["enum"]) >= {"claude-code", "custom"}


async def test_the_settings_name_coding_agents_and_replace_their_commands(tmp_path: Path) -> None:
    own = CoderProgram(name="own-agent", command=tuple(COMMAND))
    replaced = CoderProgram(name="gemini-cli", command=(str(tmp_path / "gemini"), "--acp"))
    async with coders(tmp_path, own, replaced) as house:
        agent = await spawn(house, preset="own-agent", command=[])
        assert (await do(house, agent, "say hello")).result == "hello"
        with pytest.raises(InvalidInput, match=r"there is no coding agent 'other'.*own-agent"):
            await house.service.spawn("coder", "Nobody", {"preset": "other"}, actor=ME)
        gemini = await house.service.spawn("coder", "Gemma", {"preset": "gemini-cli", "restart": "never"}, actor=ME)
        live = await house.becomes(gemini, "failed")
        assert str(tmp_path / "gemini") in live.reason
        schema = house.service.config_schema("coder")
        assert set(schema["properties"]["preset"]["enum"]) >= {"own-agent", "claude-code", "custom"}


def test_settings_refuse_what_names_no_program() -> None:
    one = {"name": "one", "command": ["agent"]}
    assert CoderSettings.model_validate({"programs": [one]}).programs[0].command == ("agent",)
    for wrong in (
        [one, one],
        [{"name": "one", "command": []}],
        [{"name": "one", "command": [" "]}],
        [{"name": "custom", "command": ["agent"]}],
        [{"name": "One Two", "command": ["agent"]}],
        [{**one, "comand": []}],
    ):
        with pytest.raises(ValidationError):
            CoderSettings.model_validate({"programs": wrong})


async def test_a_death_in_the_middle_is_a_failure_and_the_next_task_has_a_new_process(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house)
        row = await do(house, agent, "crash")
        assert row.state == "failed"
        assert "SIGKILL" in row.reason
        assert "Segmentation fault in the flux module" in row.reason
        assert (await do(house, agent, "say better now")).result == "better now"
        assert "exit code 3" in (await do(house, agent, "orphan")).reason
        assert "closed its output" in (await do(house, agent, "shut")).reason
        row = await do(house, agent, "fail")
        assert "the model is overloaded" in row.reason
        assert "refuses" in (await do(house, agent, "refuse")).reason


async def test_nonsense_floods_and_giants_do_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MESSAGE_BYTES", 4 * 1024 * 1024)
    async with coders(tmp_path) as house:
        agent = await spawn(house, "chatter")
        row = await do(house, agent, "nonsense")
        assert row.result == "still here", row.reason
        assert "npm WARN something is deprecated" in logged(house, agent, "out")
        assert logged(house, agent).count("npm WARN") < 50
        heard: list[RunUpdate] = []
        run = await house.service.execute(agent, "flood 10000", actor=ME)
        house.service.follow_run(run, heard.append)
        async with asyncio.timeout(40):
            row = await house.service.wait(run)
        assert row.result.split() == [str(number) for number in range(10_000)]
        told = [update.text for update in heard if update.kind == "answer"]
        assert "".join(told).strip() == row.result
        assert len(told) < 1000, "nobody reads ten thousand pieces"
        row = await do(house, agent, "huge 5")
        assert row.state == "failed"
        assert "more than 4 MB" in row.reason
        assert (await do(house, agent, "say fine")).result == "fine"


@pytest.mark.parametrize("words", [(), ("deaf",)])
async def test_a_cancelled_task_ends_whether_it_listens_or_not(
    tmp_path: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if words:
        monkeypatch.setattr(session, "_CANCEL_SECONDS", 0.3)
    async with coders(tmp_path) as house:
        agent = await spawn(house, *words)
        run = await house.service.execute(agent, "forever", actor=ME)
        heard: list[RunUpdate] = []
        house.service.follow_run(run, heard.append)
        await until(lambda: any(update.text == "working" for update in heard), 20)
        pid = worker(house, agent).pid
        assert pid is not None
        await house.service.cancel_run(run, actor=ME)
        async with asyncio.timeout(10):
            row = await house.service.wait(run)
        assert row.state == "cancelled"
        assert lives(pid) is not bool(words), "who listens is kept, who does not is ended"
        assert (await do(house, agent, "say next")).result == "next"


async def test_questions_whose_answers_it_does_not_read_are_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_CANCEL_SECONDS", 0.3)
    async with coders(tmp_path) as house:
        (tmp_path / "work" / "a.txt").write_text("x" * 10_000)
        agent = await spawn(house)
        run = await house.service.execute(agent, "pester", actor=ME)

        def waiting() -> int:
            return sum(task.get_name() == "acp.Connection.request" for task in asyncio.all_tasks())

        await until(lambda: waiting() == wire.OWED, 20)
        for _turn in range(200):
            await asyncio.sleep(0)
        assert waiting() <= wire.OWED
        await house.service.cancel_run(run, actor=ME)
        async with asyncio.timeout(10):
            assert (await house.service.wait(run)).state == "cancelled"
        assert waiting() == 0
        assert (await do(house, agent, "say on")).result == "on"


async def test_a_change_of_many_lines_is_told_without_holding_anybody_up(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, "early")
        await do(house, agent, "say first")
        assert [command.name for command in worker(house, agent).commands] == ["plan"], "told before its session was there"
        assert worker(house, agent).mode == "code"
        async with asyncio.timeout(8):  # the standard library's comparison takes minutes
            assert (await do(house, agent, "shuffle 20000")).result == "shuffled"
        told = logged(house, agent, "agent")
        assert told.count("Shuffle a.txt") >= 3, "a long difference leaves room for what went before"
        assert "-0\n-1\n" in told
        assert "lines left out" in told
        assert "+19999\n+19998" in told


async def test_a_card_goes_with_its_cancelled_task(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house)
        run = await house.service.execute(agent, "ask tests", actor=ME)
        await house.asked()
        pid = worker(house, agent).pid
        await house.service.cancel_run(run, actor=ME)
        async with asyncio.timeout(10):
            assert (await house.service.wait(run)).state == "cancelled"
        assert await house.desk.pending() == []
        assert (await do(house, agent, "say on")).result == "on"
        assert worker(house, agent).pid == pid, "it was told that nobody answers, and ended the task by itself"


async def test_a_paused_one_stands_still_and_a_paused_task_can_be_cancelled(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, secret_env={"FORGE_KEY": "HOME"}, limits={"day_tokens": 260})
        run = await house.service.execute(agent, "forever", actor=ME)
        heard: list[RunUpdate] = []
        house.service.follow_run(run, heard.append)
        await until(lambda: any(update.text == "working" for update in heard), 20)
        pid = worker(house, agent).pid
        assert pid is not None
        await house.service.pause(agent, actor=ME)
        await until(lambda: _state_of(pid) == "T")
        await house.service.cancel_run(run, actor=ME)
        async with asyncio.timeout(10):
            assert (await house.service.wait(run)).state == "cancelled"
        await house.service.resume(agent, actor=ME)

        run = await house.service.execute(agent, "await go", actor=ME)
        await house.until(agent, lambda known: known.run_id == run)
        await house.service.message(agent, "env FORGE_KEY", delivery="between", actor=ME)
        (tmp_path / "work" / "go").touch()
        row = await house.service.wait(run)
        assert row.result == f"go is there. {Path.home()}", "a message between is given when it can take one"
        assert worker(house, agent).pid == pid
        row = await do(house, agent, "say more")
        assert "This agent, today, may use 260 tokens" in row.reason


async def test_one_that_prints_for_ever_and_never_answers_is_ended(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, command=["yes", "I am no coding agent"], answer_seconds=1)
        row = await do(house, agent, "say hello")
        assert "did not answer within 1 s" in row.reason
        assert worker(house, agent).pid is None


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def _config(*words: str, **more: Any) -> dict[str, Any]:
    env = {"PYTHONPATH": str(ROOT), "ACP_AGENT": " ".join(words)}
    return {"preset": "custom", "command": COMMAND, "env": env, "answer_seconds": ANSWER_SECONDS, **more}


async def test_its_commands_are_known_before_its_first_task_once_somebody_writes_to_it(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, "early")
        assert worker(house, agent).pid is None, "nothing is started with the agent"
        house.service.prepare(agent)
        house.service.prepare(agent)
        live = await house.until(agent, lambda live: bool(live.commands))
        assert ([command.name for command in live.commands], live.state, live.run_id) == (["plan"], "idle", "")
        pid = worker(house, agent).pid
        assert pid is not None
        assert (await do(house, agent, "say one")).result == "one"
        assert worker(house, agent).pid == pid, "its task goes to the process that was started before"
        assert logged(house, agent, "system").count("Started") == 1
    assert not lives(pid)


async def test_a_process_that_no_task_came_for_ends_and_what_it_offers_stays_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "UNUSED_SECONDS", 0.05)
    async with coders(tmp_path) as house:
        agent = await spawn(house, "early")
        house.service.prepare(agent)
        await house.until(agent, lambda live: bool(live.commands))
        await until(lambda: worker(house, agent).pid is None, 10)
        live = house.service.live(agent)
        assert live is not None
        assert ([command.name for command in live.commands], live.state) == (["plan"], "idle")
        assert "No task came" in logged(house, agent, "system")
        assert (await do(house, agent, "say one")).result == "one"
        pid = worker(house, agent).pid
        house.service.prepare(agent)
        preparing = house.service._agents[agent]._preparing
        assert preparing is not None
        await asyncio.wait({preparing})
        assert (await do(house, agent, "say two")).result == "two"
        assert worker(house, agent).pid == pid, "one that has worked stays for the next task"


async def test_one_that_cannot_get_ready_says_so_once_and_its_task_says_it_again(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, "auth")
        for _ in range(3):
            house.service.prepare(agent)
            preparing = house.service._agents[agent]._preparing
            assert preparing is not None
            await asyncio.wait({preparing})
        assert logged(house, agent, "system").count("could not get ready") == 1
        assert worker(house, agent).pid is None
        row = await do(house, agent, "say one")
        assert (row.state, "sign in" in row.reason) == ("failed", True)


async def test_an_agent_that_gets_ready_for_ever_can_be_stopped_and_given_a_task(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house, "hang", answer_seconds=20)
        house.service.prepare(agent)
        await until(lambda: worker(house, agent).pid is not None, 10)
        run = await house.service.execute(agent, "say one", actor=ME)
        await house.becomes(agent, "running")
        pid = worker(house, agent).pid
        assert pid is not None
        async with asyncio.timeout(10):
            await house.service.stop(agent, actor=ME)
            assert (await house.service.wait(run)).state == "cancelled"
        assert not lives(pid)


async def test_it_is_told_of_the_conversation_after_its_task(tmp_path: Path) -> None:
    async with coders(tmp_path) as house:
        agent = await spawn(house)
        talk = TalkContext(said=(TalkLine("m", "Bob", "Ignore that\nand stop."),), summary="They met.", anew=True)
        row = await do(house, agent, "repeat this", context={**as_run_context(talk), "ticket": 7}, conversation_id="c1")
        assert row.result.startswith('this\n\nContext:\n```json\n{\n "ticket": 7\n}\n```\n\nWhat you remember')
        assert "> Bob: Ignore that\n> and stop." in row.result
        assert "> They met." in row.result
        row = await do(house, agent, "repeat /this", context=as_run_context(TalkContext(said=talk.said)))
        assert "> Bob" in row.result


async def test_what_is_attached_is_read_to_it_and_shown_where_it_can_see(tmp_path: Path) -> None:
    picture, text = b"\x89PNG\r\n\x1a\n", b"# Notes"
    for words, seen in (("eyes",), True), ((), False):
        folder = tmp_path / str(seen)
        folder.mkdir()
        async with coders(folder) as house:
            agent = await spawn(house, *words)
            given = (
                TalkAttachment("dot.png", "image/png", len(picture), await house.store.blobs.put(picture)),
                TalkAttachment("notes.md", "text/markdown", len(text), await house.store.blobs.put(text)),
            )
            row = await do(house, agent, "repeat these", context=as_run_context(TalkContext(attachments=given)))
            assert "```\n# Notes\n```" in row.result
            assert (f"picture {base64.b64encode(picture).decode()}" in row.result) is seen
            assert ("you cannot see pictures" in row.result) is not seen


async def test_a_slash_command_stays_one(tmp_path: Path) -> None:
    talk = TalkContext(said=(TalkLine("m", "Bob", "hello"),))
    row = RunRow("r", "a", "/review the file", ME, "", context=as_run_context(talk))
    assert (await prompt_of(row, LateBlobs(), takes_pictures=False)).text == "/review the file"
