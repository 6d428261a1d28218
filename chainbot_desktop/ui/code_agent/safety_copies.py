"""Keeps a copy of every unsaved text a few seconds behind the typing, and drops it when the text is saved or closed."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.document import Document
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.workspace import Workspace
from chainbot_desktop.workspace.limits import MEBIBYTE, PLAIN_ABOVE

DELAY_MS = 2_000


class SafetyCopies(QObject):
    failed = Signal(object)
    """A ChainBotError; told once until a copy succeeds again."""

    def __init__(
        self, documents: Documents, workspace: Workspace, tasks: Tasks, parent: QObject, *, delay_ms: int = DELAY_MS
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._tasks = tasks
        self._delay_ms = delay_ms
        self._timers: dict[str, QTimer] = {}
        self._kept: set[str] = set()
        self._told = False
        documents.added.connect(self._on_added)
        documents.removed.connect(self._on_removed)

    def adopt(self, draft_id: str) -> None:
        """A copy of an earlier run whose text is open again."""
        self._kept.add(draft_id)

    def _on_added(self, document: Document) -> None:
        timer = QTimer(self, singleShot=True)
        timer.timeout.connect(lambda: self._keep(document))
        self._timers[document.id] = timer
        document.editor.changed.connect(lambda: self._plan(document))
        document.editor.modified_changed.connect(lambda _: self._plan(document))
        self._plan(document)

    def _on_removed(self, document: Document) -> None:
        timer = self._timers.pop(document.id)
        timer.stop()
        timer.deleteLater()
        self._drop(document.id)

    def _plan(self, document: Document) -> None:
        timer = self._timers.get(document.id)
        if timer is None:
            return
        if not document.is_modified:
            timer.stop()
            self._drop(document.id)
        elif not timer.isActive():
            timer.start(self._delay_ms + 1000 * (document.editor.length // MEBIBYTE))

    def _keep(self, document: Document) -> None:
        if document.is_modified and document.editor.length <= PLAIN_ABOVE:
            self._kept.add(document.id)
            work = self._workspace.keep_draft(document.draft(), document.editor.text())
            self._tasks.spawn("keep a safety copy", self._guarded(work))

    def _drop(self, draft_id: str) -> None:
        if draft_id in self._kept:
            self._kept.discard(draft_id)
            self._tasks.spawn("drop a safety copy", self._guarded(self._workspace.drop_draft(draft_id)))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
            self._told = False
        except ChainBotError as error:
            if not self._told:
                self._told = True
                self.failed.emit(error)
