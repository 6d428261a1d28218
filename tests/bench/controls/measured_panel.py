"""The program itself, which writes down how late its loop was: a line of JSON a beat, [monotonic seconds, lag in seconds].

A beat every 20 ms, apart from the program's own monitor, so that a run of ten seconds gives a percentile worth its name.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chainbot_desktop.__main__ import main
from chainbot_desktop.app import house, running

_BEAT = 0.02


async def _beat(path: Path) -> None:
    with path.open("w", encoding="utf-8", buffering=1) as file:
        while True:
            due = time.monotonic() + _BEAT
            await asyncio.sleep(_BEAT)
            now = time.monotonic()
            file.write(json.dumps([now, now - due]) + "\n")


def _measured(open_house: Any) -> Any:
    @asynccontextmanager
    async def open_and_measure(settings: Any, data_dir: Path, **rest: Any) -> AsyncIterator[Any]:
        async with open_house(settings, data_dir, **rest) as opened:
            beating = asyncio.ensure_future(_beat(data_dir / "lags.jsonl"))
            try:
                yield opened
            finally:
                beating.cancel()

    return open_and_measure


if __name__ == "__main__":
    vars(running)["open_house"] = _measured(house.open_house)
    sys.exit(main(sys.argv[1:]))
