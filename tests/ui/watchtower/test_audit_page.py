"""The Audit page over a real journal: who did what, the verdict, the sheets."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.app.delivery_wing import make_delivery_wing
from chainbot_desktop.app.opened_store import OpenedStore
from chainbot_desktop.core.events import UnknownEvent
from chainbot_desktop.core.settings import Settings
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.security.audit_trail import AuditTrail
from chainbot_desktop.security.secret_store import SecretStore
from chainbot_desktop.security.signed_exports import prove_export
from chainbot_desktop.security.signing import read_or_make_signer
from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.audit_page import AuditPage
from chainbot_desktop.ui.watchtower.audit_sheets import ExportSheet, RetentionSheet, VerdictSheet
from chainbot_desktop.ui.watchtower.parts import DeliveryParts, WatchtowerParts
from tests.helpers.deliveries import StillWay
from tests.helpers.stores import Store, open_store
from tests.ui.watchtower.conftest import until

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
ACTORS = ("user:admin", "agent:researcher", "system:chainbot", "device:kitchen")


@dataclass
class Bench:
    page: AuditPage
    store: Store
    trail: AuditTrail
    tasks: Tasks
    folder: Path
    opened: list[tuple[str, object]] = field(default_factory=list)
    messages: list[object] = field(default_factory=list)

    async def fill(self, count: int) -> None:
        events = [
            UnknownEvent(
                type=("tool_call_judged", "agent_reconfigured", "file_saved")[number % 3],
                subject=f"subject-{number % 7}",
                actor=ACTORS[number % 4],
                data={"number": number, "reason": "It lies inside the workspace and the policy allows it."},
            )
            for number in range(count)
        ]
        await asyncio.gather(*(self.store.journal.append(event) for event in events))

    def damage(self, statement: str) -> None:
        with closing(sqlite3.connect(self.folder / "journal.db")) as connection, connection:
            connection.execute(statement)

    def actors(self) -> list[str]:
        return [self.page.rows.row(index).about for index in self.page.list.visible_rows()]

    def sheet(self, kind: type[QWidget]) -> Any:
        return next((found for found in self.page.window().findChildren(kind) if found.isVisible()), None)


@asynccontextmanager
async def bench(
    folder: Path, themes: ThemeSource, width: int = 1200, height: int = 716, count: int = 60
) -> AsyncIterator[Bench]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    themes.apply_to(app)
    async with open_store(folder) as store:
        secrets, tasks = SecretStore(folder, "file", None), Tasks()
        trail = AuditTrail(store.database, store.journal, store.preferences, folder, lambda: read_or_make_signer(secrets))
        await trail.open()
        nothing = cast(Any, None)
        deliveries = make_delivery_wing(Settings(), cast(OpenedStore, store), tasks, StillWay(), lambda: 0)
        parts = WatchtowerParts(
            journal=store.journal,
            bus=store.bus,
            blobs=store.blobs,
            logs=nothing,
            metrics=nothing,
            health=nothing,
            alerts=nothing,
            link=nothing,
            deliveries=DeliveryParts(deliveries.desk, deliveries.received, deliveries.replay),
            themes=themes,
            tasks=tasks,
            audit=trail,
        )
        page = AuditPage(parts)
        made = Bench(page, store, trail, tasks, folder)
        page.open_requested.connect(lambda key, content: made.opened.append((key, content)))
        page.message.connect(made.messages.append)
        page.setProperty("ground", "window")
        page.resize(width, height)
        await made.fill(count)
        page.show()
        page.shown_first_time()
        await until(lambda: len(page.stretch) or not count)
        await until(lambda: not tasks.names)
        try:
            yield made
        finally:
            page.hide()
            await tasks.cancel_all()
            await trail.close()
            page.deleteLater()
            await asyncio.sleep(0)


def test_who_did_what_is_listed_filtered_and_followed(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            assert set(b.actors()) == set(ACTORS)
            QTest.mouseClick(b.page.filter_bar.chips.chips["who agent:"], Qt.MouseButton.LeftButton)
            await until(lambda: set(b.actors()) == {"agent:researcher"})
            b.page.filter_bar.field.setText("type:file_saved actor:user:admin")
            await until(lambda: set(b.actors()) == {"user:admin"})
            await b.store.journal.append(UnknownEvent(type="file_saved", actor="user:admin", subject="new", data={}))
            await until(lambda: b.page.rows.row(0).origin == "new")
            b.page.filter_bar.field.setText("severity>=nonsense")
            await until(lambda: "no severity" in b.page.filter_bar.status.text())

    on_loop(work())


def test_a_long_trail_is_read_as_far_as_it_is_scrolled(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source, count=900) as b:
            assert len(b.page.stretch) == 200
            while not b.page.stretch.complete:
                b.page.list.set_current(len(b.page.stretch) - 1)
                known = len(b.page.stretch)
                await until(lambda known=known: len(b.page.stretch) > known or b.page.stretch.complete)  # type: ignore[misc]
            assert b.page.stretch.oldest == 1

    on_loop(work())


def test_a_broken_chain_is_said_explained_and_shown(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source, count=400) as b:
            assert "Not verified" in b.page.verdict.heading.text()
            QTest.mouseClick(b.page.verdict.button, Qt.MouseButton.LeftButton)
            await until(lambda: "Whole: 400 events" in b.page.verdict.heading.text())
            b.damage("UPDATE journal SET envelope = json_set(envelope, '$.actor', 'user:nobody') WHERE seq = 17")
            b.page.verify()
            await until(lambda: b.sheet(VerdictSheet))
            assert "Broken at event 17" in b.page.verdict.heading.text()
            sheet = b.sheet(VerdictSheet)
            button = next(child for child in sheet.findChildren(QWidget) if getattr(child, "text", str)() == "Show event 17")
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            await until(lambda: b.page.panel.is_open)
            assert b.page.inspector._recorded is not None
            assert b.page.inspector._recorded.seq == 17
            told = [r.event for r in await b.store.journal.read(_told())]
            assert [event.data.ok for event in told] == [True, False]

    on_loop(work())


def _told() -> Any:
    from chainbot_desktop.core.ports import EventQuery

    return EventQuery(types=("chain_verified",))


def test_an_export_from_the_sheet_is_whole(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            b.page.verdict.export_wanted.emit()
            await until(lambda: b.sheet(ExportSheet))
            sheet = b.sheet(ExportSheet)
            sheet.path.setText("relative.csv")
            QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
            assert "whole path" in sheet.said.text()
            sheet.path.setText(str(tmp_path / "trail.jsonl"))
            QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
            await until(lambda: "Signed by SHA256:" in sheet.said.text())
            proof = await asyncio.to_thread(prove_export, tmp_path / "trail.jsonl")
            assert proof is not None
            assert (proof.problem, proof.checked) == ("", 60)

    on_loop(work())


def test_an_export_that_is_begun_anew_is_the_one_that_the_sheet_speaks_of(
    tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop
) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source) as b:
            b.page.verdict.export_wanted.emit()
            await until(lambda: b.sheet(ExportSheet))
            sheet = b.sheet(ExportSheet)
            sheet.path.setText(str(tmp_path / "trail.jsonl"))
            async with b.trail._turn:  # something else is under way: an export waits for its end
                for _ in ("begin", "cancel", "begin anew"):
                    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
                    await until(lambda: "Exporting" in sheet.said.text())
                await until(lambda: b.tasks.names.count("audit: export") == 1)
                assert (sheet.start.text(), sheet.said.text()) == ("Cancel", "Exporting…")
            await until(lambda: "Signed by SHA256:" in sheet.said.text())
            assert sheet.start.text() == "Export"

    on_loop(work())


def test_what_goes_is_shown_first_and_goes_only_when_held(tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop) -> None:
    async def work() -> None:
        async with bench(tmp_path, theme_source, count=0) as b:
            old = [UnknownEvent(type="old", time="2020-01-01T00:00:00.000000Z", data=n) for n in range(50)]
            await asyncio.gather(*(b.store.journal.append(event) for event in old))
            await b.fill(200)
            b.page.verdict.retention_wanted.emit()
            await until(lambda: b.sheet(RetentionSheet))
            sheet = b.sheet(RetentionSheet)
            assert not sheet.go.isVisible()
            sheet._on_days("90")
            await until(lambda: "50 events would go" in sheet.said.text())
            QTest.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
            ends = await b.store.journal.ends()
            assert ends is not None
            assert ends.first_seq == 1
            QTest.mousePress(sheet.go, Qt.MouseButton.LeftButton)
            await until(lambda: "is the anchor" in sheet.said.text())
            QTest.mouseRelease(sheet.go, Qt.MouseButton.LeftButton)
            ends = await b.store.journal.ends()
            assert ends is not None
            assert ends.first_seq == 51
            assert (await b.trail.verify()).ok

    on_loop(work())


@pytest.mark.screens
@pytest.mark.parametrize(("name", "width", "height"), [("800", 720, 396), ("1280", 1200, 716)])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_screens(
    tmp_path: Path, theme_source: ThemeSource, on_loop: OnLoop, shoot: Any, theme: Any, name: str, width: int, height: int
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        async with bench(tmp_path, theme_source, width, height) as b:
            await b.trail.verify()
            shoot(b.page, f"audit-{name}-{theme}")
            b.page._on_export()
            await asyncio.sleep(0.3)
            shoot(b.page, f"audit-export-{name}-{theme}")
            b.sheet(ExportSheet).dismiss()
            b.page._on_retention()
            b.sheet(RetentionSheet)._on_days("30")
            await until(lambda: "Nothing would go" in b.sheet(RetentionSheet).said.text())
            await asyncio.sleep(0.3)
            shoot(b.page, f"audit-retention-{name}-{theme}")
            b.sheet(RetentionSheet).dismiss()
            b.damage("UPDATE journal SET envelope = json_set(envelope, '$.actor', 'user:nobody') WHERE seq = 17")
            b.page.verify()
            await until(lambda: b.sheet(VerdictSheet))
            await asyncio.sleep(0.3)
            shoot(b.page, f"audit-broken-{name}-{theme}")
            b.sheet(VerdictSheet).dismiss()
            b.page.show_seq(17)
            await until(lambda: b.page.panel.is_open)
            await asyncio.sleep(0.3)
            shoot(b.page, f"audit-event-{name}-{theme}")

    on_loop(work())
