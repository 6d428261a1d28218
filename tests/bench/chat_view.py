"""The chat window: opening a long conversation beside a short one, and beside one QTextBrowser; scrolling; an answer that is written.

Each figure and its control come from processes started one after the other in this run, over a real store. A frame's yardstick is two
frames of 60 Hz, or the idle loop of the same process where that is worse.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from tests.bench.measure import Result

TWO_FRAMES_MS = 33.3
_LONG, _SHORT, _BROWSER = 100_000, 100, 1_000
_MORE_BYTES = 40 * 1024 * 1024
_TIMES = 3


def run() -> list[Result]:
    return [*_openings(), *_browser(), *_scrolling(), *_streaming()]


def _openings() -> list[Result]:
    long, short = _control("chat_opening", "time", str(_LONG), str(_SHORT))
    more = _memory(_LONG) - _memory(_SHORT)
    return [
        Result("chat: opening 100,000 messages against 100", long, "ms", short, "<=1.3"),
        Result("chat: memory of 100,000 messages over that of 100", max(0.0, more), "B", _MORE_BYTES, "<=1"),
    ]


def _browser() -> list[Result]:
    ours = [_control("chat_opening", "memory", str(_BROWSER)) for _ in range(_TIMES)]
    theirs = [_control("chat_browser", str(_BROWSER)) for _ in range(_TIMES)]
    took = median(o[0] for o in ours), median(t[0] for t in theirs)
    used = median(o[1] for o in ours), median(t[1] for t in theirs)
    return [
        Result("chat: opening 1,000 messages against a QTextBrowser", took[0], "ms", took[1], "<=0.1"),
        Result("chat: memory of 1,000 messages against a QTextBrowser", used[0], "B", used[1], "<=0.1"),
    ]


def _scrolling() -> list[Result]:
    results = []
    for how in ("wheel", "kinetic", "drag"):
        idle, busy, used, others = _control("chat_scroll", how, str(_LONG))
        note = f"two frames, or the idle loop if worse; idle {idle:.1f} ms, a loop that burns 9 ms a frame {others:.1f} ms"
        results.append(Result(f"chat: frame p99, {how} over 100,000", busy, "ms", max(TWO_FRAMES_MS, idle), "<=1", note))
        results.append(Result(f"chat: the same, processor time of the frame, {how}", used, "ms", TWO_FRAMES_MS, "<=1"))
    return results


def _streaming() -> list[Result]:
    share, idle, lag = _control("chat_stream")
    note = f"percent of a core against 25; the idle window takes {idle:.1f}"
    return [
        Result("chat: 200 tokens a second into 60 KB, processor", share, "%", 25.0, "<=1", note),
        Result("chat: the same, from a token to the screen at most", lag, "ms", 100.0, "<=1"),
    ]


def _memory(count: int) -> float:
    return median(_control("chat_opening", "memory", str(count))[1] for _ in range(_TIMES))


def _control(module: str, *arguments: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.bench.controls.{module}", *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    return [float(word) for word in done.stdout.split()]
