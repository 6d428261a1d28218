"""The one look: colours, type, spacing and icons for widgets, the editor, the graph scene and HTML alike.

Imports PySide6 alone (QtSvg only when the first icon is drawn): it is needed before the first paint.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap, QScreen
from PySide6.QtWidgets import QApplication

from chainbot_desktop.core.resources import resource_path
from chainbot_desktop.ui.stylesheet import html_stylesheet, widget_stylesheet

ThemeName = Literal["dark", "light"]
ThemeChoice = Literal["auto", "dark", "light"]
FontRole = Literal["body", "strong", "small", "title", "label", "mono", "mono_small", "number"]

TEXT_SIZES: Mapping[str, float] = {"smaller": 0.9, "normal": 1.0, "larger": 1.15, "large": 1.3, "largest": 1.5}
SMALLEST_TEXT = 12
TEXT_FAMILY, CODE_FAMILY = "Inter", "JetBrains Mono"

_ROLES: Mapping[str, tuple[int, QFont.Weight, bool]] = {
    "body": (15, QFont.Weight.Normal, False),
    "strong": (15, QFont.Weight.DemiBold, False),
    "small": (13, QFont.Weight.Normal, False),
    "title": (17, QFont.Weight.DemiBold, False),
    "label": (12, QFont.Weight.Medium, False),
    "mono": (13, QFont.Weight.Normal, True),
    "mono_small": (12, QFont.Weight.Normal, True),
    "number": (15, QFont.Weight.DemiBold, False),
}


@dataclass(frozen=True)
class Theme:
    """One state of the look. Immutable: a change of theme, text size or screen is a new one (`ThemeSource.changed`)."""

    name: ThemeName
    colors: Mapping[str, str]
    text_scale: float = 1.0
    screen_scale: float = 1.0
    _pixmaps: dict[tuple[str, str, int], QPixmap] = field(default_factory=dict, repr=False, compare=False)

    def color(self, token: str, alpha: float = 1.0) -> QColor:
        """Raises KeyError for a token that the theme's file does not have."""
        color = QColor(self.colors[token])
        color.setAlphaF(alpha)
        return color

    def tint(self, token: str, amount: float = 0.18, over: str = "surface1") -> QColor:
        """The opaque colour that `amount` of `token` makes over another: the ground of selected and severe things."""
        top, ground = QColor(self.colors[token]), QColor(self.colors[over])
        mixed = [round(t * amount + g * (1 - amount)) for t, g in zip(_rgb(top), _rgb(ground), strict=True)]
        return QColor(*mixed)

    def px(self, n: float) -> int:
        """A length in pixels on this screen; grows half as fast as the text, so that larger text still fits its box."""
        return max(1, round(n * self.screen_scale * (1 + (self.text_scale - 1) / 2)))

    def font(self, role: FontRole = "body") -> QFont:
        size, weight, mono = _ROLES[role]
        font = QFont(CODE_FAMILY if mono else TEXT_FAMILY)
        font.setPixelSize(max(round(SMALLEST_TEXT * self.screen_scale), round(size * self.text_scale * self.screen_scale)))
        font.setWeight(weight)
        if mono:
            _load_fonts(rest=True)
            font.setStyleHint(QFont.StyleHint.Monospace)
        if role == "number":
            font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def icon(self, name: str, token: str = "text", size: int = 24) -> QIcon:
        """An icon of `resources/icons` in the colour of a token, dimmed when its button is disabled."""
        icon = QIcon(self.pixmap(name, token, size))
        icon.addPixmap(self.pixmap(name, "faint", size), QIcon.Mode.Disabled)
        return icon

    def pixmap(self, name: str, token: str = "text", size: int = 24) -> QPixmap:
        """`size` is in unscaled pixels. Raises FileNotFoundError when there is no such icon."""
        key = (name, token, size)
        if key not in self._pixmaps:
            self._pixmaps[key] = self._draw_icon(name, token, self.px(size))
        return self._pixmaps[key]

    def _draw_icon(self, name: str, token: str, side: int) -> QPixmap:
        from PySide6.QtSvg import QSvgRenderer

        svg = resource_path("icons", f"{name}.svg").read_bytes()
        svg = svg.replace(b"currentColor", self.color(token).name().encode())
        ratio = QGuiApplication.instance().devicePixelRatio()  # type: ignore[union-attr]  # drawing needs an application
        pixmap = QPixmap(QSize(side, side) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        QSvgRenderer(QByteArray(svg)).render(painter, QRectF(0, 0, side, side))
        painter.end()
        return pixmap

    def stylesheet(self) -> str:
        """For every standard widget of the program; `ThemeSource.apply_to` sets it."""
        return widget_stylesheet(self)

    def html_css(self) -> str:
        """For QTextDocument.setDefaultStyleSheet: messages, details and the like."""
        _load_fonts(rest=True)
        return html_stylesheet(self)

    def palette(self) -> QPalette:
        palette = QPalette()
        role = QPalette.ColorRole
        for group_role, token in (
            (role.Window, "ground"), (role.Base, "surface1"), (role.AlternateBase, "surface2"), (role.Button, "surface2"),
            (role.WindowText, "text"), (role.Text, "text"), (role.ButtonText, "text"), (role.ToolTipBase, "surface3"),
            (role.ToolTipText, "text"), (role.PlaceholderText, "dim"), (role.Highlight, "accent"), (role.Accent, "accent"),
            (role.HighlightedText, "on_accent"), (role.Link, "accent"), (role.LinkVisited, "accent"),
            (role.Light, "surface3"), (role.Midlight, "surface2"), (role.Mid, "line"), (role.Dark, "line"),
            (role.Shadow, "ground"),
        ):  # fmt: skip
            palette.setColor(group_role, self.color(token))
        for text_role in (role.WindowText, role.Text, role.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, text_role, self.color("faint"))
        return palette


class ThemeSource(QObject):
    """Holds the current theme and says when it changed. Needs a QApplication."""

    changed = Signal(object)
    """The new `Theme`."""

    def __init__(self, parent: QObject | None = None, screen: QScreen | None = None) -> None:
        super().__init__(parent)
        self._choice: ThemeChoice = "auto"
        self._text_size = "normal"
        _load_fonts(rest=False)
        self._screen_scale = screen_scale(screen or QGuiApplication.primaryScreen())
        self._app: QApplication | None = None
        self._colors: dict[str, dict[str, str]] = {}
        self._current = self._make()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_color_scheme_changed)

    @property
    def current(self) -> Theme:
        return self._current

    @property
    def choice(self) -> ThemeChoice:
        return self._choice

    @property
    def text_size(self) -> str:
        return self._text_size

    def select(self, choice: ThemeChoice) -> None:
        """ "auto" follows the desktop's day and night; without one it is dark."""
        self._choice = choice
        self._update()

    def set_text_size(self, name: str) -> None:
        """One of `TEXT_SIZES`; raises KeyError for another."""
        TEXT_SIZES[name]
        self._text_size = name
        self._update()

    def use_screen(self, screen: QScreen) -> None:
        """Follow the density of the screen that the window is on now."""
        self._screen_scale = screen_scale(screen)
        self._update()

    def apply_to(self, app: QApplication) -> None:
        """Give the application this look, now and after every change."""
        self._app = app
        app.setStyle("Fusion")
        self._dress()

    def _dress(self) -> None:
        if self._app is not None:
            self._app.setPalette(self._current.palette())
            self._app.setFont(self._current.font())
            self._app.setStyleSheet(self._current.stylesheet())

    def _update(self) -> None:
        theme = self._make()
        if theme != self._current:
            self._current = theme
            self._dress()
            self.changed.emit(theme)

    def _make(self) -> Theme:
        name = self._effective_name()
        if name not in self._colors:
            self._colors[name] = _read_colors(name)
        return Theme(name, self._colors[name], TEXT_SIZES[self._text_size], self._screen_scale)

    def _effective_name(self) -> ThemeName:
        if self._choice != "auto":
            return self._choice
        return "light" if self._desktop_scheme() == Qt.ColorScheme.Light else "dark"

    def _desktop_scheme(self) -> Qt.ColorScheme:
        return QGuiApplication.styleHints().colorScheme()

    def _on_color_scheme_changed(self) -> None:
        self._update()


def screen_scale(screen: QScreen | None) -> float:
    """How much larger than on a common screen (up to 140 logical dots an inch) things must be, in quarters, at most 2.

    A screen that reports an impossible size (many panels do) counts as common.
    """
    if screen is None:
        return 1.0
    dots, width_mm = screen.physicalDotsPerInch(), screen.physicalSize().width()
    if not (60 <= width_mm <= 2500 and 50 <= dots <= 500):
        return 1.0
    return min(2.0, max(1.0, int(dots / 140 * 4) / 4))


def _read_colors(name: str) -> dict[str, str]:
    """The theme's file as flat tokens: {"syntax": {"keyword": ...}} becomes "syntax.keyword"."""
    content = json.loads(resource_path("themes", f"{name}.json").read_text(encoding="utf-8"))
    colors: dict[str, str] = {}
    for token, value in content["colors"].items():
        if isinstance(value, dict):
            colors.update({f"{token}.{inner}": color for inner, color in value.items()})
        else:
            colors[token] = value
    return colors


_FIRST_FONTS = ("Inter-Regular.otf", "Inter-Medium.otf", "Inter-SemiBold.otf")


def _load_fonts(*, rest: bool) -> None:
    """Register the shipped fonts once an application: what the first paint needs, then the `rest`."""
    app = QGuiApplication.instance()
    if app is None:
        raise RuntimeError("ThemeSource needs a QApplication")
    done = "chainbot_rest_of_fonts" if rest else "chainbot_first_fonts"
    if app.property(done):
        return
    app.setProperty(done, True)
    for path in sorted(resource_path("fonts").iterdir()):
        wanted = path.suffix in {".otf", ".ttf"} and (path.name in _FIRST_FONTS) is not rest
        if wanted and QFontDatabase.addApplicationFont(str(path)) < 0:
            raise OSError(f"The font {path} cannot be read.")


def _rgb(color: QColor) -> tuple[int, int, int]:
    return color.red(), color.green(), color.blue()
