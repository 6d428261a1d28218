"""Opening a map of COUNT agents: from making the view to the first frame that shows them all, and the memory it took.

`python -m tests.bench.controls.map_opening COUNT` prints milliseconds and bytes of resident memory.
"""

from __future__ import annotations

import sys
import time
from typing import Any, cast

import psutil
from PySide6.QtWidgets import QApplication

from chainbot_desktop.app.running import quieten_garbage_collection
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.view import AgentMapView
from chainbot_desktop.ui.theme import ThemeSource
from tests.bench.controls.map_frames import FixedSource
from tests.bench.controls.map_graph import HEIGHT, WIDTH, make_graph


class FixedDirectory(FixedSource):
    def subscribe(self, _listener: object) -> Any:
        return lambda: None


def main() -> None:
    count = int(sys.argv[1])
    app = QApplication([])
    themes = ThemeSource()
    open_one(app, themes, 3)  # what is loaded once is not the map's cost
    directory = FixedDirectory(make_graph(count, "near"))
    quieten_garbage_collection()  # as the program does before its windows move in
    process = psutil.Process()
    before = process.memory_info().rss
    began = time.perf_counter()
    view = open_one(app, themes, directory)
    took = time.perf_counter() - began
    used = process.memory_info().rss - before
    assert len(view._model.places) == count
    sys.stdout.write(f"{took * 1000:.3f} {used}\n")


def open_one(app: QApplication, themes: ThemeSource, directory: FixedDirectory | int) -> AgentMapView:
    if isinstance(directory, int):
        directory = FixedDirectory(make_graph(directory, "near"))
    view = AgentMapView(cast("Any", directory), themes, Tasks())
    view.resize(WIDTH, HEIGHT)
    view.show()
    view.shown_first_time()
    painted: list[int] = []
    draw = view._scene.painter.draw_nodes

    def counted(*what: Any) -> None:
        draw(*what)
        painted.append(len(view._scene.nodes.slot_of))

    view._scene.painter.draw_nodes = counted  # type: ignore[method-assign, assignment]
    while not painted or painted[-1] < len(directory.agents):
        app.processEvents()
    return view


if __name__ == "__main__":
    main()
