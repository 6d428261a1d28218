"""`chainbot-desktop chat import FILE`: takes over an export of ChatGPT while the panel does not run."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import database_path, load_configuration
from chainbot_desktop.app.opened_store import open_store
from chainbot_desktop.chat.chatgpt.progress import ImportProgress
from chainbot_desktop.chat.chatgpt.service import ChatGptImport
from chainbot_desktop.core.errors import ChainBotError, Conflict
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.store.database import StoreError
from chainbot_desktop.store.imported_conversations import ImportTable

_EVERY = 0.5
"""Seconds between two lines of progress."""


def run_chat_command(options: Options) -> int:
    """0 where all was imported, 1 where a part or nothing could be, 130 where it was cancelled."""
    try:
        configuration = load_configuration(config=options.config, data_dir=options.data_dir)
        path = database_path(configuration.settings, configuration.data_dir)
        progress = asyncio.run(_import(path, Path(options.rest[1])))
    except ChainBotError as error:
        sys.stderr.write(f"chainbot-desktop: {error}\n")
        return 1
    return _report(progress)


async def _import(database: Path, file: Path) -> ImportProgress:
    async with AsyncExitStack() as stack:
        try:
            store = await open_store(stack, database)
        except StoreError as error:
            if "Another ChainBot Desktop" not in error.message:
                raise
            hint = "Import the file there (Chat, menu, Import from ChatGPT), or stop it first."
            raise Conflict(error.message, hint=hint) from None
        tasks = Tasks()
        importer = ChatGptImport(ImportTable(store.database), store.journal, store.preferences, tasks)
        await importer.open()
        stack.push_async_callback(importer.close)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, importer.cancel)
        importer.on_change(_Line(importer).show)
        await importer.start(file)
        return await importer.wait()


class _Line:
    def __init__(self, importer: ChatGptImport) -> None:
        self._importer = importer
        self._last = monotonic()

    def show(self) -> None:
        if monotonic() - self._last < _EVERY:
            return
        self._last = monotonic()
        now = self._importer.progress
        left = now.remaining_seconds()
        words = f"{now.share:4.0%}  {now.counts.messages:,} messages" + (f"  {left:,.0f} s left" if left is not None else "")
        sys.stderr.write(f"\r{words:<60}")
        sys.stderr.flush()


def _report(progress: ImportProgress) -> int:
    counts = progress.counts
    sys.stderr.write("\r" + " " * 60 + "\r")
    sys.stdout.write(
        f"{counts.messages:,} messages in {counts.conversations:,} conversations and {counts.branches:,} branches were added, "
        f"{counts.attachments:,} files with them; {counts.known:,} messages were here already.\n"
    )
    for reason, count in counts.skipped.most_common():
        sys.stdout.write(f"Left out: {count:,} {reason}.\n")
    if progress.problem:
        sys.stderr.write(f"chainbot-desktop: {progress.problem}\n")
    if progress.state == "cancelled":
        sys.stderr.write("chainbot-desktop: cancelled. The same command goes on with it.\n")
        return 130
    return 0 if progress.state == "done" and not progress.problem else 1
