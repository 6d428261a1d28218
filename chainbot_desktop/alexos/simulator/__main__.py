"""`python -m chainbot_desktop.alexos.simulator`: an ALEX OS on this machine until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from chainbot_desktop.alexos.simulator.misbehaviour import Misbehaviour
from chainbot_desktop.alexos.simulator.server import Dialect, Simulator


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser("chainbot_desktop.alexos.simulator", description="An ALEX OS to try things with.")
    result.add_argument("--dialect", choices=[dialect.value for dialect in Dialect], default="documented")
    result.add_argument("--host", default="127.0.0.1")
    result.add_argument("--port", type=int, default=8000, help="0 takes a free one; the line printed says which")
    result.add_argument("--pace", type=float, default=4.0, help="seconds between happenings in the house; 0 for none")
    result.add_argument("--doubled-registration", action="store_true", help="a repaired one registers under its doubled prefix")
    result.add_argument("--until-eof", action="store_true", help="stop too when standard input ends: when the parent is gone")
    bad = result.add_argument_group("misbehaviour, also set at run time by POST /simulator/misbehave")
    for switch in ("down", "html", "lose-answers", "unknown-agent", "drop-sockets", "deaf-sockets", "duplicate", "reorder"):
        bad.add_argument(f"--{switch}", action="store_true")
    bad.add_argument("--slow", type=float, default=0, metavar="SECONDS")
    bad.add_argument("--clock-ahead", type=float, default=0, metavar="SECONDS")
    bad.add_argument("--status", type=int, help="answer everything with this status")
    bad.add_argument("--refuse-registration", type=int, metavar="STATUS")
    bad.add_argument("--garbage", choices=["null", "html", "no_ids", "wrong_types", "huge", "invalid_utf8", "deep"])
    return result


async def serve(options: argparse.Namespace) -> int:
    given = {name: value for name, value in vars(options).items() if name in Misbehaviour.model_fields}
    simulator = Simulator(
        options.dialect,
        host=options.host,
        port=options.port,
        misbehaviour=Misbehaviour.model_validate(given),
        pace=options.pace or None,
        doubled_registration=options.doubled_registration,
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if options.until_eof:
        loop.add_reader(sys.stdin.fileno(), _on_input, stopped)
    try:
        await simulator.start()
    except OSError as error:
        sys.stderr.write(f"The simulator cannot listen on {options.host}:{options.port}: {error.strerror}.\n")
        return 1
    sys.stdout.write(f"ALEX OS simulator ({simulator.dialect}) at {simulator.url} with its event bus at {simulator.ws_url}\n")
    sys.stdout.flush()
    await stopped.wait()
    await simulator.stop()
    return 0


def _on_input(stopped: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stopped.set()


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return asyncio.run(serve(options))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
