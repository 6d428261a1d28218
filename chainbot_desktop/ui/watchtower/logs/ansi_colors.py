"""Terminal colours as the theme can show them: what a program chose for a black screen must be readable on a white one."""

from __future__ import annotations

from PySide6.QtGui import QColor

from chainbot_desktop.ui.theme import Theme
from chainbot_desktop.ui.watchtower.logs.line_text import RGB, Style

_TOKENS = ("faint", "failed", "done", "needs_input", "working", "waiting", "accent", "dim")
_BRIGHT = ("dim", "failed", "done", "needs_input", "working", "waiting", "accent", "text")
_LEAST_CONTRAST = 4.5
_CUBE = (0, 95, 135, 175, 215, 255)


class AnsiColors:
    """Of one theme. `ink` and `ground` of a style; a ground of None is that of the row."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._known: dict[Style, tuple[QColor, QColor | None]] = {}

    def of(self, style: Style) -> tuple[QColor, QColor | None]:
        found = self._known.get(style)
        if found is None:
            if len(self._known) > 2000:
                self._known.clear()
            found = self._known[style] = self._resolve(style)
        return found

    def _resolve(self, style: Style) -> tuple[QColor, QColor | None]:
        ink = self._theme.color("text") if style.ink is None else self._color(style.ink)
        ground = None if style.ground is None else self._color(style.ground)
        if style.inverse:
            ink, ground = ground or self._theme.color("ground"), ink
        if style.dim:
            ink = self._theme.color("dim") if style.ink is None else _mixed(ink, self._theme.color("ground"), 0.3)
        return readable_on(ground or self._theme.color("ground"), ink), ground

    def _color(self, code: int) -> QColor:
        if code & RGB:
            return QColor(code >> 16 & 255, code >> 8 & 255, code & 255)
        if code < 16:
            return self._theme.color((_TOKENS if code < 8 else _BRIGHT)[code % 8])
        if code < 232:
            cube = code - 16
            return QColor(_CUBE[cube // 36], _CUBE[cube // 6 % 6], _CUBE[cube % 6])
        grey = 8 + 10 * (code - 232)
        return QColor(grey, grey, grey)


def readable_on(ground: QColor, ink: QColor) -> QColor:
    """`ink`, made lighter or darker until it can be read (contrast 4.5 by WCAG 2)."""
    target = QColor("white") if luminance(ground) < 0.18 else QColor("black")
    shown = ink
    for step in range(1, 11):
        if contrast(ground, shown) >= _LEAST_CONTRAST:
            break
        shown = _mixed(ink, target, step / 10)
    return shown


def contrast(one: QColor, other: QColor) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: QColor) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    red, green, blue = (_linear(part) for part in (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _mixed(one: QColor, other: QColor, share: float) -> QColor:
    pairs = ((one.redF(), other.redF()), (one.greenF(), other.greenF()), (one.blueF(), other.blueF()))
    return QColor.fromRgbF(*(a * (1 - share) + b * share for a, b in pairs))
