"""Which document is read: the live timeline, or a file that somebody opened."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.view import Message
from chainbot_desktop.ui.watchtower.logs.services import LogServices
from chainbot_desktop.watch.logs.document import LogDocument


class Opening(QObject):
    """Files stay open beside the timeline until somebody closes them. Closing is asked of the page first: it lets go of them."""

    message = Signal(object)
    opened = Signal(object)
    """A `LogDocument`: show it."""
    closing = Signal(object)
    """A `LogDocument` that is about to be closed."""

    def __init__(self, owner: QWidget, services: LogServices, tasks: Tasks) -> None:
        super().__init__(owner)
        self._owner, self._services, self._tasks = owner, services, tasks
        self.files: dict[str, LogDocument] = {}
        """The open files, by path."""
        self._under_way: set[str] = set()

    def choose(self) -> None:
        """Ask which file."""
        self._tasks.spawn("choose a log file", self._choose())

    def open(self, path: Path) -> None:
        key = str(path.expanduser().absolute())
        if key in self.files:
            self.opened.emit(self.files[key])
        elif key not in self._under_way:
            self._under_way.add(key)
            self._tasks.spawn("open a log file", self._open(key))

    def close(self, document: LogDocument) -> None:
        """Back to the timeline if it was shown."""
        path = next((path for path, known in self.files.items() if known is document), None)
        if path is not None:
            del self.files[path]
            self.closing.emit(document)
            self._tasks.spawn("close a log file", document.close())

    async def _choose(self) -> None:
        path = await self._services.choose_path(self._owner, "open", "")
        if path is not None:
            self.open(path)

    async def _open(self, key: str) -> None:
        try:
            document = await self._services.open_file(Path(key))
        except ChainBotError as error:
            self._services.memory.forget(key)
            self.message.emit(Message(error.message, "error", error.hint))
            return
        finally:
            self._under_way.discard(key)
        self.files[key] = document
        self._services.memory.opened(key)
        self.opened.emit(document)
