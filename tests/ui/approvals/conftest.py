"""A panel with a real approval desk on a real file, and agents that ask."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from chainbot_desktop.agents.approvals.desk import ApprovalDesk
from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.agent_rows import ApprovalRow
from chainbot_desktop.store.approvals import ApprovalTable
from chainbot_desktop.ui.approvals.card import ApprovalCard
from chainbot_desktop.ui.approvals.feed import ApprovalFeed
from chainbot_desktop.ui.approvals.presenter import ApprovalPresenter
from tests.helpers.stores import open_store
from tests.ui.acting import until
from tests.ui.shell.conftest import MakePanel, Panel, finger, make_panel, touch

__all__ = ["finger", "make_panel", "touch"]

COMMAND = ApprovalDraft(
    call_id="c1",
    tool="run_command",
    title="Run a command in chainbot",
    detail="git push --force origin main",
    detail_kind="command",
    why="The branch was rebased; the remote must follow.",
    touches=("the remote origin", "/home/me/chainbot/.git"),
    sandboxed=False,
    scope="run_command: git push *",
)


@dataclass
class Asking:
    """`ask` as agents do; `wait` until something is true while the panel lives."""

    panel: Panel
    desk: ApprovalDesk
    feed: ApprovalFeed
    presenter: ApprovalPresenter
    tasks: Tasks
    run: Callable[[Coroutine[Any, Any, Any]], Any]
    opened: list[str] = field(default_factory=list)
    woken: list[None] = field(default_factory=list)
    number: int = 0

    @property
    def card(self) -> ApprovalCard:
        return self.presenter.card

    def ask(self, draft: ApprovalDraft = COMMAND, *, name: str = "Coder", run: str = "", **changed: Any) -> str:
        """Its id. Returns when the feed has it."""
        self.number += 1
        draft = replace(draft, call_id=f"c{self.number}", **changed)

        async def put() -> str:
            asked = await self.desk.put("a1", name, run or f"r{self.number}", draft)
            await until(lambda: any(row.id == asked for row in self.feed.rows))
            return asked

        asked = self.run(put())
        assert isinstance(asked, str)
        QApplication.processEvents()
        return asked

    def ready(self) -> None:
        """The card slid in and takes answers."""
        self.wait(lambda: self.card.isVisible() and not self.card.foot.guarded)

    def row(self, approval_id: str) -> ApprovalRow:
        row = self.run(self.desk.get(approval_id))
        assert isinstance(row, ApprovalRow)
        return row

    def wait(self, condition: Callable[[], bool]) -> None:
        self.run(until(condition))

    def settle(self) -> None:
        self.wait(lambda: not self.tasks.names)


@pytest.fixture
def asking(
    make_panel: MakePanel,
    on_loop: Callable[[Coroutine[Any, Any, Any]], Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Asking]:
    opening = open_store(tmp_path)
    store = on_loop(opening.__aenter__())
    tasks = Tasks()
    desk = ApprovalDesk(ApprovalTable(store.database, store.journal), tasks)
    on_loop(desk.open())
    panel = make_panel()
    panel.attach()
    feed = ApprovalFeed(desk, tasks)
    opened: list[str] = []
    presenter = ApprovalPresenter(
        panel.window,
        feed,
        panel.themes,
        kind_of=lambda agent_id: "assistant" if agent_id == "a1" else "",
        open_agent=opened.append,
    )
    asking = Asking(panel, desk, feed, presenter, tasks, on_loop, opened)
    panel.window.wake_requested.connect(lambda: asking.woken.append(None))

    async def start() -> None:
        feed.open()

    on_loop(start())
    yield asking
    feed.close()
    on_loop(tasks.cancel_all())
    on_loop(desk.close())
    on_loop(opening.__aexit__(None, None, None))
