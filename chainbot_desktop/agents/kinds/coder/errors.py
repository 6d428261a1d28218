"""What goes wrong with an external coding agent, in words for people."""

from __future__ import annotations

from chainbot_desktop.core.errors import ChainBotError


class CoderFailed(ChainBotError):
    """The coding agent did not come to an end, or not to one of the protocol."""

    code = "coder_failed"
    http_status = 502


class TurnOver(ChainBotError):
    """What the coding agent asked for came too late: its task has ended."""

    code = "task_over"
    http_status = 409

    def __init__(self) -> None:
        super().__init__("The task that this belongs to has ended.")
