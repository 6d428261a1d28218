"""The window meets the agents that run here: STOP ALL, the approval card, and what the map and the welcome need to make them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.app.panel_models import PanelModels
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.runtime import ModelList, RuntimeParts
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.approvals.feed import ApprovalFeed, Desk
from chainbot_desktop.ui.approvals.presenter import ApprovalPresenter
from chainbot_desktop.ui.models.model_words import has_good_one, models_in_words
from chainbot_desktop.ui.shell.stop_all import StopAll, Stopper
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.welcome.actions import ModelOffer
from chainbot_desktop.ui.welcome.guide import WelcomeGuide


class PanelAgents:
    """`open` it when the window has its windows, `close` it before the services are closed. Use on the loop's thread."""

    def __init__(
        self,
        window: MainWindow,
        themes: ThemeSource,
        tasks: Tasks,
        parts: RuntimeParts,
        stopper: Stopper,
        desk: Desk,
        directory: AgentDirectory,
        better: PanelModels,
    ) -> None:
        self.parts = replace(parts, better_models=better.open)
        self._window = window
        self._better = better
        better.changed.add(self._on_models_changed)
        self._tasks = tasks
        self._directory = directory
        self._map: AgentMapView | None = None
        self._guide: WelcomeGuide | None = None
        self._end: Callable[[], None] = _nothing
        self._feed = ApprovalFeed(desk, tasks, parent=window)
        self._feed.changed.connect(self._on_requests_changed)
        StopAll(window, stopper, tasks)
        ApprovalPresenter(window, self._feed, themes, kind_of=self._kind_of, open_agent=self._open_agent)

    def open(self) -> None:
        self._feed.open()
        self._end = self.parts.agents.on_change(self._on_agent_changed)

    def close(self) -> None:
        self._end()
        self._feed.close()

    def map_was_made(self, view: AgentMapView) -> None:
        self._map = view
        self._on_requests_changed()

    def model_offer(self) -> ModelOffer:
        """For the welcome's step."""
        models = self.parts.models
        return ModelOffer(
            lambda: models_in_words(models.statuses() if models is not None else ()),
            self._look_for_models,
            lambda: self._better.open(self._window, _nothing),
            self._take_model,
        )

    def guide_was_made(self, guide: WelcomeGuide) -> None:
        self._guide = guide
        if self.parts.agents.living():
            guide.agent_spawned()
        if guide.waits_for("model"):
            self._look_for_models()

    def _look_for_models(self) -> None:
        if self.parts.models is not None:
            self._tasks.spawn("look for models", self._look(self.parts.models))

    async def _look(self, models: ModelList) -> None:
        await models.probe()
        self._on_models_changed()

    def _on_models_changed(self) -> None:
        if self._guide is not None:
            self._guide.models_changed()
            if self.parts.models is not None and has_good_one(self.parts.models.statuses()):
                self._guide.model_chosen()

    def _take_model(self) -> None:
        if self._guide is not None:
            self._guide.model_chosen()

    def _on_agent_changed(self, _agent_id: str) -> None:
        """Whoever made it: the panel, the API, the chat."""
        if self._guide is not None and self._guide.waits_for("agent") and self.parts.agents.living():
            self._guide.agent_spawned()

    def _on_requests_changed(self) -> None:
        if self._map is not None:
            self._map.set_asking({row.agent_id: row.title for row in self._feed.rows})

    def _kind_of(self, agent_id: str) -> str:
        agent = self._directory.get(agent_id)
        return agent.kind if agent is not None else ""

    def _open_agent(self, agent_id: str) -> None:
        self._window.present("agent-map", {"agent_id": agent_id})


def _nothing() -> None:
    return None
