"""The page as a browser shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.keys import HUB
from chainbot_desktop.agents.approvals.request import ApprovalDraft
from tests.api.chromium import BINARY, Browser, open_browser
from tests.api.house import TOKEN, House, open_house

pytestmark = pytest.mark.skipif(BINARY is None, reason="Chromium is not installed")

# One red pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
ROWS = "document.querySelectorAll('#events > li').length"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with open_browser(tmp_path / "profile") as opened:
        yield opened


async def enter(browser: Browser, house: House) -> None:
    await browser.open(f"{house.url}/?ticket={house.services.keys.tickets.issue()}")
    await browser.until("document.querySelector('#live')?.textContent === 'Live'")


async def test_a_browser_without_a_session_is_told_how_to_get_in_and_gets_in(house: House, browser: Browser) -> None:
    await browser.open(house.url + "/")
    await browser.until("document.querySelector('form') !== null")
    assert "chainbot-desktop token" in await browser.value("document.body.innerText")
    await browser.value("document.querySelector('#token').value = 'wrong'; document.querySelector('form').submit()")
    assert "not the token" in await browser.until("document.querySelector('[role=alert]')?.innerText")
    await browser.value(f"document.querySelector('#token').value = '{TOKEN}'; document.querySelector('form').submit()")
    await browser.until("document.querySelector('#live')?.textContent === 'Live'")
    assert await browser.value("location.pathname + location.search") == "/"
    assert await browser.value("document.cookie") == ""  # the session is not for scripts


async def test_events_appear_as_they_happen_and_are_shown_as_text(house: House, browser: Browser) -> None:
    await house.spawn("before")
    await enter(browser, house)
    await browser.until(f"{ROWS} === 1")
    await house.spawn("<img src=x onerror=alert(1)>", agent_name="<b>bold</b>")
    await browser.until(f"{ROWS} === 2")
    first = await browser.value("document.querySelector('#events > li').innerText")
    assert "<img src=x onerror=alert(1)>" in first
    assert await browser.value("document.querySelectorAll('#events img, #events b').length") == 0
    await browser.value("document.querySelector('#events summary').click()")
    assert '"agent_id": "<img src=x onerror=alert(1)>"' in await browser.until(
        "document.querySelector('#events pre')?.innerText"
    )
    # That there is no picture of a panel is expected here.
    assert [complaint for complaint in browser.complaints if not complaint.endswith("/api/screen.png")] == []


async def test_it_resumes_after_the_connection_broke_without_a_gap(house: House, browser: Browser) -> None:
    await house.spawn("one")
    await enter(browser, house)
    await browser.until(f"{ROWS} === 1")
    await browser.call("Network.enable")
    await browser.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    for connection in house.application[HUB].connections:
        connection.abort()
    await browser.until("document.querySelector('#live').textContent === 'Reconnecting'")
    # While the browser is away things go on.
    await house.spawn("two")
    await house.spawn("three")
    await browser.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    await browser.until(f"{ROWS} === 3", seconds=30)
    shown = await browser.value(
        "[...document.querySelectorAll('#events .about')].map((e) => e.textContent.split(' ')[0]).join()"
    )
    assert shown == "three,two,one"


async def test_the_picture_of_the_panel_is_shown_and_refreshed(tmp_path: Path, browser: Browser) -> None:
    taken = 0

    async def screen() -> bytes:
        nonlocal taken
        taken += 1
        return PNG

    async with open_house(tmp_path / "house", screen=screen, panel=True) as house:
        await enter(browser, house)
        await browser.until("document.querySelector('#screen').naturalWidth === 1")
        before = taken
        await browser.until("performance.getEntriesByName(location.origin + '/api/screen.png').length >= 3")
        assert taken > before
        assert browser.complaints == []


async def test_without_a_panel_the_page_says_so(house: House, browser: Browser) -> None:
    await enter(browser, house)
    await browser.until("document.querySelector('#no-screen').innerText.includes('without a panel')")
    assert await browser.until("document.querySelector('#health').innerText") == "Healthy"


async def test_it_fits_a_phone(house: House, browser: Browser) -> None:
    await browser.resize(390, 844, phone=True)
    await house.spawn("a" * 200, agent_name="n" * 300)
    await ask(house, "w" * 3000)
    await enter(browser, house)
    await browser.until(f"{ROWS} > 1")
    await browser.until("document.querySelector('#approvals textarea') !== null")
    assert await browser.value("document.documentElement.scrollWidth <= 390")
    small = "[...document.querySelectorAll('button, summary, footer a')].filter((e) => e.getBoundingClientRect().height < 48).length"
    assert await browser.value(small) == 0


HOSTILE = "rm -rf x; <img src=x onerror=alert(1)> \u202etxt.hs\u200b"


async def ask(house: House, what: str) -> str:
    """An agent that asks a human; its run."""
    agent_id = await house.runs(f"Ada {len(house.runtime.living())}")
    return await house.runtime.execute(agent_id, f"ask {what}", actor="user:test")


async def test_what_an_agent_asks_is_shown_exactly_and_answered(house: House, browser: Browser) -> None:
    await enter(browser, house)
    assert await browser.value("document.querySelector('#approvals-card').hidden")
    first = await ask(house, HOSTILE)
    shown = await browser.until("document.querySelector('#approvals pre')?.textContent")
    assert shown == "rm -rf x; <img src=x onerror=alert(1)> \\u{202e}txt.hs\\u{200b}"
    assert await browser.value("document.querySelectorAll('#approvals img').length") == 0
    assert "Run a command" in await browser.value("document.querySelector('#approvals').innerText")
    await browser.value("document.querySelector('#approvals textarea').value = 'not <b>today</b>'")
    await browser.value("document.querySelector('#approvals [data-decision=deny]').click()")
    assert (await house.runtime.wait(first)).result == "approved False not <b>today</b>"
    await browser.until("document.querySelector('#approvals-card').hidden")
    second = await ask(house, "make test")
    await browser.until("document.querySelector('#approvals pre')?.textContent === 'make test'")
    await browser.value("document.querySelector('#approvals [data-decision=approve]').click()")
    assert (await house.runtime.wait(second)).result == "approved True"
    third = await ask(house, "make all")
    await browser.until("document.querySelector('#approvals pre')?.textContent === 'make all'")
    await browser.value("document.querySelector('#approvals [data-decision=approve_run]').click()")
    await house.runtime.wait(third)
    assert [row.state for row in await house.desk.latest()] == ["approved_run", "approved", "denied"]
    assert [complaint for complaint in browser.complaints if not complaint.endswith("/api/screen.png")] == []


async def test_a_question_takes_an_answer(house: House, browser: Browser) -> None:
    agent_id = await house.runs("Ada")
    draft = ApprovalDraft("call", "ask_human", "Which one?", "Red or green?", "question")
    request = await house.desk.put(agent_id, "Ada", "run", draft)
    await enter(browser, house)
    await browser.until("document.querySelector('#approvals textarea') !== null")
    assert await browser.value("document.querySelector('#approvals [data-decision=approve_run]') === null")
    await browser.value("document.querySelector('#approvals [data-decision=approve]').click()")
    assert "needs an answer" in await browser.until("document.querySelector('#approvals-problem').textContent")
    await browser.until("document.querySelector('#approvals [data-decision=approve]').disabled === false")
    await browser.value("document.querySelector('#approvals textarea').value = 'Green'")
    await browser.value("document.querySelector('#approvals [data-decision=approve]').click()")
    async with asyncio.timeout(10):
        assert (await house.desk.wait(request)).answer == "Green"


async def test_what_was_answered_elsewhere_goes_and_what_is_typed_stays(house: House, browser: Browser) -> None:
    await ask(house, "one")
    await enter(browser, house)
    await browser.until("document.querySelector('#approvals textarea') !== null")
    await browser.value("document.querySelector('#approvals textarea').value = 'half a reas'")
    await ask(house, "two")
    await browser.until("document.querySelectorAll('#approvals > li').length === 2")
    assert await browser.value("document.querySelector('#approvals textarea').value") == "half a reas"
    first = (await house.desk.pending())[0]
    await house.desk.decide(first.id, first.nonce, "deny", actor="user:test")
    await browser.until("document.querySelectorAll('#approvals > li').length === 1")
    assert await browser.value("document.querySelector('#approvals pre').textContent") == "two"


async def test_stop_all_must_be_held(house: House, browser: Browser) -> None:
    agent_id = await house.runs("Ada")
    await browser.resize(390, 844, phone=True)
    await enter(browser, house)
    await browser.call("Emulation.setTouchEmulationEnabled", enabled=True)
    x, y = await browser.value(
        "(() => { const b = document.querySelector('#stop-all').getBoundingClientRect(); return [b.x + b.width / 2, b.y + 20] })()"
    )
    await browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    await browser.until("document.querySelector('#stop-all').classList.contains('held')")
    await browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    await browser.until("!document.querySelector('#stop-all').classList.contains('held')")
    await browser.value("new Promise((done) => setTimeout(done, 1200))")  # what was let go of would have come by now
    live = house.runtime.live(agent_id)
    assert live is not None
    assert live.state == "idle"
    await browser.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
    await browser.until("document.querySelector('#stopped').textContent.startsWith('Stopped: Ada.')")
    await browser.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    live = house.runtime.live(agent_id)
    assert live is not None
    assert live.state == "stopped"


async def test_signing_out_shuts_the_door(house: House, browser: Browser) -> None:
    await enter(browser, house)
    await browser.value("document.querySelector('#leave').click()")
    await browser.until("document.querySelector('form') !== null")


async def test_the_documentation_is_shown_from_local_files(house: House, browser: Browser) -> None:
    await enter(browser, house)
    browser.complaints.clear()
    await browser.open(house.url + "/docs")
    await browser.until("document.querySelectorAll('.opblock').length > 30", seconds=30)
    await browser.value("document.querySelector('[id*=put_api_agents_id_position] .opblock-summary-control').click()")
    await browser.until("document.querySelector('.body-param') !== null")
    hosts = "[...new Set(performance.getEntriesByType('resource').map((e) => new URL(e.name).host))].join()"
    assert await browser.value(hosts) == house.url.removeprefix("http://")
    assert browser.complaints == []


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "width", "height"), [("phone", 390, 844), ("desktop", 1280, 800)])
async def test_screens_of_the_page(house: House, browser: Browser, name: str, width: int, height: int, theme: str) -> None:
    folder = Path(__file__).parents[2] / "build" / "screens"
    await browser.resize(width, height, phone=name == "phone", theme=theme)
    await browser.open(house.url + "/")
    await browser.until("document.querySelector('form') !== null")
    await browser.shoot(folder / f"page-sign-in-{name}-{theme}.png")
    await house.spawn("researcher", agent_name="Researcher", model="gpt-x")
    await house.post("/api/webhooks/chainbot/workflow/failed", {"workflow_id": "nightly-backup", "error": "The disk is full"})
    await house.post("/api/webhooks/chainbot/event", {"event_type": "door_bell", "requires_attention": True})
    await enter(browser, house)
    await browser.until(f"{ROWS} === 3")
    await ask(house, "git push --force origin main")
    question = ApprovalDraft("call", "ask_human", "Which branch?", "Shall I work on main or on a new branch?", "question")
    await house.desk.put("other", "Bea", "run", question)
    diff = "--- a/notes.md\n+++ b/notes.md\n@@ -1,2 +1,2 @@\n # Notes\n-old line\n+new line"
    why = "The notes name the old address."
    patch = ApprovalDraft(
        "patch", "write_file", "Change notes.md", diff, "diff", why=why, touches=("notes.md",), sandboxed=False, scope="write"
    )
    await house.desk.put("other", "Bea", "run", patch)
    await browser.until("document.querySelectorAll('#approvals > li').length === 3")
    await browser.shoot(folder / f"page-{name}-{theme}.png")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert await browser.value(ground) == ("rgb(14, 17, 22)" if theme == "dark" else "rgb(255, 255, 255)")
