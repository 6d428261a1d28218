"""A program with children of an agent, to be killed by a test: `python -m tests.helpers.children_parent FOLDER`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.helpers.processes import STUBBORN, children


async def main(folder: Path) -> None:
    async with children() as started:
        child = await started.start([sys.executable, "-c", STUBBORN, str(folder)], cwd=folder)
        print(child.pid, flush=True)
        await child.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
