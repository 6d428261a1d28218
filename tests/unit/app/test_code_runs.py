"""Code of a conversation that is run for real: approved on the desk, streamed, stopped, kept as an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.app.code_runs import NAME, CodeRuns
from chainbot_desktop.app.talk_with_code import TalkWithCode
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.code_actions import CodeActions
from chainbot_desktop.chat.service import ChatService, Surroundings
from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, TooLarge
from chainbot_desktop.core.events import ToolCallJudged
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.settings import ToolRule, ToolsSettings
from chainbot_desktop.store.agents import AgentMessageTable
from chainbot_desktop.store.conversation_rows import Message
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.coordinations import CoordinationTable
from tests.helpers.agent_house import AgentHouse, open_agent_house
from tests.helpers.processes import children as open_children
from tests.helpers.workspaces import open_files

ME = "user:tester"


@dataclass
class Coding:
    house: AgentHouse
    chat: ChatService
    runs: CodeRuns
    actions: CodeActions
    conversation: str
    root: Path

    async def run(self, language: str, code: str) -> None:
        await self.actions.run(language, code, conversation_id=self.conversation, actor=ME)

    async def approve(self, decision: str = "approve", answer: str = "") -> None:
        row = await self.house.asked()
        await self.house.desk.decide(row.id, row.nonce, decision, answer=answer, actor=ME)  # type: ignore[arg-type]

    def streamed(self) -> str:
        assert self.chat.answers is not None
        return "".join(stream.text for stream in self.chat.answers.of(self.conversation))

    async def messages(self) -> list[Message]:
        """When nothing is under way any more."""
        assert self.chat.answers is not None
        async with asyncio.timeout(20):
            while self.chat.answers.of(self.conversation):
                await asyncio.sleep(0.005)
        return await self.chat.before(self.conversation, None, 50)


@asynccontextmanager
async def open_coding(folder: Path, rules: tuple[ToolRule, ...] = (), **settings: object) -> AsyncIterator[Coding]:
    root = folder / "work"
    root.mkdir(exist_ok=True)
    tools = ToolsSettings.model_validate({"policy": rules, **settings})
    async with open_agent_house(folder) as house, open_children() as children:
        store = house.store
        links = Entanglements(
            house.directory,
            store.journal,
            AgentMessageTable(store.database, store.journal),
            CoordinationTable(store.database, store.journal),
            house.tasks,
            lambda: house.service,
            store.bus,
            store.blobs,
        )
        runs = CodeRuns(house.desk, store.journal, tools, children, house.tasks, lambda: root, ())
        await runs.open()
        probes = StatusProbes(lambda: (), lambda: LinkStatus(state=LinkState.DISABLED, registry_url=""), lambda: 0)
        talk = TalkWithCode(house.service, house.desk, links.guests, runs)
        table = ConversationTable(store.database, store.journal)
        around = Surroundings(probes, folder, lambda: root, talk)
        chat = ChatService(table, store.journal, store.bus, house.tasks, store.preferences, around, me=ME)
        await chat.open()
        known = await chat.conversations()
        conversation = known[0].id if known else (await chat.begin("Talk")).id
        async with open_files(folder / "other") as files:
            yield Coding(house, chat, runs, CodeActions(files.files, runs, lambda: "work"), conversation, root)
        await chat.close()
        await runs.close()


@pytest.fixture(autouse=True)
def _other(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()


async def test_nothing_runs_before_the_card_is_approved_and_then_its_output_is_told(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        code = "echo '`````'\necho made > made.txt\nprintf 'no end'\nexit 3\n"
        await coding.run("bash", code)
        row = await coding.house.asked()
        assert not (coding.root / "made.txt").exists()
        assert row.detail == f"bash in {coding.root}:\n\n{code}"
        assert row.title == "Run 4 lines of code with bash"
        assert row.sandboxed is not None
        assert coding.chat.answers is not None
        [stream] = coding.chat.answers.of(coding.conversation)
        assert (stream.state, stream.waiting_words) == ("waiting", "waits for your approval")
        await coding.approve()
        [message] = await coding.messages()
        assert (coding.root / "made.txt").read_text() == "made\n"
        assert message.author == f"agent:{NAME}"
        assert message.text.startswith("**Exit code 3** after ")
        assert message.text.endswith("\n\n``````text\n`````\nno end\n``````")
        [recorded] = await coding.house.store.journal.read(EventQuery(types=("tool_call_judged",)))
        assert isinstance(recorded.event, ToolCallJudged)
        assert (recorded.event.data.verdict, recorded.event.actor) == ("approved", ME)


async def test_python_streams_and_is_stopped_with_all_that_it_started(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        code = (
            "import subprocess, time\nchild = subprocess.Popen(['sleep', '1000'])\n"
            "print('child', child.pid, flush=True)\ntime.sleep(1000)\n"
        )
        await coding.run("python", code)
        await coding.approve()
        async with asyncio.timeout(20):
            while "child" not in coding.streamed():
                await asyncio.sleep(0.005)
        assert coding.chat.answers is not None
        [stream] = coding.chat.answers.of(coding.conversation)
        await coding.chat.answers.stop(stream.run_id, actor=ME)
        kept = [message.text for message in await coding.messages()]
        assert "child" in kept[0]
        assert kept[0].count("`" * 12) == 2
        assert kept[1] == "The answer of **Code block** was interrupted. Stopped by tester\\."
        with pytest.raises(Conflict):
            await coding.runs.cancel(stream.run_id, actor=ME)


async def test_what_is_denied_is_not_run(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        await coding.run("sh", "touch made.txt")
        await coding.approve("deny", "not *here*")
        [message] = await coding.messages()
        assert message.text == "Not run: it was denied. not \\*here\\*"
        assert not (coding.root / "made.txt").exists()


async def test_stopped_while_it_waits_takes_its_card_away(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        await coding.run("sh", "touch made.txt")
        row = await coding.house.asked()
        await coding.runs.cancel(row.run_id, actor=ME)
        assert "was interrupted" in (await coding.messages())[-1].text
        assert await coding.house.desk.pending() == []
        with pytest.raises(Conflict):
            await coding.house.desk.decide(row.id, row.nonce, "approve", actor=ME)
        assert not (coding.root / "made.txt").exists()


async def test_a_long_output_is_bounded_and_a_long_run_is_killed(tmp_path: Path) -> None:
    async with open_coding(tmp_path, output_characters=2000, command_timeout=2) as coding:
        await coding.run("sh", "seq 1 100000")
        await coding.approve()
        first = (await coding.messages())[-1].text
        assert "bytes left out" in first
        assert len(first) < 3000
        await coding.run("sh", "echo begun; sleep 1000")
        await coding.approve()
        text = (await coding.messages())[-1].text
        assert text.startswith("**It was killed&#58; it did not end within 2 s")
        assert "begun" in text


async def test_invisible_characters_are_shown_on_the_card(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        await coding.run("sh", "echo \u202eevil\x1b[2K")
        row = await coding.house.asked()
        assert row.detail.endswith("echo \\u202eevil\\x1b[2K")
        await coding.approve("deny")
        await coding.messages()


async def test_a_rule_that_denies_counts_and_one_that_allows_spares_no_card(tmp_path: Path) -> None:
    allow = ToolRule(tool="run_command", pattern="*", action="allow")
    async with open_coding(tmp_path, (allow,)) as coding:
        await coding.run("sh", "touch made.txt")
        await coding.house.asked()
        assert not (coding.root / "made.txt").exists()
        await coding.approve()
        await coding.messages()
        assert (coding.root / "made.txt").exists()
    (tmp_path / "more" / "other").mkdir(parents=True)
    deny = ToolRule(tool="run_command", pattern="*", action="deny")
    async with open_coding(tmp_path / "more", (deny,)) as coding:
        with pytest.raises(Conflict, match="The settings deny this"):
            await coding.run("sh", "true")
        assert await coding.house.desk.pending() == []
        assert await coding.messages() == []


async def test_what_cannot_be_run_says_why(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        assert {"python", "sh", "bash"} <= coding.runs.languages()
        assert coding.actions.can_run("Python", "x = 1")
        assert not coding.actions.can_run("python", "  \n")
        assert not coding.actions.can_run("rust", "x")
        with pytest.raises(InvalidInput, match="'rust' cannot be run here"):
            await coding.run("rust", "x")
        with pytest.raises(TooLarge):
            await coding.run("sh", "x" * 40_000)
        with pytest.raises(ChainBotError, match="is wrong"):
            await coding.run("sh", "echo \0")
        with pytest.raises(InvalidInput):
            await coding.actions.run("sh", "true", conversation_id=coding.conversation, actor="agent:x")
        assert await coding.house.desk.pending() == []


async def test_after_a_restart_it_is_said_once_and_its_card_is_gone(tmp_path: Path) -> None:
    async with open_coding(tmp_path) as coding:
        await coding.run("sh", "touch made.txt")
        await coding.house.asked()
        # As a kill would leave it: the card waits, the answer is under way.
        await coding.chat.close()
        for run in coding.runs._runs.values():
            assert run.work is not None
            coding.house.desk.end_run = _nothing  # type: ignore[method-assign,assignment]
            run.work.cancel()
        assert len(await coding.house.desk.pending()) == 1
    async with open_coding(tmp_path) as coding:
        assert await coding.house.desk.pending() == []
        [message] = await coding.messages()
        assert "could not finish" in message.text
        assert "is not known any more" in message.text
        assert not (coding.root / "made.txt").exists()


async def _nothing(*_: object) -> None:
    return
