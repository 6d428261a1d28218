"""The open texts, in the order of their tabs, and which of them is in front."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from chainbot_desktop.ui.code_agent.document import Document


class Documents(QObject):
    added = Signal(object)
    removed = Signal(object)
    current_changed = Signal(object)
    """The `Document` in front, or None."""
    changed = Signal(object)
    """A document whose name, modified state, format or file changed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open: list[Document] = []
        self._current: Document | None = None
        self._untitled = 0

    def __iter__(self) -> Iterator[Document]:
        return iter(tuple(self._open))

    def __len__(self) -> int:
        return len(self._open)

    @property
    def current(self) -> Document | None:
        return self._current

    @property
    def unsaved(self) -> list[Document]:
        return [document for document in self._open if document.is_modified]

    def next_name(self) -> str:
        self._untitled += 1
        return f"untitled-{self._untitled}"

    def of_path(self, path: Path) -> Document | None:
        return next((document for document in self._open if document.path == path), None)

    def index(self, document: Document) -> int:
        return self._open.index(document)

    def at(self, place: int) -> Document:
        return self._open[place]

    def add(self, document: Document, *, in_front: bool = True) -> None:
        self._open.append(document)
        document.changed.connect(self._on_document_changed)
        self.added.emit(document)
        if in_front or self._current is None:
            self.bring_to_front(document)

    def remove(self, document: Document) -> None:
        """Its neighbour comes to the front. The editor's widget is deleted by the event loop."""
        place = self._open.index(document)
        self._open.remove(document)
        document.changed.disconnect(self._on_document_changed)
        if document is self._current:
            self._current = None
            if self._open:
                self.bring_to_front(self._open[min(place, len(self._open) - 1)])
            else:
                self.current_changed.emit(None)
        self.removed.emit(document)
        document.editor.widget.deleteLater()

    def move(self, source: int, target: int) -> None:
        """A tab was dragged."""
        self._open.insert(target, self._open.pop(source))

    def bring_to_front(self, document: Document) -> None:
        if document is not self._current:
            self._current = document
            self.current_changed.emit(document)

    def step(self, by: int) -> None:
        if self._current is not None:
            self.bring_to_front(self._open[(self._open.index(self._current) + by) % len(self._open)])

    def _on_document_changed(self) -> None:
        document = self.sender()
        if isinstance(document, Document):
            self.changed.emit(document)
