"""The first frame waits for Qt and the shell alone."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from PySide6.QtWidgets import QApplication
from chainbot_desktop.ui.shell.window import MainWindow
from chainbot_desktop.ui.theme import ThemeSource

app = QApplication([])
themes = ThemeSource(app)
themes.apply_to(app)
window = MainWindow(themes)
for key in ("agent-map", "code-agent", "chat", "watchtower"):
    window.add_window(key, key, "map", lambda: 1 / 0)
window.first_painted.connect(lambda: app.exit(0))
window.show_panel()
app.exec()
print("painted", window.frame_statistics.count)
late = {"pydantic", "aiohttp", "asyncio", "qasync", "sqlalchemy", "psutil", "chainbot_desktop.ui.widgets"}
print("early:", *sorted(late & set(sys.modules)))
"""


def test_nothing_heavy_is_loaded_before_the_first_frame() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=False)
    painted, early = done.stdout.splitlines()
    assert int(painted.split()[1]) >= 1, done.stderr
    assert early.strip() == "early:", "these are loaded before the window is seen"
