"""`--demo`: three agents that really work, on a small repository made for them.

Tests runs the repository's tests whenever a file changes, Orders turns its records into a report, Helper answers with the embedded
model. What an earlier demonstration left in the same data directory is kept: names that are taken are not made again.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.runtime.service import AgentService
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.events.envelope import SYSTEM
from chainbot_desktop.core.resources import resource_path

_log = logging.getLogger(__name__)

_TASKS: Mapping[str, str] = {
    "Orders": "Make the report of the paid orders.",
    "Helper": "Say in one short sentence what a house full of agents could do for a person.",
}


async def start_demo_agents(agents: AgentService, folder: Path) -> None:
    """Make the repository in `folder` if it is not there, and the agents on it. What cannot be started is said in the log."""
    try:
        await asyncio.to_thread(make_repository, folder)
    except OSError as error:
        _log.warning("the repository of the demonstration cannot be made: %s", error)
        return
    taken = {agent.name for agent in agents.living()}
    for kind, name, config in _agents(folder):
        if name in taken:
            continue
        try:
            agent_id = await agents.spawn(kind, name, config, actor=SYSTEM)
            if name in _TASKS:
                await agents.execute(agent_id, _TASKS[name], actor=SYSTEM)
        except ChainBotError as error:
            _log.warning("the agent %s of the demonstration: %s", name, error)


def make_repository(folder: Path) -> None:
    """Files of `resources/demo`, as a git repository with one commit where git is there. Blocks."""
    if folder.exists():
        return
    half_made = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(half_made, ignore_errors=True)
    shutil.copytree(resource_path("demo"), half_made, ignore=shutil.ignore_patterns("__pycache__"))
    (half_made / "gitignore").rename(half_made / ".gitignore")
    git = shutil.which("git")
    if git is not None:
        identity = ["-c", "user.name=ChainBot", "-c", "user.email=chainbot@localhost", "-c", "core.hooksPath=/dev/null"]
        for arguments in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-q", "-m", "A small shop"]):
            done = subprocess.run([git, *arguments], cwd=half_made, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
            if done.returncode:
                _log.warning("git in the repository of the demonstration: %s", done.stderr.strip())
                break
    half_made.rename(folder)


def _agents(folder: Path) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    workspace = str(folder)
    return (
        (
            "command",
            "Tests",
            {
                "command": [sys.executable, "-u", "watch_tests.py"],
                "workspace": workspace,
                "ready": "tests",
                "restart": "always",
            },
        ),
        (
            "data_processor",
            "Orders",
            {
                "workspace": workspace,
                "source": "orders.csv",
                "destination": "paid.jsonl",
                "transform": {"jmespath": "[@][?paid == 'yes'] | [0].{order: order, customer: customer, cents: cents}"},
                "restart": "always",
            },
        ),
        (
            "assistant",
            "Helper",
            {"workspace": workspace, "persona": "general_assistant", "model": "local", "restart": "always"},
        ),
    )
