"""Conversations with the real runtime of agents under them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from chainbot_desktop.agents.entanglements.service import Entanglements
from chainbot_desktop.agents.kind import AgentConfig, AgentContext, KindInfo, Result, Run
from chainbot_desktop.app.agent_talk import ServiceTalk
from chainbot_desktop.chat.answer_stream import note_of
from chainbot_desktop.chat.builtin_commands import StatusProbes
from chainbot_desktop.chat.service import ChatService, Surroundings
from chainbot_desktop.core.events import AlexOsEventReceived, EntanglementCreated, ExternalEventReceived, GuestAddressed
from chainbot_desktop.core.events.alexos import ReceivedEvent
from chainbot_desktop.core.link import LinkState, LinkStatus
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.store.agents import AgentMessageTable
from chainbot_desktop.store.conversations import ConversationTable
from chainbot_desktop.store.coordinations import CoordinationTable
from tests.helpers.agent_events import guest_appeared
from tests.helpers.agent_house import AgentHouse, ScriptedConfig, ScriptedKind, ScriptedWorker, open_agent_house

ME = "user:tester"


class _SmallWorker(ScriptedWorker):
    async def execute(self, run: Run) -> Result:
        answer = await super().execute(run)
        return Result(answer.text, {"model": "local/small", "demonstration": True})


class _SmallKind(ScriptedKind):
    info = KindInfo("small", "Small", "Answers with a small model.", model_backed=True, default_restart="never")

    def make(self, context: AgentContext, config: AgentConfig) -> ScriptedWorker:
        assert isinstance(config, ScriptedConfig)
        worker = _SmallWorker(context, config)
        self.workers.append(worker)
        return worker


@asynccontextmanager
async def open_chat_over(house: AgentHouse, folder: Path) -> AsyncIterator[ChatService]:
    store = house.store
    probes = StatusProbes(lambda: (), lambda: LinkStatus(state=LinkState.DISABLED, registry_url=""), lambda: 0)
    entanglements = Entanglements(
        house.directory,
        store.journal,
        AgentMessageTable(store.database, store.journal),
        CoordinationTable(store.database, store.journal),
        house.tasks,
        lambda: house.service,
        store.bus,
        store.blobs,
    )
    entanglements.open()
    await entanglements.take_up()
    around = Surroundings(probes, folder, lambda: None, ServiceTalk(house.service, house.desk, entanglements.guests))
    table = ConversationTable(store.database, store.journal)
    chat = ChatService(table, store.journal, store.bus, house.tasks, store.preferences, around, me=ME)
    await chat.open()
    try:
        yield chat
    finally:
        await chat.close()
        await entanglements.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def answered(chat: ChatService, conversation_id: str) -> list[tuple[str, str]]:
    """Author and text of every message, when no answer is under way any more."""
    answers = chat.answers
    assert answers is not None
    await until(lambda: not answers.of(conversation_id))
    return [(message.author, message.text) for message in await chat.before(conversation_id, None, 50)]


async def test_a_message_is_answered_by_a_running_agent(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path, kinds=[_SmallKind()]) as house, open_chat_over(house, tmp_path) as chat:
        made = await chat.begin()
        await chat.post(made.id, "/spawn scripted Ada")
        await chat.post(made.id, '/spawn small Bob model="tiny one"')
        ada, bob = (live.id for live in house.service.living())
        await house.becomes(ada, "idle")
        await house.becomes(bob, "idle")
        assert house.service.definition(bob).config["model"] == "tiny one"
        await chat.post(made.id, "@Ada say hello there")
        assert (await answered(chat, made.id))[-1] == (f"agent:{ada}", "hello there")
        await chat.post(made.id, "@Bob say I am small")
        await answered(chat, made.id)
        note = note_of((await chat.before(made.id, None, 1))[0].detail)
        assert note is not None
        assert (note.name, note.model, note.demonstration) == ("Bob", "local/small", True)
        await chat.post(made.id, "fail The key was refused.")
        assert (await answered(chat, made.id))[-1][1] == (
            "**Ada** could not finish. The key was refused\\. Try another word\\."
        )
        assert (await house.service.runs_of(ada))[0].conversation_id == made.id


async def test_steering_and_stopping_reach_the_runtime(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        made = await chat.begin()
        await chat.post(made.id, "/spawn scripted Ada")
        (ada,) = (live.id for live in house.service.living())
        await house.becomes(ada, "idle")
        await chat.post(made.id, "@Ada wait")
        await house.becomes(ada, "running")
        await until(lambda: answers.of(made.id)[0].steps == ["waiting to be released"])
        await chat.post(made.id, "and the log", delivery="between")
        assert len(answers.of(made.id)) == 1
        await chat.post(made.id, "say two")
        assert [stream.state for stream in answers.of(made.id)] == ["working", "queued"]
        house.scripted.workers[0].release.set()
        said = [text for author, text in await answered(chat, made.id) if author == f"agent:{ada}"]
        assert said == ["released and the log", "two"]
        await chat.post(made.id, "forever")
        await house.becomes(ada, "running")
        await answers.stop(answers.of(made.id)[0].run_id, actor=ME)
        assert (await answered(chat, made.id))[-1][1].endswith("was interrupted. Cancelled by tester\\.")
        await chat.post(made.id, "forever")
        await house.becomes(ada, "running")
        await chat.post(made.id, "say instead", delivery="interrupt")
        assert (await answered(chat, made.id))[-1] == (f"agent:{ada}", "instead")
        await chat.post(made.id, "/stop @Ada")
        await chat.post(made.id, "say anything")
        assert "was not asked: Ada is stopped" in (await answered(chat, made.id))[-1][1]


async def test_an_approval_is_shown_and_answered_in_the_conversation(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        made = await chat.begin()
        await chat.post(made.id, "/spawn scripted Ada")
        (ada,) = (live.id for live in house.service.living())
        await house.becomes(ada, "idle")
        await chat.post(made.id, "@Ada ask rm -r build")
        await house.asked()
        (stream,) = answers.of(made.id)
        assert (stream.state, stream.waiting_for) == ("waiting", "your approval")
        posted = await chat.post(made.id, "/approve")
        assert "rm -r build" in posted.answer.text
        await chat.post(made.id, "/approve 1")
        assert (f"agent:{ada}", "approved True") in await answered(chat, made.id)
        await chat.post(made.id, "ask it again")
        await house.asked()
        await chat.post(made.id, "/approve")
        await chat.post(made.id, "/deny 2 not today")
        assert (f"agent:{ada}", "approved False not today") in await answered(chat, made.id)


async def test_a_kill_in_the_middle_of_an_answer_is_said_afterwards(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        async with open_chat_over(house, tmp_path) as chat:
            made = await chat.begin()
            await chat.post(made.id, "/spawn scripted Ada")
            (ada,) = (live.id for live in house.service.living())
            await house.becomes(ada, "idle")
            await chat.post(made.id, "@Ada forever")
            await house.becomes(ada, "running")
        await house.killed()
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        lines = await answered(chat, made.id)
        assert lines[-1][0] == "system:chainbot"
        assert "**Ada**" in lines[-1][1]
        assert "finish" in lines[-1][1] or "interrupted" in lines[-1][1]
        count = len(lines)
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        assert len(await answered(chat, made.id)) == count


async def test_a_message_that_came_too_late_is_answered_like_any_other(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        here, there = await chat.begin(), await chat.begin()
        await chat.post(here.id, "/spawn scripted Ada")
        (ada,) = (live.id for live in house.service.living())
        await house.becomes(ada, "idle")
        await chat.post(here.id, "@Ada ask rm -r build")
        request = await house.asked()
        await chat.post(here.id, "wait", delivery="between")
        await chat.post(there.id, "@Ada say over there", delivery="between")
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        await until(lambda: [stream.steps for stream in answers.of(here.id)] == [["waiting to be released"]])
        house.scripted.workers[0].release.set()
        assert [text for author, text in await answered(chat, here.id) if author == f"agent:{ada}"] == [
            "approved True",
            "released",
        ]
        lines = await answered(chat, there.id)
        assert lines[-1] == (f"agent:{ada}", "over there")
        assert "a task of its own, answered here" in lines[-2][1]
        async with asyncio.timeout(5):
            while await house.store.preferences.get("chat.under_way"):
                await asyncio.sleep(0.005)


async def test_what_was_said_before_the_program_was_closed_is_told_of_afterwards(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        made = await chat.begin()
        await chat.post(made.id, "/spawn scripted Ada")
        (ada,) = (live.id for live in house.service.living())
        await house.becomes(ada, "idle")
        await chat.post(made.id, "@Ada forever")
        await house.becomes(ada, "running")
        await chat.post(made.id, "and the log", delivery="between")
    for _ in range(2):
        async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
            lines = [text for _, text in await answered(chat, made.id)]
            assert lines[-2:] == ["The answer of **Ada** was interrupted. The program was closed\\."] * 2
            assert len(lines) == 6


def said_by_guest(event_id: str = "", **body: str) -> AlexOsEventReceived:
    """As the event bus of ALEX OS tells it."""
    return AlexOsEventReceived(data=ReceivedEvent(event_type="agent_response", remote_id=event_id, payload=body))


async def asked_guest(chat: ChatService, house: AgentHouse, text: str) -> tuple[str, str]:
    """Ask the guest Harry in a new conversation: its id, and that of the question."""
    made = await chat.begin()
    await chat.post(made.id, text)
    found = (await house.store.journal.read(EventQuery(types=("guest_addressed",), order="desc", limit=1)))[0].event
    assert isinstance(found, GuestAddressed)
    assert found.data.conversation_id == made.id
    return made.id, found.data.message_id


async def test_a_guest_is_asked_by_name_and_its_answer_comes_into_the_conversation(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        await house.store.journal.append(guest_appeared("g-1", name="Harry"))
        conversation, question = await asked_guest(chat, house, "@Harry is the door shut?")
        await until(lambda: [stream.state for stream in answers.of(conversation)] == ["waiting"])
        assert answers.of(conversation)[0].waiting_words == "sent to ALEX OS, no answer yet"
        journal = house.store.journal
        await journal.append(said_by_guest(agent_id="g-2", text="somebody else", in_reply_to=question))
        await journal.append(said_by_guest(agent_id="g-1", text="of another house", in_reply_to="unknown"))
        await journal.append(said_by_guest(agent_id="g-1", text="It is.", in_reply_to=question))
        await journal.append(said_by_guest(agent_id="g-1", text="It is, once more.", in_reply_to=question))
        lines = await answered(chat, conversation)
        assert lines == [(ME, "@Harry is the door shut?"), ("agent:g-1", "It is.")]
        note = note_of((await chat.before(conversation, None, 1))[0].detail)
        assert note is not None
        assert note.name == "Harry"
        assert (await chat.conversation(conversation)).lead == "", "what is said without a name does not leave the house"


async def test_an_answer_without_a_reference_is_taken_where_one_question_waits(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        journal = house.store.journal
        await journal.append(guest_appeared("g-1", name="Harry"))
        one, _ = await asked_guest(chat, house, "@Harry one?")
        two, _ = await asked_guest(chat, house, "@Harry two?")
        await journal.append(said_by_guest(agent_id="g-1", text="which?"))  # two wait: nothing is guessed
        await journal.append(said_by_guest(agent_id="g-1", text="the second", conversation_id=two))
        assert (await answered(chat, two))[-1] == ("agent:g-1", "the second")
        assert len(answers.of(one)) == 1
        body = {"event_type": "agent_message", "data": {"agent_id": "g-1", "message": "the first"}}
        await journal.append(ExternalEventReceived.model_validate({"data": body}))  # by webhook
        assert (await answered(chat, one))[-1] == ("agent:g-1", "the first")
        await journal.append(said_by_guest(agent_id="g-1", text="unasked"))
        assert [text for _, text in await answered(chat, one)] == ["@Harry one?", "the first"]


async def test_a_question_to_a_guest_waits_across_a_start(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        await house.store.journal.append(guest_appeared("g-1", name="Harry"))
        waits, first = await asked_guest(chat, house, "@Harry one?")
        missed, second = await asked_guest(chat, house, "@Harry two?")
    async with open_agent_house(tmp_path) as house:
        # It came, and the program was killed before it was passed on.
        await house.store.journal.append(said_by_guest(agent_id="g-1", text="two", in_reply_to=second))
        async with open_chat_over(house, tmp_path) as chat:
            answers = chat.answers
            assert answers is not None
            assert (await answered(chat, missed))[-1] == ("agent:g-1", "two")
            assert [stream.state for stream in answers.of(waits)] == ["waiting"]
            await house.store.journal.append(said_by_guest(agent_id="g-1", text="one", in_reply_to=first))
            assert (await answered(chat, waits))[-1] == ("agent:g-1", "one")
            count = len(await answered(chat, missed))
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        assert len(await answered(chat, missed)) == count


async def test_waiting_for_a_guest_can_be_ended(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        answers = chat.answers
        assert answers is not None
        await house.store.journal.append(guest_appeared("g-1", name="Harry"))
        conversation, _ = await asked_guest(chat, house, "@Harry one?")
        await until(lambda: [stream.state for stream in answers.of(conversation)] == ["waiting"])
        await answers.stop(answers.of(conversation)[0].run_id, actor=ME)
        assert "Nobody waits for its answer any more" in (await answered(chat, conversation))[-1][1]


async def test_what_a_guest_answers_an_agent_reaches_it_and_the_conversation_hears_of_it(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, open_chat_over(house, tmp_path) as chat:
        journal = house.store.journal
        await journal.append(guest_appeared("g-1", name="Harry"))
        made = await chat.begin()
        await chat.post(made.id, "/spawn scripted Ada")
        (ada,) = (live.id for live in house.service.living())
        await house.becomes(ada, "idle")
        await chat.post(made.id, "@Ada say asking")
        await answered(chat, made.id)
        fact = {"entanglement_id": "link", "agents": (ada, "g-1"), "entanglement_type": "control"}
        await journal.append(EntanglementCreated.model_validate({"source": "agents", "subject": "link", "data": fact}))
        run = (await house.service.runs_of(ada))[0]
        talk = chat.answers.talk if chat.answers is not None else None
        assert isinstance(talk, ServiceTalk)
        await talk._guests._messages.tell(ada, "Harry", "is the door shut?", run_id=run.id)
        found = (await journal.read(EventQuery(types=("guest_addressed",))))[0].event
        assert isinstance(found, GuestAddressed)
        await journal.append(said_by_guest(agent_id="g-1", text="It is.", in_reply_to=found.data.message_id))
        async with asyncio.timeout(10):
            while len(await house.service.runs_of(ada)) < 2:
                await asyncio.sleep(0.005)
        newest = (await house.service.runs_of(ada))[0]
        assert (newest.task, newest.actor, newest.conversation_id) == ("Harry answers you:\n\nIt is.", "agent:g-1", made.id)
        async with asyncio.timeout(10):
            while len(await answered(chat, made.id)) < 5:
                await asyncio.sleep(0.005)
