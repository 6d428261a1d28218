"""Every test here may ask for recall over a real chat."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.recalls import Recalling, open_recalling


@pytest.fixture
async def recalling(tmp_path: Path) -> AsyncIterator[Recalling]:
    async with open_recalling(tmp_path) as opened:
        yield opened
