"""An answer of 60 KB with code that is written at 200 tokens a second, in the chat window.

`python -m tests.bench.controls.chat_stream` prints the processor time of this process in percent of a core while it is written, the
same of the idle window, and the longest time in milliseconds from a token to when it was painted.
"""

from __future__ import annotations

import asyncio
import sys
import time

import psutil

from tests.bench.controls.chat_messages import paragraphs
from tests.bench.controls.chat_window import Panel, run
from tests.helpers.talks import FakeTalk

SIZE = 60_000
TOKENS_A_SECOND = 200
_SECONDS = 12.0
_TAIL = 0.75
"""So much of the text is there before the measurement: it is the long answer that is dear."""


async def measure(panel: Panel, talk: FakeTalk) -> None:
    view = panel.view
    await view._show((await panel.chat.service.begin("Written")).id)
    await panel.chat.service.post(view.conversation_id, "@Ada write")
    while not talk.runs:
        await asyncio.sleep(0.01)
    idle = await _share(asyncio.sleep(3.0))
    text = "\n\n".join(paragraphs(3, SIZE))
    ready = int(len(text) * _TAIL)
    talk.last.say(text[:ready])
    while not view.messages.cards or len(view.messages.cards[-1].message.text) < ready:
        await asyncio.sleep(0.01)
    await asyncio.sleep(1.5)
    lags: list[float] = []
    busy = await _share(_write(panel, talk, text[ready:], lags))
    talk.last.finish()
    while not any(card.message.text == text for card in view.messages.cards):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    sys.stdout.write(f"{busy * 100:.3f} {idle * 100:.3f} {max(lags) * 1000:.3f}\n")


async def _write(panel: Panel, talk: FakeTalk, text: str, lags: list[float]) -> None:
    """Say one token after the other; what was said is painted when the card has it and the view was painted after."""
    said: list[tuple[int, float]] = []
    list_ = panel.view.messages
    paint = list_.paintEvent

    def painted(event: object) -> None:
        paint(event)  # type: ignore[arg-type]
        now = time.perf_counter()
        shown = len(list_.cards[-1].message.text)
        while said and said[0][0] <= shown:
            lags.append(now - said.pop(0)[1])

    list_.paintEvent = painted  # type: ignore[method-assign]
    size = max(1, round(len(text) / (TOKENS_A_SECOND * _SECONDS)))
    began, total = time.perf_counter(), len(talk.last.said)
    for n, start in enumerate(range(0, len(text), size)):
        piece = text[start : start + size]
        total += len(piece)
        talk.last.say(piece)
        said.append((total, time.perf_counter()))
        await asyncio.sleep(max(0.0, began + (n + 1) / TOKENS_A_SECOND - time.perf_counter()))
    while said:
        await asyncio.sleep(0.01)


async def _share(work: object) -> float:
    """Processor time of this process for each second that `work` takes."""
    process = psutil.Process()
    before, began = process.cpu_times(), time.perf_counter()
    await work  # type: ignore[misc]
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / (time.perf_counter() - began)


if __name__ == "__main__":
    fake = FakeTalk("Ada")
    run(lambda panel: measure(panel, fake), fake)
