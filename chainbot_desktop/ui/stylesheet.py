"""The theme as style sheets: one for Qt's widgets (told apart by their `kind` property), one for rich text. Pure text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainbot_desktop.ui.theme import Theme


def widget_stylesheet(theme: Theme) -> str:
    """Colours come from tokens, lengths from `px`, so that it follows theme, text size and screen."""
    c = {token: value for token, value in theme.colors.items() if "." not in token}
    t = {
        "accent_tint": theme.tint("accent", 0.22).name(),
        "danger_tint": theme.tint("failed", 0.1, "ground").name(),
        "accent_down": theme.tint("accent", 0.8, "ground").name(),
        "notice": theme.tint("needs_input", 0.14).name(),
        "alarm": theme.tint("failed", 0.16).name(),
        "hover": theme.tint("text", 0.06, "surface2").name(),
    }
    n = {f"p{value}": f"{theme.px(value)}px" for value in (1, 2, 4, 6, 7, 8, 10, 12, 16, 24, 32, 38, 40, 46, 48, 56)}
    n["ring"] = f"{max(2, theme.px(2))}px"
    f = {
        "body": f"{theme.font('body').pixelSize()}px",
        "small": f"{theme.font('small').pixelSize()}px",
        "label": f"{theme.font('label').pixelSize()}px",
        "title": f"{theme.font('title').pixelSize()}px",
    }
    rules = "".join((_GROUND, _BUTTONS, _FIELDS, _LISTS, _SCROLLING, _OVERLAYS))
    values = {**c, **t, **n, **f}
    return re.sub(r"@(\w+)", lambda match: values[match[1]], rules)


_GROUND = """
QWidget { color: @text; }
QWidget[ground="window"] { background: @ground; }
QWidget[ground="panel"] { background: @surface1; }
QLabel { background: transparent; }
QLabel[role="dim"] { color: @dim; }
QLabel[role="title"] { font-size: @title; font-weight: 600; }
QLabel[role="small"] { font-size: @small; color: @dim; }
QLabel[role="label"] { font-size: @label; color: @dim; }
QFrame[kind="card"] { background: @surface1; border: 1px solid @line; border-radius: @p12; }
QFrame[kind="header"] { background: @ground; border: none; border-bottom: 1px solid @line; }
QFrame[kind="line"] { background: @line; border: none; }
QToolTip { background: @surface3; color: @text; border: 1px solid @line; padding: @p6; font-size: @small; }
QSplitter::handle { background: @line; }
"""

_BUTTONS = """
QPushButton { background: @surface2; color: @text; border: 1px solid @line; border-radius: @p10; padding: 0px @p16;
  min-height: @p46; font-weight: 500; }
QFrame[kind="header"] QPushButton { margin: @p4 0px; min-height: @p38; }
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @surface3; }
QPushButton:disabled { color: @faint; background: @surface1; }
QPushButton:focus { border: @ring solid @accent; }
QPushButton[kind="primary"] { background: @accent; color: @on_accent; border-color: @accent; font-weight: 600; }
QPushButton[kind="primary"]:pressed { background: @accent_down; }
QPushButton[kind="primary"]:focus { border: @ring solid @text; }
QPushButton[kind="primary"]:disabled { background: @surface2; color: @faint; border-color: @line; }
QPushButton[kind="quiet"], QToolButton { background: transparent; border: 1px solid transparent; }
QPushButton[kind="quiet"]:hover, QToolButton:hover { background: @hover; }
QPushButton[kind="quiet"]:pressed, QToolButton:pressed { background: @surface3; }
QPushButton[kind="quiet"]:focus, QToolButton:focus { border: @ring solid @accent; }
QPushButton[kind="danger"] { background: @danger_tint; color: @failed; border-color: @failed; }
QPushButton[kind="danger"]:focus { border: @ring solid @text; }
QPushButton[kind="chip"], QFrame[kind="header"] QPushButton[kind="chip"] { border-radius: @p16; padding: 0px @p12;
  margin: @p7 0px; min-height: @p32; font-size: @small; color: @text; }
QPushButton[kind="chip"]:checked { background: @accent_tint; border-color: @accent; }
QPushButton[kind="chip"]:focus { border: @ring solid @accent; }
QPushButton[kind="row"] { background: transparent; border: none; border-radius: @p8; text-align: left; min-height: @p56;
  padding: 0px @p12; font-weight: 400; }
QPushButton[kind="row"]:hover { background: @hover; }
QPushButton[kind="row"]:pressed { background: @surface3; }
QPushButton[kind="row"]:focus { border: @ring solid @accent; }
QToolButton { border-radius: @p10; padding: 0px; }
QToolButton:checked { background: @accent_tint; border-color: @accent; }
QCheckBox, QRadioButton { min-height: @p48; spacing: @p10; background: transparent; }
QCheckBox::indicator, QRadioButton::indicator { width: @p24; height: @p24; border: 1px solid @dim; background: @surface1; }
QCheckBox::indicator { border-radius: @p6; }
QRadioButton::indicator { border-radius: @p12; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked { background: @accent; border-color: @accent; }
QCheckBox:focus, QRadioButton:focus { border: @ring solid @accent; border-radius: @p8; }
"""

_FIELDS = """
QLineEdit, QComboBox, QSpinBox, QDateTimeEdit { background: @surface1; border: 1px solid @line; border-radius: @p10;
  padding: 0px @p12; min-height: @p46; selection-background-color: @accent; selection-color: @on_accent; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QTextEdit:focus, QPlainTextEdit:focus { border: @ring solid @accent; }
SearchField { padding: 0px @p6; }
QLineEdit:disabled { color: @faint; }
QTextEdit, QPlainTextEdit { background: @surface1; border: 1px solid @line; border-radius: @p10; padding: @p8;
  selection-background-color: @accent; selection-color: @on_accent; }
QTextBrowser { background: transparent; border: none; padding: 0px; }
QTextBrowser:focus { border: none; }
QComboBox::drop-down { border: none; width: @p40; }
QComboBox QAbstractItemView { background: @surface2; border: 1px solid @line; outline: none; }
QComboBox QAbstractItemView::item { min-height: @p48; padding: 0px @p12; }
QProgressBar { background: @surface2; border: none; border-radius: @p4; max-height: @p8; min-height: @p8; color: transparent; }
QProgressBar::chunk { background: @accent; border-radius: @p4; }
QSlider::groove:horizontal { height: @p4; background: @surface3; border-radius: @p2; }
QSlider::handle:horizontal { width: @p24; height: @p24; margin: -@p10 0px; border-radius: @p12; background: @accent; }
QSlider { min-height: @p48; }
"""

_LISTS = """
QAbstractItemView { background: @ground; border: none; outline: none; selection-background-color: @accent_tint;
  selection-color: @text; alternate-background-color: @surface1; }
QAbstractItemView::item { padding: @p4 @p8; border: @ring solid transparent; }
QListView::item { min-height: @p48; }
QAbstractItemView::item:hover { background: @hover; }
QAbstractItemView::item:selected { background: @accent_tint; color: @text; }
QAbstractItemView::item:focus { border: @ring solid @accent; border-radius: @p6; }
QListView:focus, QTreeView:focus, QTableView:focus { border: none; }
QTreeView::item { min-height: @p40; }
QHeaderView { background: @ground; border: none; }
QHeaderView::section { background: @ground; color: @dim; border: none; border-bottom: 1px solid @line;
  padding: @p6 @p8; font-size: @small; }
QTableView { gridline-color: @line; }
QTableCornerButton::section { background: @ground; border: none; }
QTabWidget::pane { border: none; border-top: 1px solid @line; }
QTabBar { background: transparent; border: none; }
QTabBar::tab { background: transparent; color: @dim; min-height: @p48; padding: 0px @p16; border: none;
  border-bottom: @ring solid transparent; }
QTabBar::tab:selected { color: @text; border-bottom: @ring solid @accent; }
QTabBar::tab:hover { color: @text; }
QTabBar:focus { border: none; }
QTabBar::tab:selected:focus { background: @accent_tint; }
"""

_SCROLLING = """
QScrollArea, QGraphicsView { background: transparent; border: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar { background: transparent; border: none; margin: 0px; }
QScrollBar:vertical { width: @p10; }
QScrollBar:horizontal { height: @p10; }
QScrollBar::handle { background: @line; border-radius: @p4; margin: @p2; }
QScrollBar::handle:vertical { min-height: @p40; }
QScrollBar::handle:horizontal { min-width: @p40; }
QScrollBar::handle:hover, QScrollBar::handle:pressed { background: @faint; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: transparent; border: none;
  width: 0px; height: 0px; }
"""

_OVERLAYS = """
QFrame[kind="sheet"] { background: @surface1; border: 1px solid @line; border-radius: @p12; }
QFrame[kind="request"] { background: @surface1; border: @ring solid @needs_input; border-radius: @p12; }
QFrame[kind="notice"] { background: @notice; border: none; border-top: 1px solid @needs_input; }
QFrame[kind="alarm"] { background: @alarm; border: none; border-top: 1px solid @failed; }
QFrame[kind="sheet"] QAbstractItemView { background: transparent; }
QFrame[kind="menu"] { background: @surface2; border: 1px solid @line; border-radius: @p12; }
QMenu { background: @surface2; border: 1px solid @line; border-radius: @p10; padding: @p6; }
QMenu::item { min-height: @p40; padding: @p4 @p16; border-radius: @p6; }
QMenu::item:selected { background: @surface3; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: @p6 @p8; }
"""


def html_stylesheet(theme: Theme) -> str:
    """Qt's rich text knows a part of CSS 2.1: no radius, no rem, padding in table cells only."""
    c = theme.colors
    mono = f"font-family: '{theme.font('mono').family()}'; font-size: {theme.font('mono').pixelSize()}px"
    return f"""
body {{ color: {c["text"]}; }}
a {{ color: {c["accent"]}; text-decoration: underline; }}
h1 {{ font-size: {round(theme.font("title").pixelSize() * 1.3)}px; font-weight: 600; }}
h2 {{ font-size: {round(theme.font("title").pixelSize() * 1.1)}px; font-weight: 600; }}
h3, h4, h5, h6 {{ font-size: {theme.font("body").pixelSize()}px; font-weight: 600; }}
code {{ {mono}; background-color: {c["surface2"]}; }}
pre {{ {mono}; background-color: {c["surface1"]}; white-space: pre-wrap; }}
blockquote {{ color: {c["dim"]}; margin-left: {theme.px(12)}px; }}
th {{ background-color: {c["surface2"]}; padding: {theme.px(4)}px; font-weight: 600; }}
td {{ padding: {theme.px(4)}px; }}
hr {{ background-color: {c["line"]}; }}
.dim {{ color: {c["dim"]}; }}
"""
