"""What workers that live in this process have in common: between tasks they rest, and they end only when they are told to."""

from __future__ import annotations

import asyncio

from chainbot_desktop.core.ports import AgentCommand


class InProcessWorker:
    """The part of `kind.Worker` that is not about starting and working. A pause holds back its next task: the runtime sees to it."""

    @property
    def pid(self) -> int | None:
        return None

    @property
    def serving(self) -> str | None:
        return None

    @property
    def commands(self) -> tuple[AgentCommand, ...]:
        return ()

    async def pause(self) -> None:
        return

    async def resume(self) -> None:
        return

    async def ended(self) -> str:
        await asyncio.Event().wait()
        return ""

    async def stop(self) -> None:
        return
