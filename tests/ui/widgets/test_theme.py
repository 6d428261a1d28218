"""The look: readable in both themes, five text sizes, this screen's density, and every widget follows."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from PySide6.QtCore import QSizeF, Qt
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.ui.frames import FrameClock
from chainbot_desktop.ui.theme import SMALLEST_TEXT, TEXT_SIZES, ThemeName, ThemeSource, screen_scale
from chainbot_desktop.ui.widgets import Button, IconButton


def _contrast(one: QColor, other: QColor) -> float:
    """WCAG 2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""

    def luminance(color: QColor) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (color.redF(), color.greenF(), color.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", ["dark", "light"])
def test_text_and_states_are_readable(themes: ThemeSource, look: ThemeName) -> None:
    themes.select(look)
    theme = themes.current
    words = ("text", "dim", "accent", "working", "needs_input", "waiting", "idle", "done", "failed")
    for token, ground in product(words, ("ground", "surface1", "surface2")):
        assert _contrast(theme.color(token), theme.color(ground)) >= 4.5, (token, ground)
    assert _contrast(theme.color("on_accent"), theme.color("accent")) >= 4.5
    for token in ("needs_input", "failed"):
        assert _contrast(theme.color("on_state"), theme.color(token)) >= 4.5
    assert _contrast(theme.color("failed"), theme.tint("failed", 0.1, "ground")) >= 4.5, "the dangerous button"
    assert _contrast(theme.color("text"), theme.tint("accent", 0.22)) >= 4.5, "what is selected"
    for severity in ("info", "success", "warning", "error"):
        assert _contrast(theme.color("dim"), theme.tint(severity, 0.14)) >= 4.5, "the message bar's hint"
    assert _contrast(theme.color("accent"), theme.color("surface2")) >= 3, "the focus ring"


def test_the_shipped_fonts_are_used(themes: ThemeSource) -> None:
    assert QFontInfo(themes.current.font("body")).family() == "Inter"
    assert QFontInfo(themes.current.font("mono")).family() == "JetBrains Mono"


def test_no_text_is_smaller_than_can_be_read(themes: ThemeSource) -> None:
    for size in TEXT_SIZES:
        themes.set_text_size(size)
        for role in ("body", "small", "title", "label", "mono", "mono_small", "number"):
            assert themes.current.font(role).pixelSize() >= SMALLEST_TEXT


def test_sizes_grow_in_order(themes: ThemeSource) -> None:
    heights = []
    for size in TEXT_SIZES:
        themes.set_text_size(size)
        heights.append((themes.current.font("body").pixelSize(), themes.current.px(48)))
    assert heights == sorted(heights)
    assert len(set(heights)) == 5


def test_every_icon_can_be_drawn_in_every_theme(themes: ThemeSource) -> None:
    icons = [path.stem for path in resource_path("icons").glob("*.svg") if path.stem != "chainbot-desktop"]
    assert len(icons) > 50
    for look in ("dark", "light"):
        themes.select(look)
        for name in icons:
            image = themes.current.pixmap(name).toImage()
            inked = {image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height())}
            assert max(inked) > 100, f"{name} draws nothing"


def test_qt_understands_every_rule(themes: ThemeSource, board: QWidget, qtlog: Any) -> None:
    for look in ("light", "dark"):
        themes.select(look)
        QApplication.processEvents()
    assert not [record.message for record in qtlog.records if "style" in record.message.lower()]
    assert "@" not in themes.current.stylesheet(), "every token was filled in"


def test_a_change_of_theme_restyles_what_stands(board: QWidget, themes: ThemeSource, qtbot: QtBot) -> None:
    button, icon = Button("Save", themes, icon="save"), IconButton("close", "Close", themes)
    layout = board.layout()
    assert layout is not None
    layout.addWidget(button)
    layout.addWidget(icon)
    dark = board.grab().toImage(), icon.grab().toImage()
    with qtbot.waitSignal(themes.changed) as seen:
        themes.select("light")
    assert seen.args is not None
    assert seen.args[0] is themes.current
    assert board.grab().toImage() != dark[0]
    assert icon.grab().toImage() != dark[1]
    assert board.grab().toImage().pixelColor(2, 2) == themes.current.color("ground")
    with qtbot.assertNotEmitted(themes.changed):
        themes.select("light")


def test_auto_follows_the_desktop(themes: ThemeSource, qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    themes.select("auto")
    for scheme, name in ((Qt.ColorScheme.Light, "light"), (Qt.ColorScheme.Dark, "dark"), (Qt.ColorScheme.Unknown, "dark")):
        monkeypatch.setattr(themes, "_desktop_scheme", lambda scheme=scheme: scheme)  # offscreen there is no desktop to ask
        qapp.styleHints().colorSchemeChanged.emit(scheme)
        assert themes.current.name == name
    themes.select("light")
    qapp.styleHints().colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert themes.current.name == "light", "a choice of one's own stands"


def test_unknown_names_are_refused(themes: ThemeSource) -> None:
    with pytest.raises(KeyError):
        themes.set_text_size("huge")
    with pytest.raises(KeyError):
        themes.current.color("mauve")
    with pytest.raises(FileNotFoundError, match="nonsense"):
        themes.current.pixmap("nonsense")


class FakeScreen:
    """A screen of so many pixels and millimetres."""

    def __init__(self, width: int, millimetres: float) -> None:
        self._dots = width / (millimetres / 25.4)
        self._size = QSizeF(millimetres, millimetres / 2)

    def physicalDotsPerInch(self) -> float:  # noqa: N802 (Qt's name)
        return self._dots

    def physicalSize(self) -> QSizeF:  # noqa: N802 (Qt's name)
        return self._size


@pytest.mark.parametrize(
    ("width", "millimetres", "scale"),
    [
        (800, 154, 1.0),  # the 7 inch panel
        (1280, 155, 1.25),  # 7 inches at 1280x720
        (1920, 527, 1.0),  # a desktop monitor
        (1920, 120, 2.0),  # a very dense one
        (1280, 0.1, 1.0),  # a panel that lies
    ],
)
def test_scale_follows_the_density(width: int, millimetres: float, scale: float) -> None:
    assert screen_scale(FakeScreen(width, millimetres)) == scale  # type: ignore[arg-type]  # has what is asked of it


def test_frame_clock_runs_once_a_frame_and_never_while_hidden(board: QWidget, qtbot: QtBot) -> None:
    ran: list[str] = []
    clock = FrameClock(board)

    def draw() -> None:
        ran.append("draw")

    for _ in range(100):
        clock.request(draw)
    assert ran == []
    qtbot.waitUntil(lambda: ran == ["draw"])
    board.hide()
    clock.request(draw)
    clock.request(lambda: ran.append("first"), key="text")
    clock.request(lambda: ran.append("last"), key="text")
    QApplication.processEvents()
    assert ran == ["draw"]
    board.show()
    qtbot.waitUntil(lambda: ran == ["draw", "draw", "last"])


def test_a_dear_frame_delays_the_next(board: QWidget, qtbot: QtBot) -> None:
    clock = FrameClock(board)
    assert clock.interval_ms == 16

    def dear() -> None:
        total = 0
        for number in range(2_000_000):
            total += number

    clock.request(dear)
    qtbot.waitUntil(lambda: clock.interval_ms > 16)
    assert clock.interval_ms <= 250
