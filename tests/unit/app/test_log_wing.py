"""Who speaks in the timeline at the start, and that the agents of this house are among them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chainbot_desktop.app.log_wing import initially_on, make_log_wing
from chainbot_desktop.core.settings import LogsSettings
from chainbot_desktop.watch.log_ring import LogRing
from chainbot_desktop.watch.logs.document import LogQuery
from tests.helpers.agent_house import NoChildren, open_agent_house
from tests.helpers.processes import until


@pytest.mark.parametrize(
    ("settings", "remembered", "off"),
    [
        ({}, {}, {"journald"}),
        ({}, {"logs.source.journald": True}, set()),
        ({"journald": "off"}, {"logs.source.journald": True}, {"journald"}),
        ({"journald": "on"}, {"logs.source.journald": False}, set()),
        ({}, {"logs.source.http": False, "logs.source.agent": False}, {"journald", "http", "agent"}),
        ({"access": "on"}, {"logs.source.http": False}, {"journald"}),
        ({"access": "off"}, {"logs.source.program": "nonsense"}, {"journald", "http", "program"}),
    ],
)
def test_who_is_on_at_the_start(settings: Mapping[str, str], remembered: Mapping[str, object], off: set[str]) -> None:
    on = initially_on(LogsSettings.model_validate(settings), remembered)
    assert {source for source, is_on in on.items() if not is_on} == off


async def test_what_an_agent_says_is_in_the_timeline_and_a_choice_is_remembered(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house, AsyncExitStack() as stack:
        ring, store = LogRing(), house.store
        wing = make_log_wing(LogsSettings(), ring, store.bus, store.preferences, house.tasks, house.service, NoChildren())
        await wing.open(stack)
        agent_id = await house.service.spawn("scripted", "Ann", {}, actor="user:admin")
        await house.becomes(agent_id, "idle")
        house.service.log(agent_id).add("out", "hello from the process")
        selection = wing.timeline.select(LogQuery(text="hello", sources=frozenset({"agent"}), names=frozenset({"Ann"})))
        await until(lambda: selection.count == 1)
        await house.service.remove(agent_id, actor="user:admin")
        wing.sources.turn("journald", True)
        await until(lambda: "starts no processes" in next(s.trouble for s in wing.sources.statuses if s.source == "journald"))
        await until(lambda: "remember a log source" not in house.tasks.names)
        assert await store.preferences.get("logs.source.journald") is True
