"""Widgets that several windows share. Import them from here; they need PySide6 and the theme alone."""

from chainbot_desktop.ui.widgets.button import Button, ButtonKind, IconButton
from chainbot_desktop.ui.widgets.card import Card
from chainbot_desktop.ui.widgets.chip import Chip
from chainbot_desktop.ui.widgets.empty_state import EmptyState
from chainbot_desktop.ui.widgets.header import Header
from chainbot_desktop.ui.widgets.kinetic import KineticArea, make_kinetic
from chainbot_desktop.ui.widgets.long_press import LongPress
from chainbot_desktop.ui.widgets.menu_sheet import MenuSheet
from chainbot_desktop.ui.widgets.overlay import Overlay
from chainbot_desktop.ui.widgets.search_field import SearchField
from chainbot_desktop.ui.widgets.sheet import Sheet

__all__ = [
    "Button",
    "ButtonKind",
    "Card",
    "Chip",
    "EmptyState",
    "Header",
    "IconButton",
    "KineticArea",
    "LongPress",
    "MenuSheet",
    "Overlay",
    "SearchField",
    "Sheet",
    "make_kinetic",
]
