"""Brings back what the last run left: tabs and carets, and offers the texts that were never saved."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.ports import Preferences
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.code_agent.actions import Start
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.ui.code_agent.notice_bar import Notice, NoticeBar
from chainbot_desktop.ui.code_agent.operations import FileOperations
from chainbot_desktop.ui.code_agent.questions import Choice, ask
from chainbot_desktop.ui.code_agent.safety_copies import SafetyCopies
from chainbot_desktop.ui.code_agent.session import Session, load_session, store_session
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.workspace import Draft, Workspace

_log = logging.getLogger(__name__)

STORE_DELAY_MS = 800


class Recall(QObject):
    """`describe` gives the session as it is now; nothing is stored before the last one was restored."""

    def __init__(
        self,
        origin: QWidget,
        workspace: Workspace,
        preferences: Preferences,
        documents: Documents,
        operations: FileOperations,
        tasks: Tasks,
        describe: Callable[[], Session],
    ) -> None:
        super().__init__(origin)
        self._workspace = workspace
        self._preferences = preferences
        self._documents = documents
        self._operations = operations
        self._tasks = tasks
        self._describe = describe
        self._restored = False
        self._timer = QTimer(self, singleShot=True, interval=STORE_DELAY_MS)
        self._timer.timeout.connect(self._on_store)

    def remember(self) -> None:
        """Something worth remembering changed."""
        if self._restored and not self._timer.isActive():
            self._timer.start()

    async def load(self) -> Session:
        return await load_session(self._preferences)

    async def restore_tabs(self, session: Session) -> list[str]:
        """Open the tabs again; the sentences about those that cannot be."""
        troubles = []
        for place, tab in enumerate(session.tabs):
            try:
                front = place == session.front
                document = await self._operations.open_file(tab.path, tab.line, tab.column, in_front=front)
                document.editor.scroll_to(tab.top)
            except ChainBotError as error:
                troubles.append(error.message)
            except ValueError as error:
                _log.warning("a tab of the last session is not opened: %s", error)
        return troubles

    def begin(self) -> None:
        """From now on changes are stored."""
        self._restored = True

    async def store_now(self) -> None:
        self._timer.stop()
        if self._restored:
            await store_session(self._preferences, self._describe(), self._workspace.root)

    def _on_store(self) -> None:
        self._tasks.spawn("store the editor's session", self.store_now())


class Recovery(QObject):
    """The bar that offers unsaved texts of a run that ended badly, and what its buttons do."""

    def __init__(
        self,
        origin: QWidget,
        bar: NoticeBar,
        workspace: Workspace,
        operations: FileOperations,
        copies: SafetyCopies,
        themes: ThemeSource,
        start: Start,
    ) -> None:
        super().__init__(origin)
        self._origin = origin
        self._bar = bar
        self._workspace = workspace
        self._operations = operations
        self._copies = copies
        self._themes = themes
        self._start = start
        self._found: tuple[Draft, ...] = ()
        bar.closed.connect(self._on_closed)

    async def offer(self) -> None:
        """Show the bar if there is anything to recover."""
        self._found = await self._workspace.drafts()
        if not self._found:
            return
        names = ", ".join(draft.name for draft in self._found[:3])
        more = f" and {len(self._found) - 3} more" if len(self._found) > 3 else ""
        self._bar.show_notice(
            Notice(
                f"Never saved before the last run ended: {names}{more}.",
                "warning",
                (("Discard…", self._on_discard), ("Restore", self._on_restore)),
            )
        )

    async def restore(self) -> None:
        found, self._found = self._found, ()
        self._bar.show_notice(None)
        for draft in reversed(found):
            text = await self._workspace.draft_text(draft.id)
            document = await self._operations.recover(draft, text)
            if document.id != draft.id:  # the tab was open already and keeps its own copy from now on
                await self._workspace.keep_draft(document.draft(), text)
                await self._workspace.drop_draft(draft.id)
            self._copies.adopt(document.id)

    async def _discard(self) -> None:
        count = len(self._found)
        answer = await ask(
            self._origin,
            self._themes,
            "Discard the unsaved text?" if count == 1 else f"Discard {count} unsaved texts?",
            tuple(draft.name for draft in self._found),
            (Choice("discard", "Discard", "danger"), Choice("keep", "Keep", "primary")),
        )
        if answer == "discard":
            found, self._found = self._found, ()
            self._bar.show_notice(None)
            for draft in found:
                await self._workspace.drop_draft(draft.id)

    def _on_restore(self) -> None:
        self._start("restore unsaved texts", self.restore())

    def _on_discard(self) -> None:
        self._start("discard unsaved texts", self._discard())

    def _on_closed(self) -> None:
        """Not now: they are offered again at the next start."""
        self._bar.show_notice(None)
