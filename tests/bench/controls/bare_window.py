"""A bare PySide6 window with one label. Says when its first frame was painted, and ends."""

from __future__ import annotations

import sys
import time

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QLabel


class Window(QLabel):
    painted_at = 0.0

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() == QEvent.Type.UpdateRequest and not self.painted_at:
            self.painted_at = time.time()
        return handled


app = QApplication([])
window = Window("ChainBot")
window.resize(1280, 800)
window.show()
while not window.painted_at:
    app.processEvents()
sys.stdout.write(f"first frame painted at {window.painted_at:.3f}\n")
