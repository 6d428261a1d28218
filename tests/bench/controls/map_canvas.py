"""CPU time of one frame of an HTML canvas that draws the boxes and lines of the benchmark's graph in a headless Chromium.

What all its processes use is counted, as the panel's whole process is: who looks at a browser pays for its compositor too.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import psutil

from tests.api.chromium import BINARY, Browser, open_browser
from tests.bench.controls.map_graph import HEIGHT, WIDTH, make_graph

_SETTLE, _SECONDS = 1.5, 3.0
_PAGE = """<!doctype html><meta charset="utf-8"><body style="margin:0;background:#0E1116">
<canvas id="c" width="%(width)d" height="%(height)d"></canvas><script>
const points = %(points)s, pairs = %(pairs)s, states = %(states)s, fitted = %(fitted)s, W = %(width)d, H = %(height)d;
const colours = ["#5AA9FF", "#7D8A97", "#B48CFF", "#FFB020", "#FF6B6B", "#49C97C"];
const n = points.length, g = document.getElementById("c").getContext("2d");
const right = Math.max(...points.map(p => p[0])), bottom = Math.max(...points.map(p => p[1]));
const zoom = fitted ? Math.min(W / (right + 284), H / (bottom + 156)) : 1;
const left = W / 2 - zoom * right / 2, top_ = H / 2 - zoom * bottom / 2;
const x = new Float64Array(n), y = new Float64Array(n);
let frames = 0;
function draw() {
  for (let i = 0; i < n; i++) {
    const turn = frames / 19 + i;
    x[i] = left + zoom * (points[i][0] + 40 * Math.sin(turn));
    y[i] = top_ + zoom * (points[i][1] + 16 * Math.cos(turn));
  }
  g.fillStyle = "#0E1116"; g.fillRect(0, 0, W, H);
  g.strokeStyle = "#6B7783"; g.lineWidth = 1; g.beginPath();
  for (const [a, b] of pairs) { g.moveTo(x[a], y[a]); g.lineTo(x[b], y[b]); }
  g.stroke();
  const w = %(card_width)f * zoom, h = %(card_height)f * zoom;
  for (let c = 0; c < colours.length; c++) {
    g.fillStyle = colours[c];
    for (let i = 0; i < n; i++) if (states[i] === c) g.fillRect(x[i] - w / 2, y[i] - h / 2, w, h);
  }
  frames++;
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);
</script>"""


def canvas_frame_ms(count: int, *, fitted: bool, links: str) -> float:
    """Milliseconds of processor time a frame. RuntimeError where no Chromium is installed: there is no control then."""
    if BINARY is None:
        raise RuntimeError("The control of the map is a canvas in Chromium: apt-get install chromium")
    return asyncio.run(_measure(count, fitted=fitted, links=links))


async def _measure(count: int, *, fitted: bool, links: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "canvas.html"
        page.write_text(_page(count, fitted=fitted, links=links), encoding="utf-8")
        async with open_browser(Path(folder) / "profile") as browser:
            await browser.resize(WIDTH, HEIGHT)
            await browser.open(page.as_uri())
            await asyncio.sleep(_SETTLE)
            before, frames = _processor_seconds(), await _frames(browser)
            await asyncio.sleep(_SECONDS)
            after, last = _processor_seconds(), await _frames(browser)
    return (after - before) / (last - frames) * 1000


def _page(count: int, *, fitted: bool, links: str) -> str:
    from chainbot_desktop.ui.agent_map.geometry import CARD_HEIGHT, CARD_WIDTH

    graph = make_graph(count, links)
    return _PAGE % {
        "points": json.dumps(graph.points.tolist()),
        "pairs": json.dumps(graph.pairs.tolist()),
        "states": json.dumps(graph.states.tolist()),
        "fitted": json.dumps(fitted),
        "width": WIDTH,
        "height": HEIGHT,
        "card_width": CARD_WIDTH,
        "card_height": CARD_HEIGHT,
    }


async def _frames(browser: Browser) -> int:
    return int(await browser.value("frames"))


def _processor_seconds() -> float:
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            used = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total
