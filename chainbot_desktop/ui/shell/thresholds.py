"""When the status line turns amber or red with the machine. The one place where these limits stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["calm", "amber", "red"]

CPU_AMBER = 90.0
"""Per cent of all cores. A busy machine is not a broken one: never red."""
MEMORY_AMBER, MEMORY_RED = 0.85, 0.95
"""Share of the memory in use: from the second on, the kernel starts to kill."""
HEAT_AMBER, HEAT_RED = 70.0, 80.0
"""Degrees Celsius: a Raspberry Pi starts to slow itself down at 80."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured; None where this machine has no such sensor."""

    cpu_percent: float
    memory_used: int
    memory_total: int
    temperature_c: float | None = None
    throttled: bool | None = None


def cpu_level(machine: Machine) -> Level:
    return "amber" if machine.cpu_percent >= CPU_AMBER else "calm"


def memory_level(machine: Machine) -> Level:
    share = machine.memory_used / machine.memory_total if machine.memory_total else 0.0
    return _level(share, MEMORY_AMBER, MEMORY_RED)


def heat_level(machine: Machine) -> Level:
    if machine.throttled:
        return "red"
    return "calm" if machine.temperature_c is None else _level(machine.temperature_c, HEAT_AMBER, HEAT_RED)


def worst(*levels: Level) -> Level:
    order: tuple[Level, ...] = ("calm", "amber", "red")
    return max(levels, key=order.index)


def _level(value: float, amber: float, red: float) -> Level:
    if value >= red:
        return "red"
    return "amber" if value >= amber else "calm"
