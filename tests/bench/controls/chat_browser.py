"""One QTextBrowser with COUNT messages as HTML: what a chat window would be without windowing.

`python -m tests.bench.controls.chat_browser COUNT` prints milliseconds until it is painted and the bytes of memory it took. The HTML
is made before: only what the widget does with it is counted.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Mapping

import psutil
from PySide6.QtWidgets import QApplication, QTextBrowser

from chainbot_desktop.chat.markdown import Prose, render
from chainbot_desktop.ui.chat.message_feed import syntax_colors
from chainbot_desktop.ui.theme import ThemeSource
from tests.bench.controls.chat_messages import text_of
from tests.bench.controls.chat_window import HEIGHT, WIDTH


def main() -> None:
    app = QApplication([])
    themes = ThemeSource(app)
    themes.select("dark")
    themes.apply_to(app)
    theme = themes.current
    colors = syntax_colors(theme)
    show(app, themes, html_of(30, colors))
    html = html_of(int(sys.argv[1]), colors)
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    browser = show(app, themes, html)
    took = time.perf_counter() - began
    used = process.memory_info().rss - before
    assert browser.document().blockCount() > int(sys.argv[1])
    sys.stdout.write(f"{took * 1000:.3f} {used}\n")


def html_of(count: int, colors: Mapping[str, str]) -> str:
    parts = []
    for n in range(count):
        parts.append(f"<p><b>agent:ada</b> {n % 60} min</p>")
        blocks = render(text_of(n), colors).blocks
        parts += [block.html if isinstance(block, Prose) else f"<pre>{block.html}</pre>" for block in blocks]
    return "".join(parts)


def show(app: QApplication, themes: ThemeSource, html: str) -> QTextBrowser:
    browser = QTextBrowser()
    browser.document().setDefaultStyleSheet(themes.current.html_css())
    browser.resize(WIDTH, HEIGHT)
    browser.setHtml(html)
    browser.show()
    browser.verticalScrollBar().setValue(browser.verticalScrollBar().maximum())
    browser.viewport().repaint()
    app.processEvents()
    return browser


if __name__ == "__main__":
    main()
