"""Imports a file into the store of a folder, as a process of its own that a test kills.

`python -m tests.helpers.import_child FOLDER FILE`; says how many messages are kept whenever that changes.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.helpers.imports import open_importing


async def main(folder: Path, file: Path) -> None:
    async with open_importing(folder) as importing:
        importing.service.on_change(lambda: print(importing.service.progress.counts.messages, flush=True))
        await importing.service.start(file)
        await importing.service.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
