"""Where the windows stand: each is built when it is first looked at, one shows at a time, any can stand in a window of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from chainbot_desktop.ui.theme import ThemeSource
from chainbot_desktop.ui.view import OVERLAY_HOST, WindowView

Factory = Callable[[], WindowView]


@dataclass
class Slot:
    """One of the windows: how to make it, and what there is of it."""

    key: str
    label: str
    icon: str
    factory: Factory
    page: QWidget
    view: WindowView | None = None
    popped: PopOut | None = None


class PopOut(QWidget):
    """A window of its own around a view. Closing it docks the view again."""

    docked = Signal()

    def __init__(self, label: str, view: WindowView) -> None:
        super().__init__()
        self.setWindowTitle(f"{label} - ChainBot")
        self._view = view
        self._bars: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(view, 1)
        view.show()

    @property
    def regions(self) -> Sequence[QWidget]:
        """What F6 goes through."""
        return (self._view, *self._bars)

    def add_bar(self, bar: QWidget) -> None:
        """Below the view: covers nothing."""
        self._bars.append(bar)
        self._column.addWidget(bar)

    def focus_view(self) -> None:
        _focus(self._view)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.docked.emit()
        event.accept()


class Stage(QStackedWidget):
    """Holds a page for each window; before `open_for_business` a page only says that the program is starting."""

    view_built = Signal(str, object)
    """(key, the new WindowView)"""
    popped_out = Signal(object)
    docked = Signal(object)
    """The `PopOut` that is about to show, and the one that is about to be deleted."""

    def __init__(self, themes: ThemeSource, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._themes = themes
        self._slots: dict[str, Slot] = {}
        self._building = False
        self._pending: dict[str, Mapping[str, object]] = {}
        self.setMinimumSize(1, 1)
        self.setProperty(OVERLAY_HOST, True)

    @property
    def keys(self) -> Sequence[str]:
        return tuple(self._slots)

    @property
    def current_key(self) -> str:
        return next((slot.key for slot in self._slots.values() if slot.page is self.currentWidget()), "")

    def label(self, key: str) -> str:
        return self._slots[key].label

    def icon(self, key: str) -> str:
        return self._slots[key].icon

    def view(self, key: str) -> WindowView | None:
        """The view if it was built."""
        return self._slots[key].view

    def views(self) -> list[tuple[str, WindowView]]:
        return [(slot.key, slot.view) for slot in self._slots.values() if slot.view is not None]

    def is_popped_out(self, key: str) -> bool:
        return self._slots[key].popped is not None

    def add(self, key: str, label: str, icon: str, factory: Factory) -> None:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        self._slots[key] = Slot(key, label, icon, factory, page)
        self.addWidget(page)

    def focus_view(self) -> None:
        """Give the keyboard to the selected view: where it was last, else where the view itself wants it."""
        view = self._slots[self.current_key].view
        if view is not None:
            _focus(view)

    def start_building(self) -> None:
        """From now on the factories may be called; the selected window is built at once."""
        self._building = True
        self.select(self.current_key)
        for key in list(self._pending):
            self.present(key, self._pending.pop(key))

    def build(self, key: str) -> None:
        """Make a window that nobody has looked at yet."""
        slot = self._slots[key]
        if self._building and slot.view is None:
            self._build(slot)

    def select(self, key: str) -> None:
        slot = self._slots[key]
        self.build(key)
        self.setCurrentWidget(slot.page)
        if slot.popped is not None:
            slot.popped.show()
            slot.popped.raise_()
            slot.popped.activateWindow()

    def present(self, key: str, content: Mapping[str, object]) -> None:
        """Select that window and have it show `content`; kept until the views may be built."""
        self.select(key)
        view = self._slots[key].view
        if view is None:
            self._pending[key] = content
        else:
            view.present(content)

    def pop_out(self, key: str) -> None:
        from chainbot_desktop.ui.widgets.empty_state import EmptyState  # the first paint does not wait for the widgets

        slot = self._slots[key]
        if slot.view is None or slot.popped is not None:
            return
        size = self.size()
        slot.popped = PopOut(slot.label, slot.view)
        slot.popped.docked.connect(lambda: self.dock(key))
        notice = EmptyState(
            slot.icon,
            f"{slot.label} is in a window of its own",
            "Close that window, or bring it back here.",
            self._themes,
            action=("Bring it back", lambda: self.dock(key)),
        )
        _layout(slot.page).addWidget(notice)
        slot.popped.resize(size)
        self.popped_out.emit(slot.popped)
        slot.popped.show()
        slot.view.setFocus()

    def dock(self, key: str) -> None:
        slot = self._slots[key]
        if slot.popped is None or slot.view is None:
            return
        window, slot.popped = slot.popped, None
        layout = _layout(slot.page)
        while (item := layout.takeAt(0)) is not None:
            notice = item.widget()
            if notice is not None:
                notice.hide()
                notice.deleteLater()
        layout.addWidget(slot.view)
        slot.view.show()
        self.docked.emit(window)
        window.hide()
        window.deleteLater()

    def dock_all(self) -> None:
        for key in self._slots:
            self.dock(key)

    def _build(self, slot: Slot) -> None:
        view = slot.factory()
        view.setProperty(OVERLAY_HOST, True)
        slot.view = view
        _layout(slot.page).addWidget(view)
        view.show()
        self.view_built.emit(slot.key, view)
        view.shown_first_time()


def _focus(view: WindowView) -> None:
    (view.focusWidget() or view).setFocus(Qt.FocusReason.ShortcutFocusReason)


def _layout(page: QWidget) -> QVBoxLayout:
    layout = page.layout()
    assert isinstance(layout, QVBoxLayout)
    return layout
