"""An ALEX OS good enough to develop against, demonstrate and test with, in each dialect that was met, and able to misbehave."""

from __future__ import annotations

from chainbot_desktop.alexos.simulator.misbehaviour import Misbehaviour
from chainbot_desktop.alexos.simulator.server import Dialect, Simulator

__all__ = ["Dialect", "Misbehaviour", "Simulator"]
