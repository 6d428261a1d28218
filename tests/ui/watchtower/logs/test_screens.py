"""The Logs page in pictures, for a person to look at: build/screens/logs-*.png."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QImage

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.watchtower.logs.page import LogsPage
from chainbot_desktop.watch.logs.file import open_log_file
from tests.ui.watchtower.conftest import Build, Tower, until
from tests.ui.watchtower.logs.test_page import logs, shown

OnLoop = Callable[[Coroutine[Any, Any, Any]], Any]
HOSTILE = (
    "\x1b[31mred\x1b[0m \x1b[1;32mbold green\x1b[0m \x1b[43;30m black on yellow \x1b[0m \x1b[38;5;208morange\x1b[0m \x1b[7minverse",
    "nul \x00 bell \x07 esc \x1b cr \r csi \x9b bidi \u202egnp.exe\u202c",
    "tab\tone\ttwo\tthree",
    "x" * 1_000_000,
    '{"event": "delivered", "count": 12, "at": {"room": "hall"}}',
)


def fill(t: Tower) -> None:
    for n in range(300):
        level = (10, 20, 20, 20, 30, 20, 40)[n % 7]
        source, name = (("program", "house.alexos.outbox"), ("agent", "camera-7"), ("http", "access"))[n % 3]
        t.bench.say(f"refused {n}: the door of the hall is open", level=level, name=name, source=source)  # type: ignore[arg-type]
    t.bench.say("failed\nTraceback (most recent call last):\n  File x\nKeyError: 'x'", level=40)
    t.bench.say(*(f"heartbeat {n}" for n in range(30)))


def files(folder: Path) -> list[Path]:
    """One with times and levels that came in storms, one without either."""
    timed, plain = folder / "file.log", folder / "file-untimed.log"
    levels = ("INFO", "INFO", "INFO", "DEBUG", "WARNING", "INFO", "ERROR")
    at = 0.0
    with timed.open("w") as out:
        for n in range(20_000):
            at += 0.2 if n % 5000 < 3000 else 1.5
            moment = datetime.fromtimestamp(1.77e9 + at, UTC).isoformat(timespec="milliseconds")
            out.write(f"{moment} {levels[n % 7]} house.outbox: delivered {n} events to the registry\n")
    plain.write_text("".join(f"a line {n} of a program that tells no time\n" for n in range(20_000)))
    return [timed, plain]


def reads(page: LogsPage, name: str) -> bool:
    return page.reading.document.title == name and page.reading.document.read == 1


@pytest.mark.screens
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("name", "width", "height"), [("800", 720, 452), ("1280", 1200, 772)])
def test_screens(
    tower: Build,
    on_loop: OnLoop,
    theme_source: ThemeSource,
    shoot: Any,
    tmp_path: Path,
    *,
    theme: Any,
    name: str,
    width: int,
    height: int,
) -> None:
    async def work() -> None:
        theme_source.select(theme)
        async with tower(width, height) as t:
            t.view.show_page("logs")
            page = logs(t)

            async def picture(what: str) -> None:
                await asyncio.sleep(0.4)
                image = QImage(str(shoot(t.view, f"logs-{what}-{name}-{theme}")))
                assert (image.width(), image.height()) == (width, height)

            await picture("empty")
            fill(t)
            await until(lambda: len(shown(t)) > 5)
            await picture("load")
            page.bar.set_state(replace(page.bar.state, fold="numbers"))
            await until(lambda: any(row.repeats for row in shown(t)))
            await picture("folded")
            page.bar.set_state(replace(page.bar.state, fold="none"))
            page.parts.finder.take_focus()
            page.parts.finder.field.setText("door")
            await until(lambda: page.parts.finder.count_text == "300 hits")
            page.finding.go(-1)
            await picture("hits")
            page.asides.around(200)
            await picture("around")
            page.asides.back()
            page._end_search()
            t.bench.say(*HOSTILE)
            page.view.to_end()
            await picture("hostile")
            page.toggle_wrap()
            await picture("wrapped")
            page.toggle_wrap()
            page.set_filter("/(/")
            await picture("bad-filter")
            page.set_filter("nothing like it")
            await picture("nothing")
            page.set_filter("")
            t.bench.open_real = open_log_file
            for path in files(tmp_path):
                t.view.present({"page": "logs", "file": str(path)})
                await until(partial(reads, page, path.name))
                await picture(path.stem)
            for bar in (page.parts.chosen, page.bar):
                assert not bar.isVisible() or page.rect().contains(bar.geometry().center())

    on_loop(work())
