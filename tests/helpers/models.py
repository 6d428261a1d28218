"""The models of a house for a test: the real service with real children, which leaves none behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.models.model_files import ModelFolder
from chainbot_desktop.agents.models.service import ModelService
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from tests.helpers.processes import children as open_children


@asynccontextmanager
async def models(
    settings: Mapping[str, Any] | None = None,
    *,
    secret: Callable[[str], str | None] = lambda _: None,
    folder: Path | None = None,
    hide: Callable[[str], None] = lambda _: None,
) -> AsyncIterator[ModelService]:
    tasks = Tasks()
    # A small context: the embedded model is there in no time.
    given = {"models": {}, **(settings or {})}
    given["models"] = {"context_tokens": 1024, **given["models"]}
    async with open_children() as children:
        service = ModelService(
            Settings.model_validate(given), secret, children, tasks, ModelFolder(folder or Path("/nonexistent")), hide=hide
        )
        await service.open()
        try:
            yield service
        finally:
            await service.close()
            assert await tasks.cancel_all() == ()
