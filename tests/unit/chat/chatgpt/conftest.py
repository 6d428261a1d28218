"""Every test here may ask for an importer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.helpers.imports import Importing, open_importing


@pytest.fixture
async def importing(tmp_path: Path) -> AsyncIterator[Importing]:
    async with open_importing(tmp_path) as opened:
        yield opened
