"""The approval desk as Qt sees it: what waits, as signals; answers, as calls that return at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.runs import Decision
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import ApprovalRow


class Desk(Protocol):
    """What the panel needs of agents.approvals.desk.ApprovalDesk."""

    async def pending(self) -> list[ApprovalRow]: ...

    async def get(self, approval_id: str) -> ApprovalRow: ...

    async def decide(
        self, approval_id: str, nonce: str, decision: Decision, *, answer: str = "", actor: str
    ) -> ApprovalRow: ...

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]: ...


class ApprovalFeed(QObject):
    """`open` and `close` it. Use on the loop's thread, which is Qt's."""

    changed = Signal()
    """`rows` is another list now."""
    settled = Signal(object, bool)
    """(ApprovalRow, whether it was answered here)"""
    refused = Signal(str, object)
    """(id of the request, the ChainBotError): the answer was not taken; the request still waits."""

    def __init__(self, desk: Desk, tasks: Tasks, *, actor: str = "device:panel", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._tasks = tasks
        self._actor = actor
        self._rows: tuple[ApprovalRow, ...] = ()
        self._reading = False
        self._again = False
        self._end: Callable[[], None] | None = None

    @property
    def rows(self) -> Sequence[ApprovalRow]:
        """What waits for an answer, oldest first."""
        return self._rows

    def open(self) -> None:
        self._end = self._desk.on_change(self._on_desk_changed)
        self._on_desk_changed()

    def close(self) -> None:
        if self._end is not None:
            self._end()
            self._end = None

    def decide(self, row: ApprovalRow, decision: Decision, answer: str) -> None:
        self._tasks.spawn(f"answer {row.id}", self._decide(row, decision, answer))

    async def _decide(self, row: ApprovalRow, decision: Decision, answer: str) -> None:
        try:
            await self._desk.decide(row.id, row.nonce, decision, answer=answer, actor=self._actor)
        except ChainBotError as error:
            if error.code != "already_answered":
                self.refused.emit(row.id, error)
        self._on_desk_changed()

    def _on_desk_changed(self) -> None:
        """Many changes at once are one look."""
        if self._reading:
            self._again = True
        elif self._end is not None:
            self._reading = True
            self._tasks.spawn("read the approvals", self._read())

    async def _read(self) -> None:
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._look()
        finally:
            self._reading = False

    async def _look(self) -> None:
        rows = tuple(await self._desk.pending())
        if self._end is None:
            return
        waiting = {row.id for row in rows}
        gone = [row for row in self._rows if row.id not in waiting]
        before, self._rows = self._rows, rows
        for row in gone:
            settled = await self._desk.get(row.id)
            self.settled.emit(settled, settled.decided_by == self._actor)
        if rows != before:
            self.changed.emit()
