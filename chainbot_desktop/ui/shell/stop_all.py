"""What happens when STOP was held: every agent is stopped, and the message bar says which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.view import Message

NAMES_SHOWN = 6


class Stopped(Protocol):
    """What of agents.runtime's StopReport is shown."""

    @property
    def agents(self) -> Sequence[tuple[str, str]]: ...

    @property
    def runs(self) -> int: ...


class Stopper(Protocol):
    async def stop_all(self, *, actor: str) -> Stopped: ...


class StopAll(QObject):
    """Connects the window's STOP to the agents. While it works a second STOP changes nothing."""

    def __init__(self, window: MainWindow, agents: Stopper, tasks: Tasks, *, actor: str = "device:panel") -> None:
        super().__init__(window)
        self._window = window
        self._agents = agents
        self._tasks = tasks
        self._actor = actor
        self._stopping = False
        window.stop_all_requested.connect(self._on_requested)

    def _on_requested(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._window.rail.stop_button.set_stopping(True)
            self._tasks.spawn("stop all agents", self._stop())

    async def _stop(self) -> None:
        try:
            report = await self._agents.stop_all(actor=self._actor)
        except ChainBotError as error:
            self._window.show_message(Message(error.message, "error", error.hint))
        else:
            self._window.show_message(Message(words_of(report), "success" if report.agents else "info"))
        finally:
            self._stopping = False
            self._window.rail.stop_button.set_stopping(False)


def words_of(report: Stopped) -> str:
    names = [name for _, name in report.agents]
    if not names:
        return "Nothing was running."
    listed = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    tasks = f" {report.runs} {'task' if report.runs == 1 else 'tasks'} cancelled." if report.runs else ""
    return f"Stopped {len(names)} {'agent' if len(names) == 1 else 'agents'}: {listed}{more}.{tasks}"
