"""What kinds are made with: what all agents of the house share. A kind's class is called with this as its only argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.agents.models.gateway import Models
from chainbot_desktop.agents.tools.tool import Toolboxes
from chainbot_desktop.core.ports import Blobs
from chainbot_desktop.core.settings import Settings


@dataclass(frozen=True, slots=True)
class KindServices:
    models: Models
    toolboxes: Toolboxes
    persona_folder: Path
    """Where a person's own personas are; may not exist."""
    secret: Callable[[str], str | None]
    """A secret by name, from the keyring; None where there is none. May block: not on the loop."""
    settings: Settings
    blobs: Blobs
    """Where the bytes of attachments are."""
