"""Cancelled, killed, gone on with: nothing twice, nothing missing. And while it works, the loop does not notice."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chainbot_desktop.core.events import ConversationsImported
from chainbot_desktop.core.ports import EventQuery
from tests.bench.measure import percentile
from tests.helpers.chatgpt_exports import generated, talk, write_json
from tests.helpers.imports import Importing, open_importing

REPOSITORY = Path(__file__).resolve().parents[4]
COUNT, TURNS = 300, 24
MESSAGES = COUNT * TURNS + COUNT // 10


def _odd(conversations: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """With an entry that is none before every tenth."""
    for number, entry in enumerate(conversations):
        if number % 10 == 0:
            yield {"number": number}
        yield entry


async def _assert_complete(importing: Importing) -> None:
    found = await importing.conversations()
    stems = [c for c in found if not c.branched_from]
    assert (len(stems), len(found)) == (COUNT, COUNT + COUNT // 10)
    expected = {made["title"]: made for made in generated(COUNT, turns=TURNS)}
    for stem in stems[::7]:
        lines = [node["message"]["content"]["parts"][0] for node in expected[stem.title]["mapping"].values() if node["message"]]
        assert await importing.texts(stem) == lines[:TURNS]
    assert sum([len(await importing.own_messages(c)) for c in found]) == MESSAGES


async def test_cancel_keeps_what_is_there_and_resume_does_the_rest(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, _odd(generated(COUNT, turns=TURNS)))

    def cancel_in_the_middle() -> None:
        if importing.service.progress.counts.messages > MESSAGES // 3:
            importing.service.cancel()

    end = importing.service.on_change(cancel_in_the_middle)
    cancelled = await importing.run(path)
    end()
    assert cancelled.state == "cancelled"
    assert MESSAGES // 3 < cancelled.counts.messages < MESSAGES
    waiting = importing.service.interrupted
    assert waiting is not None
    assert 0.2 < waiting.share < 0.9
    assert 0 < waiting.counts.skipped["without messages"] < COUNT // 10
    await importing.service.open()  # as after a restart: from what is on the disk
    assert importing.service.interrupted == waiting
    await importing.service.resume()
    done = await importing.service.wait()
    assert (done.state, done.counts.messages, done.counts.known) == ("done", MESSAGES, 0)
    assert done.counts.skipped == {"without messages": COUNT // 10}
    assert (done.counts.conversations, done.counts.branches) == (COUNT, COUNT // 10)
    await _assert_complete(importing)
    events = [e.event for e in await importing.store.journal.read(EventQuery())]
    assert [e.data.complete for e in events if isinstance(e, ConversationsImported)] == [False, True]
    assert importing.service.interrupted is None


def _kill_in_the_middle(tmp_path: Path, path: Path) -> None:
    command = [sys.executable, "-m", "tests.helpers.import_child", str(tmp_path), str(path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) > MESSAGES // 3:
                child.kill()
                break
    assert child.returncode == -9


async def test_killed_in_the_middle_it_goes_on_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, generated(COUNT, turns=TURNS))
    await asyncio.to_thread(_kill_in_the_middle, tmp_path, path)
    async with open_importing(tmp_path) as importing:
        waiting = importing.service.interrupted
        assert waiting is not None
        assert MESSAGES // 3 <= waiting.counts.messages < MESSAGES
        await importing.service.resume()
        done = await importing.service.wait()
        assert (done.state, done.counts.messages, done.counts.known) == ("done", MESSAGES, 0)
        await _assert_complete(importing)


async def test_a_file_that_changed_since_is_begun_anew(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, generated(COUNT, turns=TURNS))
    end = importing.service.on_change(importing.service.cancel)
    await importing.run(path)
    end()
    write_json(path, [talk("new", ["first in the new file"]), *generated(COUNT, turns=TURNS)])
    await importing.service.resume()
    assert (await importing.service.wait()).state == "done"
    assert len([c for c in await importing.conversations() if not c.branched_from]) == COUNT + 1


async def test_the_loop_and_the_journal_stay_quick_and_memory_small(importing: Importing, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    write_json(path, generated(100_000), until=20_000_000)
    late: list[float] = []
    appended: list[float] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await importing.service.start(path)
    while importing.service.is_running:
        begun = time.monotonic()
        await asyncio.sleep(0.01)
        late.append(time.monotonic() - begun - 0.01)
        if len(late) % 5 == 0:
            begun = time.monotonic()
            await importing.store.journal.append(ConversationsImported.model_validate(_EVENT))
            appended.append(time.monotonic() - begun)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert importing.service.progress.state == "done"
    assert importing.service.progress.counts.messages > 15_000
    # Two frames, several times over for a machine that is busy with other tests. `make bench ONLY=chat_import` has the figures.
    assert percentile(late, 0.99) < 0.15, f"{percentile(late, 0.99)}"
    assert percentile(appended, 0.5) < 0.25
    assert grown < 60_000_000


_EVENT = {
    "data": {
        "import_id": "x",
        "form": "test",
        "conversations": 0,
        "branches": 0,
        "messages": 0,
        "attachments": 0,
        "skipped": 0,
        "complete": True,
    }
}
