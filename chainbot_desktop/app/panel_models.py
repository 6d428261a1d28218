"""The sheet of better models, opened from wherever models are chosen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.listeners import Listeners
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.models.better_models import BetterModels, ChooseFile
from chainbot_desktop.ui.models.setup import ModelSetup
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import Message


class PanelModels:
    """`changed` tells that the models are different. Use on the loop's thread."""

    def __init__(
        self, window: MainWindow, themes: ThemeSource, tasks: Tasks, setup: ModelSetup, choose_file: ChooseFile
    ) -> None:
        self._window = window
        self._themes = themes
        self._tasks = tasks
        self._setup = setup
        self._choose_file = choose_file
        self.changed: Listeners[[]] = Listeners()

    def open(self, origin: QWidget, changed: Callable[[], object]) -> None:
        """`changed` is called when this sheet changed the models, and they are `changed` then."""

        def on_change() -> None:
            changed()
            self.changed.tell()

        BetterModels(origin, self._themes, self._setup, self._tasks, self._choose_file, self._tell, on_change).open()

    def _tell(self, words: str, bad: bool) -> None:
        self._window.show_message(Message(words, "error" if bad else "success"))
