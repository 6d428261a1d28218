"""The model that runs here: which file it is, how it is, and the server that answers with it."""

from __future__ import annotations

import asyncio

from chainbot_desktop.agents.models.gateway import ModelChoice, ProviderStatus
from chainbot_desktop.agents.models.local_server import LocalServer
from chainbot_desktop.agents.models.model_files import ModelFile, ModelFolder, embedded_model, require_gguf
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.core.errors import ChainBotError, Unavailable
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.settings import ModelsSettings
from chainbot_desktop.core.tasks import Tasks

LOCAL = "local"


class LocalModel:
    """Use on the loop's thread. What it knows of its file is from the last `look`."""

    def __init__(self, settings: ModelsSettings, folder: ModelFolder, children: ChildProcesses, tasks: Tasks) -> None:
        self._settings = settings
        self._folder = folder
        self._problem = "It was not looked for yet."
        self._looked_at = ""
        self.file: ModelFile | None = None
        self.server = LocalServer(
            children,
            tasks,
            lambda: self.file,
            idle_seconds=settings.idle_minutes * 60,
            context_tokens=settings.context_tokens,
        )

    async def look(self) -> None:
        self.file, self._problem = await asyncio.to_thread(self._find)
        self._looked_at = utc_now()

    async def close(self) -> None:
        await self.server.stop()

    @property
    def status(self) -> ProviderStatus:
        file, name = self.file, self.file.name if self.file is not None else ""
        return ProviderStatus(
            name=LOCAL,
            kind="local",
            state="ready" if not self._problem else "unreachable" if file else "unconfigured" if self._looked_at else "unknown",
            reason=self._problem,
            models=(name,) if name else (),
            default_model=name,
            base_url="",
            demonstration=file is not None and file.demonstration,
            checked_at=self._looked_at,
        )

    def choice(self, hint: str) -> ModelChoice:
        """Unavailable where there is none."""
        file = self.file
        if file is None:
            raise Unavailable(f"There is no local model. {self._problem}", hint=hint, code="no_model")
        return ModelChoice(
            f"{LOCAL}/{file.name}",
            LOCAL,
            tools=not file.demonstration,
            demonstration=file.demonstration,
            context_tokens=self._settings.context_tokens,
        )

    def _find(self) -> tuple[ModelFile | None, str]:
        if not self._settings.local_enabled:
            return None, "It is switched off in the settings."
        try:
            own = self._settings.local_model or self._folder.chosen()
        except ChainBotError as error:
            return None, error.message
        file = ModelFile(own.expanduser(), own.stem, False) if own is not None else embedded_model()
        if file is None:
            return None, "There is no model file."
        try:
            require_gguf(file.path)
        except Unavailable as error:
            return file, error.message
        return file, ""
