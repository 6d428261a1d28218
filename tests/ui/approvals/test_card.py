"""The approval card: what it shows, what answers, what does not, and where it lies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from shiboken6 import isValid

from chainbot_desktop.agents.approvals.request import ApprovalDraft
from chainbot_desktop.ui.approvals.words import PIECE, expiry, shown_detail
from chainbot_desktop.ui.shell.stage import PopOut
from chainbot_desktop.ui.widgets import Sheet
from tests.ui.acting import act, press, tap, until
from tests.ui.approvals.conftest import COMMAND, Asking
from tests.ui.approvals.test_screens import DIFF, HOSTILE, QUESTION
from tests.ui.finding import find, focused
from tests.ui.shell.conftest import Touch

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
Finger = Callable[[QWidget], Touch]


def words(asking: Asking) -> str:
    return "\n".join(label.text() for label in asking.card.findChildren(QLabel) if label.isVisible())


def answered(asking: Asking, approval_id: str) -> tuple[str, str, str]:
    asking.wait(lambda: all(row.id != approval_id for row in asking.feed.rows))
    row = asking.row(approval_id)
    return row.state, row.answer, row.decided_by


def test_it_says_everything_that_matters(asking: Asking) -> None:
    asking.ask(expires_in=3_725)
    asking.ready()
    shown = words(asking)
    for part in ("Coder wants to", "assistant", "run_command", "Run a command in chainbot", "The branch was rebased",
                 "the remote origin, /home/me/chainbot/.git", "Not sandboxed", "Expires in 1 h 2 min", "git push *"):  # fmt: skip
        assert part in shown
    assert asking.card.detail.toPlainText() == "git push --force origin main"
    assert asking.woken == [None], "the screen is lit"


@pytest.mark.parametrize(("button", "state"), [("approve", "approved"), ("approve_run", "approved_run")])
def test_a_finger_approves(asking: Asking, touch: Finger, button: str, state: str) -> None:
    asked = asking.ask()
    asking.ready()
    target = getattr(asking.card.foot, button)
    finger = touch(target)
    act(asking.run, lambda: finger.press(target.rect().center()), lambda: finger.release(target.rect().center()))
    assert answered(asking, asked) == (state, "", "device:panel")
    asking.wait(lambda: not asking.card.isVisible())


def test_denying_takes_a_reason_or_none(asking: Asking) -> None:
    first, second = asking.ask(), asking.ask(name="Tests")
    asking.ready()
    tap(asking.run, asking.card.foot.deny)
    asking.ready()
    QTest.keyClicks(asking.card.foot.reason, "use --force-with-lease")
    press(asking.run, asking.card.foot.reason, Qt.Key.Key_Return)
    assert answered(asking, first) == ("denied", "use --force-with-lease", "device:panel")
    asking.wait(lambda: "Tests wants to" in words(asking))
    asking.ready()
    tap(asking.run, asking.card.foot.deny)
    asking.ready()
    tap(asking.run, asking.card.foot.deny_now)
    assert answered(asking, second) == ("denied", "", "device:panel")


def test_what_was_aimed_at_something_else_answers_nothing(asking: Asking, touch: Finger) -> None:
    asked = asking.ask()
    button = asking.card.foot.approve
    assert asking.card.isVisible()
    tap(asking.run, button)
    finger = touch(button)
    act(asking.run, lambda: finger.press(button.rect().center()), lambda: finger.release(button.rect().center()))
    asking.settle()
    assert asking.row(asked).state == "pending"
    asking.ready()
    other = asking.ask(name="Tests")
    asking.run(asking.desk.decide(asked, asking.row(asked).nonce, "deny", actor="user:me"))
    asking.presenter._outcome.setInterval(1)
    asking.wait(lambda: asking.card.row is not None and asking.card.row.id == other)
    assert asking.card.foot.guarded, "another request lies there now"


def test_typing_goes_on_where_it_was_and_enter_approves_nothing(asking: Asking) -> None:
    field = asking.panel.built["agent-map"].field
    field.setFocus()
    asked = asking.ask()
    asking.ready()
    assert focused() is field
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        press(asking.run, focused(), key)
    press(asking.run, focused(), Qt.Key.Key_A, CTRL | SHIFT)
    assert asking.card.isAncestorOf(focused())
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        press(asking.run, focused(), key)
    asking.settle()
    assert asking.row(asked).state == "pending"


@pytest.mark.parametrize(
    ("key", "held", "state"),
    [
        (Qt.Key.Key_Return, CTRL, "approved"),
        (Qt.Key.Key_Return, CTRL | SHIFT, "approved_run"),
        (Qt.Key.Key_Backspace, CTRL, "denied"),
    ],
)
def test_everything_has_a_key(asking: Asking, key: Qt.Key, held: Qt.KeyboardModifier, state: str) -> None:
    asked = asking.ask()
    asking.ready()
    press(asking.run, focused(), Qt.Key.Key_A, CTRL | SHIFT)
    press(asking.run, focused(), key, held)
    if state == "denied":
        asking.ready()
        press(asking.run, focused(), Qt.Key.Key_Return)
    assert answered(asking, asked)[0] == state


def test_f1_lists_the_keys(asking: Asking) -> None:
    asking.panel.window.open_keys()
    shown = {label.text() for label in find(asking.panel.window, Sheet).findChildren(QLabel)}
    assert {"Ctrl+Shift+A", "Ctrl+Return", "Ctrl+Shift+Esc"} <= shown


def test_a_question_needs_an_answer(asking: Asking) -> None:
    asked = asking.ask(QUESTION)
    asking.ready()
    foot = asking.card.foot
    assert "Coder asks" in words(asking)
    assert not foot.approve.isEnabled()
    assert not foot.approve_run.isVisible()
    press(asking.run, focused(), Qt.Key.Key_A, CTRL | SHIFT)
    assert focused() is foot.answer
    QTest.keyClicks(foot.answer, "the notes")
    press(asking.run, foot.answer, Qt.Key.Key_Return)
    assert asking.row(asked).state == "pending", "Enter writes a line"
    press(asking.run, foot.answer, Qt.Key.Key_Return, CTRL)
    assert answered(asking, asked) == ("approved", "the notes", "device:panel")


def test_answered_elsewhere_says_by_whom_and_goes(asking: Asking) -> None:
    asked = asking.ask()
    asking.ready()
    asking.run(asking.desk.decide(asked, asking.row(asked).nonce, "deny", answer="not today", actor="user:anna"))
    asking.wait(lambda: "Denied by anna: not today" in words(asking))
    assert not asking.card.foot.approve.isVisible()
    asking.presenter._outcome.start(1)
    asking.wait(lambda: not asking.card.isVisible())


def test_who_is_too_late_hears_who_was_first(asking: Asking) -> None:
    asked = asking.ask()
    asking.ready()
    row = asking.row(asked)

    async def both() -> None:
        await asking.desk.decide(asked, row.nonce, "approve", actor="user:anna")
        asking.card.foot.deny_now.clicked.emit()

    asking.run(both())
    asking.wait(lambda: "Approved by anna" in words(asking))
    assert asking.row(asked).state == "approved"


def test_who_answers_while_another_does_hears_who_was_first(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asking.ask()
    asking.ready()
    row = asking.row(asked)
    seen = asyncio.Event()
    decide = asking.desk.decide

    async def slow(*given: Any, **more: Any) -> None:
        if more["actor"] != "user:anna":
            await seen.wait()  # the answer of this panel is under way while the other one is heard of
        await decide(*given, **more)

    async def both() -> None:
        monkeypatch.setattr(asking.desk, "decide", slow)
        asking.card.foot.deny_now.clicked.emit()
        await asyncio.sleep(0)
        await decide(asked, row.nonce, "approve", actor="user:anna")
        await until(lambda: not asking.feed.rows)
        seen.set()

    asking.run(both())
    asking.wait(lambda: "Approved by anna" in words(asking))
    assert asking.row(asked).state == "approved"


def test_several_are_counted_and_stepped_through(asking: Asking) -> None:
    for name in ("Coder", "Tests", "Ada"):
        asking.ask(name=name)
    asking.ready()
    assert "1 of 3" in words(asking)
    assert "Coder wants to" in words(asking)
    tap(asking.run, asking.card.after)
    assert "2 of 3" in words(asking)
    assert "Tests wants to" in words(asking)
    tap(asking.run, asking.card.before)
    tap(asking.run, asking.card.before)
    assert "3 of 3" in words(asking)
    assert "Ada wants to" in words(asking)


def test_agents_words_are_plain_and_their_tricks_are_seen(asking: Asking) -> None:
    asking.ask(name="<b>Boss</b>\u202e", title="\u202eevil", detail=HOSTILE, why="<img src=x>", touches=("a\nb",))
    asking.ready()
    for label in asking.card.findChildren(QLabel):
        assert label.pixmap().isNull() is False or label.textFormat() == Qt.TextFormat.PlainText
        assert "\u202e" not in label.text()
    shown = words(asking)
    assert "<b>Boss</b>\\u202e wants to" in shown
    assert "a\\nb" in shown
    detail = asking.card.detail.toPlainText()
    assert "\\u202egnp.exe\\x1b[2K\\rrm -rf ~ \\u200b<b onclick=x>bold</b>" in detail


def test_nothing_of_a_long_detail_is_left_out(asking: Asking) -> None:
    line = "x" * (PIECE * 2 + 7)
    assert shown_detail(line).count("x") == len(line)
    asking.ask(detail=DIFF, detail_kind="diff")
    asking.ready()
    assert asking.card.detail.toPlainText() == DIFF
    before = asking.card.detail.height()
    tap(asking.run, asking.card.foot.open)
    asking.wait(lambda: asking.card.detail.height() > before)
    bar = asking.card.detail.verticalScrollBar()
    assert bar.maximum() > 0
    asking.ready()
    tap(asking.run, asking.card.foot.open)
    assert asking.opened == ["a1"], "then the agent is shown"


def test_open_shows_the_agent_and_a_bar_brings_the_card_back(asking: Asking) -> None:
    asked = asking.ask()
    asking.ready()
    tap(asking.run, asking.card.foot.open)
    assert asking.opened == ["a1"]
    assert not asking.card.isVisible()
    assert asking.presenter.strip.isVisible()
    assert asking.presenter.strip.text == "Coder waits for your answer."
    tap(asking.run, asking.presenter.strip.answer)
    assert asking.card.isVisible()
    assert not asking.presenter.strip.isVisible()
    press(asking.run, focused(), Qt.Key.Key_Escape)
    assert not asking.card.isVisible()
    assert asking.row(asked).state == "pending"
    asking.ask(name="Tests")
    assert asking.card.isVisible(), "a new one comes forward"


def test_it_lies_over_sheets_and_leaves_stop_free(asking: Asking) -> None:
    window = asking.panel.window
    asking.ask()
    asking.ready()
    window.open_settings()
    QApplication.processEvents()
    approve = asking.card.foot.approve
    at = approve.mapTo(window, approve.rect().center())
    assert window.childAt(at) is approve
    stop = window.rail.stop_button
    assert window.childAt(stop.mapTo(window, stop.rect().center())) is stop
    tap(asking.run, approve)
    asking.wait(lambda: not asking.feed.rows)


def test_it_goes_to_the_window_in_use_and_survives_its_end(asking: Asking) -> None:
    window = asking.panel.window
    window.pop_out("agent-map")
    top = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, PopOut))
    top.activateWindow()
    asking.wait(lambda: QApplication.activeWindow() is top)
    asked = asking.ask()
    asking.ready()
    asking.wait(lambda: asking.card.window() is top)
    act(asking.run, top.close)
    asking.wait(lambda: not isValid(top))
    asking.wait(lambda: asking.card.isVisible() and asking.card.window() is window)
    asking.ready()
    tap(asking.run, asking.card.foot.approve)
    assert answered(asking, asked)[0] == "approved"


@pytest.mark.parametrize("size", [(800, 480), (480, 800), (1280, 800)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("text", ["normal", "largest"])
def test_every_button_can_be_hit(asking: Asking, size: tuple[int, int], text: str) -> None:
    asking.panel.themes.set_text_size(text)
    asking.panel.size(*size)
    drafts = (
        COMMAND,
        QUESTION,
        ApprovalDraft("d", "write_file", "Change " + "a" * 400, DIFF, "diff", "why " * 400, ("x" * 90,) * 9),
    )
    for draft in drafts:
        asking.ask(draft)
    asking.ready()
    for _ in drafts:
        QApplication.processEvents()
        foot = asking.card.foot
        shown = [b for b in (foot.deny, foot.open, foot.approve_run, foot.approve) if b.isVisible()]
        boxes = [b.rect().translated(b.mapTo(asking.card, QPoint(0, 0))) for b in shown]
        for box in boxes:
            assert asking.card.rect().contains(box)
            assert box.height() >= 48
        deny = boxes[0]
        for box in boxes[1:]:
            assert not deny.adjusted(-8, -7, 8, 7).intersects(box), "8 px from what destroys"
        assert asking.panel.window.stage.height() >= asking.card.height()
        act(asking.run, lambda: asking.presenter._step(1))
    asking.panel.themes.set_text_size("normal")


def test_when_it_is_too_late() -> None:
    from datetime import UTC, datetime, timedelta

    from chainbot_desktop.core.ids import format_time
    from tests.ui.approvals.rows import row

    now = datetime.now(UTC)
    for seconds, said in (
        (None, ""),
        (-5, "Expires now"),
        (42, "Expires in 42 s"),
        (125, "Expires in 2 min 5 s"),
        (7300, "2 h 1 min"),
    ):
        at = format_time(now + timedelta(seconds=seconds + 0.5)) if seconds is not None else None
        assert said in expiry(row(expires_at=at), now)


@pytest.mark.parametrize("detail", ["x" * 1_000_000, "a line of a diff\n" * 60_000], ids=["one line", "many lines"])
def test_a_megabyte_does_not_hold_up_the_panel(asking: Asking, detail: str) -> None:
    asking.ask(detail=detail, detail_kind="diff")
    asking.ready()
    began = time.perf_counter()
    act(asking.run, lambda: asking.card.show_request(asking.feed.rows[0], ""), QApplication.processEvents)
    assert time.perf_counter() - began < 5
    assert asking.card.height() <= asking.panel.window.stage.height()
    end = asking.card.detail.verticalScrollBar()
    end.setValue(end.maximum())
    assert asking.card.detail.toPlainText().endswith(detail[-10:])
