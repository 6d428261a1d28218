"""Opening a conversation in the chat window.

`python -m tests.bench.controls.chat_opening time LONG SHORT` prints the median milliseconds of both, opened by turns.
`... memory COUNT` prints milliseconds and bytes of memory that one conversation took, opened once.
"""

from __future__ import annotations

import gc
import sys
from statistics import median

import psutil

from tests.bench.controls.chat_messages import fill
from tests.bench.controls.chat_window import Panel, run

_TIMES = 15


async def by_turns(panel: Panel) -> None:
    long, short = [await fill(panel.chat, int(count), count) for count in sys.argv[2:4]]
    took: dict[str, list[float]] = {long: [], short: []}
    for _ in range(_TIMES):
        for key, list_ in took.items():
            list_.append(await panel.opens(key))
            await panel.rests()
    sys.stdout.write(f"{median(took[long]) * 1000:.3f} {median(took[short]) * 1000:.3f}\n")


async def memory(panel: Panel) -> None:
    key = await fill(panel.chat, int(sys.argv[2]), "Measured")
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    took = await panel.opens(key)
    await panel.rests()
    sys.stdout.write(f"{took * 1000:.3f} {process.memory_info().rss - before}\n")


if __name__ == "__main__":
    run(by_turns if sys.argv[1] == "time" else memory)
