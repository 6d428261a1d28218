"""Conversations over HTTP: what there is, what is done to them, what is said in them, and every way to ask wrongly."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chainbot_desktop.core.ports import EventQuery
from tests.api.house import House, open_house
from tests.api.test_fuzz import Bench

CHATS = "/api/conversations"


async def call(house: House, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    sent = {"json": body} if body is not None else {}
    async with house.http.request(method, house.url + path, headers=headers, **sent) as response:
        return response.status, orjson.loads(await response.read())


async def begin(house: House, **body: Any) -> str:
    status, made = await call(house, "POST", CHATS, body)
    assert status == 201, made
    return str(made["id"])


async def say(house: House, conversation_id: str, text: str, **more: Any) -> dict[str, Any]:
    status, posted = await call(house, "POST", f"{CHATS}/{conversation_id}/messages", {"text": text, **more})
    assert status == 201, posted
    found: dict[str, Any] = posted
    return found


async def texts(house: House, conversation_id: str, query: str = "") -> list[str]:
    return [row["text"] for row in (await house.get(f"{CHATS}/{conversation_id}/messages{query}"))["items"]]


async def answered(house: House, conversation_id: str, run_id: str) -> dict[str, Any]:
    """The message that became of a run."""
    async with asyncio.timeout(10):
        while True:
            for row in (await house.get(f"{CHATS}/{conversation_id}/messages"))["items"]:
                if row["detail"].get("run_id") == run_id:
                    found: dict[str, Any] = row
                    return found
            await house.runtime.wait(run_id)
            await asyncio.sleep(0.01)


async def test_a_conversation_from_its_beginning_to_its_end(house: House) -> None:
    chat = await begin(house)
    assert (await house.get(f"{CHATS}/{chat}"))["title"] == ""
    posted = await say(house, chat, "Where is the **backup** kept?")
    assert posted["message"]["author"] == "user:admin"
    assert posted["answer"] is None
    one = await house.get(f"{CHATS}/{chat}")
    assert one["title"] == "Where is the backup kept?"
    assert one["last"]["number"] == posted["message"]["number"]
    assert one["unread"] == 0, "who wrote it has read it"
    assert (await house.get(f"{CHATS}/{chat}/messages/{posted['message']['id']}"))["text"] == "Where is the **backup** kept?"
    status, changed = await call(house, "PATCH", f"{CHATS}/{chat}", {"title": "  Backups\n of the house ", "pinned": True})
    assert (status, changed["title"], changed["pinned"], changed["named_by"]) == (200, "Backups of the house", True, "person")
    assert (await house.get(f"{CHATS}?pinned=true"))["items"] == [changed]
    assert (await house.get(f"{CHATS}?pinned=false"))["items"] == []
    await call(house, "PATCH", f"{CHATS}/{chat}", {"archived": True})
    assert (await house.get(CHATS))["items"] == []
    assert [row["id"] for row in (await house.get(f"{CHATS}?archived=true"))["items"]] == [chat]


async def test_an_agent_is_asked_and_its_answer_becomes_a_message(house: House) -> None:
    ada = await house.runs("Ada")
    chat = await begin(house)
    posted = await say(house, chat, "@Ada say it is kept in the cellar")
    [run] = posted["runs"]
    message = await answered(house, chat, run)
    assert (message["author"], message["text"]) == (f"agent:{ada}", "it is kept in the cellar")
    assert (await house.get(f"/api/runs/{run}"))["conversation_id"] == chat
    one = await house.get(f"{CHATS}/{chat}")
    assert one["lead"] == ada, "who answered first leads"
    [again] = (await say(house, chat, "say and there it stays"))["runs"]
    assert (await answered(house, chat, again))["text"] == "and there it stays"


async def test_who_works_on_what_is_seen(house: House) -> None:
    await house.runs("Ada")
    chat = await begin(house)
    first = (await say(house, chat, "@Ada wait"))["runs"]
    second = (await say(house, chat, "@Ada say later"))["runs"]
    async with asyncio.timeout(10):
        while (found := (await house.get(f"{CHATS}/{chat}/activity"))["answers"])[0]["step"] != "waiting to be released":
            await asyncio.sleep(0.01)
    assert [(row["run_id"], row["name"], row["state"]) for row in found] == [
        (first[0], "Ada", "working"),
        (second[0], "Ada", "queued"),
    ]
    house.scripted.workers[-1].release.set()
    await answered(house, chat, second[0])
    async with asyncio.timeout(10):
        while (await house.get(f"{CHATS}/{chat}/activity"))["answers"]:
            await asyncio.sleep(0.01)


async def test_a_command_is_carried_out_and_answers(house: House) -> None:
    chat = await begin(house)
    posted = await say(house, chat, "/help")
    assert posted["message"]["kind"] == "command"
    assert "/clear" in posted["answer"]["text"]
    assert await texts(house, chat) == ["/help", posted["answer"]["text"]]
    opened = await say(house, chat, "/open watchtower")
    assert opened["answer"]["open"]["window"] == "watchtower"
    status, problem = await call(house, "POST", f"{CHATS}/{chat}/messages", {"text": "/hlep"})
    assert (status, problem["code"], problem["hint"]) == (422, "unknown_command", "Did you mean /help?")
    assert (await say(house, chat, "//help is how one asks"))["message"]["text"] == "/help is how one asks"
    ada = await house.runs("Ada")
    run = (await say(house, chat, "/run Ada say done"))["runs"]
    assert (await answered(house, chat, run[0]))["author"] == f"agent:{ada}"


async def test_deleting_and_clearing_can_be_taken_back(house: House) -> None:
    chat, other = await begin(house, title="Kept"), await begin(house, title="Other")
    await say(house, chat, "first")
    status, taken = await call(house, "DELETE", f"{CHATS}/{chat}")
    assert (status, taken["message"]) == (200, "“Kept” was deleted.")
    assert taken["undo"]["url"] == f"{CHATS}/{chat}/restore"
    assert (await call(house, "GET", f"{CHATS}/{chat}"))[0] == 404
    assert [row["id"] for row in (await house.get(CHATS))["items"]] == [other]
    assert [row["id"] for row in (await house.get(CHATS + "?limit=1"))["items"]] == [other]
    assert (await call(house, "POST", f"{CHATS}/{chat}/messages", {"text": "still there?"}))[0] == 404
    assert (await house.get(f"{CHATS}?q=first"))["hits"] == []
    assert (await house.post(taken["undo"]["url"], None))["id"] == chat
    assert await texts(house, chat) == ["first"]
    status, problem = await call(house, "POST", f"{CHATS}/{chat}/restore")
    assert (status, problem["code"]) == (404, "nothing_to_undo"), "once"
    await say(house, chat, "second")
    cleared = await house.post(f"{CHATS}/{chat}/clear", None)
    assert await texts(house, chat) == []
    await say(house, chat, "third")
    await house.post(cleared["undo"]["url"], None)
    assert await texts(house, chat) == ["first", "second", "third"]
    answer = (await say(house, chat, "/clear"))["answer"]
    assert answer["undo"]["url"] == f"{CHATS}/{chat}/restore"
    await house.post(answer["undo"]["url"], None)
    assert "first" in await texts(house, chat)


async def test_when_the_time_is_up_it_stays_deleted(tmp_path: Path) -> None:
    async with open_house(tmp_path, undo_seconds=0.05) as house:
        chat = await begin(house, title="Gone")
        await call(house, "DELETE", f"{CHATS}/{chat}")
        async with asyncio.timeout(10):
            while [e.event.type for e in await house.store.journal.read(EventQuery(limit=1, order="desc"))] != [
                "conversation_deleted"
            ]:
                await asyncio.sleep(0.01)
        status, problem = await call(house, "POST", f"{CHATS}/{chat}/restore")
        assert (status, problem["code"]) == (404, "nothing_to_undo")


async def test_a_search_finds_titles_and_messages(house: House) -> None:
    backups, letters = await begin(house, title="Backups"), await begin(house, title="Letters")
    await say(house, letters, "The backups are <b>made</b> at two, says the 🦊 who makes backups.")
    await say(house, backups, "Nothing here.")
    found = await house.get(CHATS + "?q=backups")
    assert [row["id"] for row in found["items"]] == [backups]
    [hit] = found["hits"]
    assert (hit["conversation_id"], hit["title"]) == (letters, "Letters")
    assert "<b>made</b>" in hit["snippet"], "it is text"
    assert [hit["snippet"][begin:end] for begin, end in hit["marks"]] == ["backups", "backups"]
    page = await house.get(f"{CHATS}/{letters}/messages?around={hit['message_id']}")
    assert [row["id"] for row in page["items"]] == [hit["message_id"]]
    assert (await house.get(CHATS + "?q=%20"))["hits"] == []


async def test_a_page_around_a_message_and_its_neighbours(house: House) -> None:
    chat = await begin(house)
    ids = [(await say(house, chat, str(number)))["message"]["id"] for number in range(9)]
    page = await house.get(f"{CHATS}/{chat}/messages?around={ids[4]}&limit=3")
    assert [row["text"] for row in page["items"]] == ["3", "4", "5"]
    older = await house.get(f"{CHATS}/{chat}/messages?before={page['previous']}&limit=10")
    newer = await house.get(f"{CHATS}/{chat}/messages?after={page['next']}&limit=10")
    assert [row["text"] for row in older["items"]] == ["0", "1", "2"]
    assert [row["text"] for row in newer["items"]] == ["6", "7", "8"]
    assert older["previous"] is None
    assert newer["next"] is None
    assert await texts(house, chat, f"?around={ids[0]}&limit=3") == ["0", "1", "2"]
    assert await texts(house, chat, f"?around={ids[8]}&limit=1") == ["8"]
    nothing = await house.get(f"{CHATS}/{chat}/messages?after={newer['newest']}")
    assert (nothing["items"], nothing["next"], nothing["newest"]) == ([], None, newer["newest"])
    other = await begin(house)
    assert (await call(house, "GET", f"{CHATS}/{other}/messages?around={ids[4]}"))[1]["code"] == "no_such_message"
    assert (await call(house, "GET", f"{CHATS}/{other}/messages/{ids[4]}"))[1]["code"] == "no_such_message"


async def test_a_branch_goes_on_by_itself_and_an_answer_comes_back(house: House) -> None:
    await house.runs("Ada")
    chat = await begin(house, title="Cellar")
    ids = [(await say(house, chat, text))["message"]["id"] for text in ("one", "two", "three")]
    status, branch = await call(house, "POST", f"{CHATS}/{chat}/branch", {"message_id": ids[1]})
    assert (status, branch["title"], branch["branched_from"]) == (201, "Cellar (2)", chat)
    other = branch["id"]
    run = (await say(house, other, "@Ada say from the branch"))["runs"][0]
    answer = await answered(house, other, run)
    assert await texts(house, other) == ["one", "two", "@Ada say from the branch", "from the branch"]
    assert await texts(house, chat) == ["one", "two", "three"]
    assert (await house.get(f"{CHATS}/{other}/messages/{ids[0]}"))["conversation_id"] == chat, "it is shared"
    assert (await call(house, "GET", f"{CHATS}/{other}/messages/{ids[2]}"))[0] == 404
    assert await texts(house, other, f"?around={ids[0]}&limit=2") == ["one", "two"]
    status, merged = await call(house, "POST", f"{CHATS}/{other}/messages/{answer['id']}/merge")
    assert (status, merged["conversation_id"]) == (201, chat)
    assert merged["detail"]["merged_from"] == {"conversation_id": other, "message_id": answer["id"]}
    assert (await call(house, "POST", f"{CHATS}/{other}/messages/{answer['id']}/merge"))[1]["code"] == "merged_already"
    status, posted = await call(house, "POST", f"{CHATS}/{chat}/messages/{ids[1]}/edit", {"text": "zwei"})
    assert status == 201
    assert await texts(house, posted["conversation_id"]) == ["one", "zwei"]
    assert await texts(house, chat) == ["one", "two", "three", "from the branch"]
    assert await texts(house, (await call(house, "POST", f"{CHATS}/{chat}/fork"))[1]["id"]) == await texts(house, chat)


async def test_the_agents_of_a_conversation_are_chosen(house: House) -> None:
    ada, bea = await house.runs("Ada"), await house.runs("Bea")
    chat = await begin(house, title="Both", members=[ada, bea], turn_order="all", lead=ada)
    one = await house.get(f"{CHATS}/{chat}")
    assert (one["members"], one["turn_order"], one["lead"]) == ([ada, bea], "all", ada)
    changed = (await call(house, "PATCH", f"{CHATS}/{chat}", {"lead": bea, "turn_order": "lead", "members": [bea]}))[1]
    assert (changed["members"], changed["turn_order"], changed["lead"]) == ([bea], "lead", bea)
    [run] = (await say(house, chat, "say I lead"))["runs"]
    assert (await answered(house, chat, run))["author"] == f"agent:{bea}"
    [run] = (await say(house, chat, "say I was asked", to=[ada]))["runs"]
    assert (await answered(house, chat, run))["author"] == f"agent:{ada}"


async def test_recall_is_switched(house: House) -> None:
    chat = await begin(house)
    for on in (False, True):
        status, changed = await call(house, "PATCH", f"{CHATS}/{chat}", {"recall": on})
        assert (status, changed["recall"]["on"]) == (200, on)
        assert house.services.recall is not None
        assert await house.services.recall.is_on(chat) is on


async def test_a_conversation_is_exported(house: House) -> None:
    chat = await begin(house, title='../"Häuser"\r\n & <b>')
    await say(house, chat, "the **text** <script>alert(1)</script>")
    found: dict[str, bytes] = {}
    for form, media_type in (("markdown", "text/markdown"), ("json", "application/json"), ("html", "text/html")):
        async with house.http.get(f"{house.url}{CHATS}/{chat}/export?format={form}") as response:
            assert response.status == 200
            assert response.content_type == media_type
            assert response.content_disposition is not None
            assert response.content_disposition.type == "attachment"
            name = response.content_disposition.filename or ""
            assert "/" not in name
            assert '"' not in name
            assert name.startswith("Häuser")
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            found[form] = await response.read()
    assert b"the **text**" in found["markdown"]
    [message] = orjson.loads(found["json"])["messages"]
    assert message["text"] == "the **text** <script>alert(1)</script>"
    assert b"<strong>text</strong>" in found["html"]
    assert b"<script" not in found["html"]
    async with house.http.head(f"{house.url}{CHATS}/{chat}/export") as response:
        assert (response.status, await response.read()) == (200, b"")


async def test_half_an_export_does_not_look_like_a_whole_one(house: House) -> None:
    chat = await begin(house, title="Long")
    for number in range(400):
        await house.chat.post(chat, f"{number} " + "x" * 20_000)
    async with house.http.get(f"{house.url}{CHATS}/{chat}/export") as response:
        await response.content.readexactly(100_000)
        await house.chat.delete(chat)
        with pytest.raises(aiohttp.ClientError):
            await response.content.read()


async def test_what_a_conversation_takes_is_counted(house: House) -> None:
    await house.runs("Ada")
    chat = await begin(house)
    assert (await house.get(f"{CHATS}/{chat}/meter"))["input_tokens"] == 0
    [run] = (await say(house, chat, "@Ada spend 70"))["runs"]
    await answered(house, chat, run)
    meter = await house.get(f"{CHATS}/{chat}/meter")
    assert meter == {"conversation_id": chat, "input_tokens": 70, "output_tokens": 0, "cost": 0.01, "unpriced_runs": 0}


async def test_a_request_that_comes_twice_is_done_once(house: House) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = await call(house, "POST", CHATS, {"title": "Once"}, **key)
    assert await call(house, "POST", CHATS, {"title": "Once"}, **key) == first
    assert (await call(house, "POST", CHATS, {"title": "Twice"}, **key))[0] == 422
    chat = first[1]["id"]
    assert len((await house.get(CHATS))["items"]) == 1
    await house.runs("Ada")
    path, body = f"{CHATS}/{chat}/messages", {"text": "@Ada say hello"}
    answers = await asyncio.gather(*(call(house, "POST", path, body, **{"Idempotency-Key": "k-2"}) for _ in range(5)))
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0][1]["runs"]) == 1
    await answered(house, chat, answers[0][1]["runs"][0])
    assert await texts(house, chat) == ["@Ada say hello", "hello"]
    command = [await call(house, "POST", path, {"text": "/help"}, **{"Idempotency-Key": "k-3"}) for _ in range(2)]
    assert command[0] == command[1]
    assert (await texts(house, chat)).count("/help") == 1


async def test_it_is_done_once_across_a_restart_too(tmp_path: Path) -> None:
    key = {"Idempotency-Key": "k-1"}
    async with open_house(tmp_path) as house:
        await house.runs("Ada")
        chat = await begin(house)
        path = f"{CHATS}/{chat}/messages"
        first = await call(house, "POST", path, {"text": "@Ada say hello"}, **key)
        await answered(house, chat, first[1]["runs"][0])
    async with open_house(tmp_path) as house:
        assert await call(house, "POST", path, {"text": "@Ada say hello"}, **key) == first
        assert (await call(house, "POST", path, {"text": "@Ada say more"}, **key))[0] == 422
        assert await texts(house, chat) == ["@Ada say hello", "hello"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "?cursor=nonsense", None, 422, "bad_cursor"),
        ("GET", "?cursor=WyJyZWNlbnQiLDEsMiwzXQ", None, 422, "bad_cursor"),
        ("GET", "?order=created&cursor=WyJyZWNlbnQiLHRydWUsImEiLCJiIl0", None, 422, "bad_cursor"),
        ("GET", "?cursor=%00%F0", None, 422, "bad_cursor"),
        ("GET", "?limit=0", None, 422, "invalid_parameter"),
        ("GET", "?limit=9999", None, 422, "invalid_parameter"),
        ("GET", "?colour=red", None, 422, "invalid_parameter"),
        ("GET", "?q=a&archived=true", None, 422, "invalid_parameter"),
        ("GET", "?q=a%00b", None, 422, "invalid_parameter"),
        ("POST", "", {"title": 7}, 422, "invalid_field"),
        ("POST", "", {"title": "x" * 201}, 422, "invalid_field"),
        ("POST", "", {"name": "x"}, 422, "invalid_field"),
        ("POST", "", {"title": "a\0b"}, 422, "invalid_field"),
        ("POST", "", {"turn_order": "random"}, 422, "invalid_field"),
        ("POST", "", {"members": ["nobody"]}, 422, "no_such_agent"),
        ("PATCH", "/ID", {"title": ""}, 422, "empty_title"),
        ("PATCH", "/ID", {"pinned": "perhaps"}, 422, "invalid_field"),
        ("PATCH", "/ID", {"title": "new", "lead": "nobody"}, 422, "no_such_agent"),
        ("PATCH", "/nowhere", {"title": "x"}, 404, "not_found"),
        ("GET", "/nowhere", None, 404, "not_found"),
        ("DELETE", "/nowhere", None, 404, "not_found"),
        ("POST", "/nowhere/clear", None, 404, "not_found"),
        ("POST", "/ID/clear", None, 422, "invalid_input"),
        ("GET", "/nowhere/messages", None, 404, "not_found"),
        ("GET", "/nowhere/activity", None, 404, "not_found"),
        ("GET", "/ID/messages?before=1&after=2", None, 422, "invalid_parameter"),
        ("GET", "/ID/messages?before=-1", None, 422, "invalid_parameter"),
        ("GET", f"/ID/messages?before={2**63}", None, 422, "invalid_parameter"),
        ("GET", "/ID/messages?around=nothing", None, 404, "no_such_message"),
        ("POST", "/nowhere/messages", {"text": "x"}, 404, "not_found"),
        ("POST", "/ID/messages", {"text": ""}, 422, "empty_message"),
        ("POST", "/ID/messages", {"text": "  "}, 422, "empty_message"),
        ("POST", "/ID/messages", {"text": "a\0b"}, 422, "invalid_field"),
        ("POST", "/ID/messages", {"text": 1}, 422, "invalid_field"),
        ("POST", "/ID/messages", {}, 422, "empty_message"),
        ("POST", "/ID/messages", {"attachments": [{"name": "a", "size": 1, "sha256": "0"}]}, 422, "invalid_field"),
        ("POST", "/ID/branch", {"message_id": "nothing"}, 404, "not_found"),
        ("POST", "/ID/branch", {}, 422, "invalid_field"),
        ("POST", "/nowhere/branch", {"message_id": "nothing"}, 404, "not_found"),
        ("POST", "/ID/fork", None, 422, "empty_conversation"),
        ("POST", "/ID/messages/nothing/edit", {"text": "x"}, 404, "no_such_message"),
        ("POST", "/ID/messages/nothing/merge", None, 404, "no_such_message"),
        ("GET", "/ID/export?format=pdf", None, 422, "invalid_parameter"),
        ("GET", "/nowhere/export", None, 404, "not_found"),
        ("GET", "/nowhere/meter", None, 404, "not_found"),
        ("GET", "/ID/messages?thread=r&before=3", None, 422, "invalid_parameter"),
        ("POST", "/ID/messages", {"text": "x", "delivery": "soon"}, 422, "invalid_field"),
        ("POST", "/ID/messages", {"text": "x", "to": ["nobody"]}, 422, "no_such_agent"),
    ],
)
async def test_what_cannot_be_meant_is_refused(house: House, method: str, path: str, body: Any, status: int, code: str) -> None:
    chat = await begin(house, title="Kept")
    head = house.store.journal.head_seq
    found, problem = await call(house, method, CHATS + path.replace("ID", chat), body)
    assert (found, problem["code"]) == (status, code), problem
    assert house.store.journal.head_seq == head, "nothing was done"


async def test_a_message_that_is_too_large_is_refused(house: House) -> None:
    chat = await begin(house)
    body = io.BytesIO(orjson.dumps({"text": "x" * 1_100_000}))
    async with house.http.post(f"{house.url}{CHATS}/{chat}/messages", data=body) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (413, "too_large")


async def test_half_a_character_and_what_is_no_json_are_refused(house: House) -> None:
    chat = await begin(house)
    for body in (b'{"text":"\\ud800"}', b'{"text":"\xff"}', b"[]", b"", b'{"text":'):
        async with house.http.post(f"{house.url}{CHATS}/{chat}/messages", data=body) as response:
            assert response.status == 422
    assert await texts(house, chat) == []


async def test_without_a_token_nobody_comes_in(house: House) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/x/messages"), ("DELETE", "/x")):
        async with house.http.request(method, house.url + CHATS + path, headers={"Authorization": "Bearer no"}) as response:
            assert response.status in (401, 429)


async def forwards(house: House, chat: str, limit: int, posts: list[int]) -> None:
    """Read on and on while others post: all that there is in the end."""
    seen: list[str] = []
    place = 0
    for count in [*posts, 0]:
        page = await house.get(f"{CHATS}/{chat}/messages?after={place}&limit={limit}")
        seen += [row["text"] for row in page["items"]]
        place = page["newest"]
        for number in range(count):
            await say(house, chat, f"after {place} number {number}")
    while page["next"] is not None:
        page = await house.get(f"{CHATS}/{chat}/messages?after={place}&limit={limit}")
        seen += [row["text"] for row in page["items"]]
        place = page["newest"]
    assert seen == await texts(house, chat, "?limit=500")


async def backwards(house: House, chat: str, limit: int, posts: list[int]) -> None:
    """Read back while others post: all that there was at the beginning."""
    begun = [row["id"] for row in (await house.get(f"{CHATS}/{chat}/messages?limit=500"))["items"]]
    page = await house.get(f"{CHATS}/{chat}/messages?limit={limit}")
    seen = page["items"]
    waiting = list(posts)
    while page["previous"] is not None:
        for number in range(waiting.pop() if waiting else 0):
            await say(house, chat, f"meanwhile {number}")
        page = await house.get(f"{CHATS}/{chat}/messages?before={page['previous']}&limit={limit}")
        seen = [*page["items"], *seen]
    assert [row["id"] for row in seen] == begun


async def walk(house: House, chats: list[str], limit: int, posts: list[int], order: str) -> None:
    """Read the list while conversations in it move."""
    seen: list[str] = []
    cursor: str | None = ""
    waiting = list(posts)
    while cursor is not None:
        page = await house.get(f"{CHATS}?order={order}&limit={limit}&cursor={cursor}")
        seen += [row["id"] for row in page["items"]]
        cursor = page["next"]
        if waiting and cursor is not None:
            await say(house, chats[waiting.pop() % len(chats)], "moves to the front")
    assert len(seen) == len(set(seen))
    if order == "created":
        assert set(chats) <= set(seen)
    if not posts:
        assert seen == [row["id"] for row in (await house.get(f"{CHATS}?order={order}&limit=200"))["items"]]


def test_the_pages_are_everything_once_while_messages_are_posted(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    house = bench.house

    async def one(length: int, limit: int, posts: list[int], order: str, pins: set[int]) -> None:
        for left in (await house.get(CHATS + "?limit=200"))["items"]:
            await house.chat.archive(left["id"], archived=True)
        chats = [await begin(house, title=str(number)) for number in range(5)]
        for pin in pins:
            await call(house, "PATCH", f"{CHATS}/{chats[pin]}", {"pinned": True})
        for number in range(length):
            await say(house, chats[0], f"old {number}")
        await forwards(house, chats[0], limit, posts)
        await backwards(house, chats[0], limit, posts)
        branch = (await call(house, "POST", f"{CHATS}/{chats[0]}/fork"))[1].get("id")
        if branch is not None:
            await forwards(house, branch, limit, posts)
            await backwards(house, branch, limit, posts)
        await walk(house, chats, limit, posts, order)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        length=st.integers(0, 12),
        limit=st.integers(1, 7),
        posts=st.lists(st.integers(0, 4), max_size=4),
        order=st.sampled_from(("recent", "created")),
        pins=st.sets(st.integers(0, 4)),
    )
    def check(length: int, limit: int, posts: list[int], order: str, pins: set[int]) -> None:
        bench.run(one(length, limit, posts, order, pins))

    try:
        check()
    finally:
        bench.close()
