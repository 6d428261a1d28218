"""The life of the program from its settings to its last event, with a panel or without."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

from chainbot_desktop import __version__
from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import load_configuration
from chainbot_desktop.app.demo import DemoAlexOs
from chainbot_desktop.app.demo_agents import start_demo_agents
from chainbot_desktop.app.door_commands import page_address
from chainbot_desktop.app.house import House, PanelFace, open_house
from chainbot_desktop.app.logging_setup import set_up_logging
from chainbot_desktop.app.stopping import StopRequest
from chainbot_desktop.core.errors import ChainBotError, SettingsError
from chainbot_desktop.watch.log_ring import LogRing, LogRingHandler

_log = logging.getLogger(__name__)

_THREADS = 4
"""Of the default executor: file access, rendering of long texts, metrics. SQL has threads of its own."""


async def live(options: Options, stop: StopRequest, panel: PanelFace | None = None) -> None:
    """Open the house, say where it is, and keep it until `stop` is asked. Raises ChainBotError where it cannot be opened."""
    loop = asyncio.get_running_loop()
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="work")
    loop.set_default_executor(executor)
    stop.listen_to_signals(loop)
    async with AsyncExitStack() as stack:
        stack.callback(executor.shutdown, wait=True, cancel_futures=True)
        configuration = load_configuration(config=options.config, data_dir=options.data_dir, flags=options.server_flags())
        logs = LogRing()
        stack.callback(set_up_logging(configuration.settings.logging, LogRingHandler(logs)))
        for warning in configuration.warnings:
            _log.warning("%s", warning)
        settings = configuration.settings
        if options.demo:
            settings = (await stack.enter_async_context(DemoAlexOs())).settings(settings)
        house = await stack.enter_async_context(
            open_house(settings, configuration.data_dir, mode=options.mode, logs=logs, panel=panel, stop=stop)
        )
        _log.info("listening on %s:%d, data in %s", settings.server.host, settings.server.port, configuration.data_dir)
        _say_where(house, configuration.data_dir)
        if options.demo:
            folder = configuration.data_dir.with_name(f"{configuration.data_dir.name}-demo")
            house.tasks.spawn("demonstration", start_demo_agents(house.runtime, folder))
        quieten_garbage_collection()
        if panel is not None:
            await panel.move_in(house)
            stack.push_async_callback(panel.move_out)
        reason = await stop.wait()
        _log.info("stopping: %s", reason)


def start_or_refuse(start: Callable[[], None]) -> int:
    """Exit codes: 0 stopped as asked, 1 it cannot run here and now, 2 a setting is wrong. One sentence, never a traceback."""
    try:
        start()
    except SettingsError as error:
        return _refuse(error, 2)
    except ChainBotError as error:
        return _refuse(error, 1)
    except KeyboardInterrupt:
        return 130
    return 0


def quieten_garbage_collection() -> None:
    """What lives as long as the program is not looked through again, and thousands of short-lived objects a second do not each
    time set off a search for cycles: without this the slowest webhooks (p99, 256 connections) wait nearly twice as long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _say_where(house: House, data_dir: Path) -> None:
    server = house.settings.server
    address = page_address(server.host, server.port)
    lines = [
        f"ChainBot Desktop {__version__} listens on {server.host}:{server.port}. Its data is in {data_dir}.",
        f"Page: {address}/?ticket={house.keys.tickets.issue()}",
        "(The link opens once, within the hour; `chainbot-desktop link` makes another, `chainbot-desktop token` prints the token.)",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _refuse(error: ChainBotError, code: int) -> int:
    sys.stderr.write(f"chainbot-desktop: {error}\n")
    return code
