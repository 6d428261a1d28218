"""`--headless`: the same services on uvloop, without a window and without Qt."""

from __future__ import annotations

import uvloop

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.running import live, start_or_refuse
from chainbot_desktop.app.stopping import StopRequest


def run_headless(options: Options) -> int:
    async def main() -> None:
        await live(options, StopRequest())

    return start_or_refuse(lambda: uvloop.run(main()))
