from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.agents.entanglements.talkers import TalkHouse, open_talk_house


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[TalkHouse]:
    async with open_talk_house(tmp_path) as opened:
        yield opened
