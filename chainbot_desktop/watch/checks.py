"""When a figure is a trouble: thresholds with hysteresis, and time that it must last.

| check | warning from | back below | failing from | back below | must last |
| --- | --- | --- | --- | --- | --- |
| CPU busy | 95 % | 85 % | never | | 60 s |
| memory used | 90 % | 85 % | 97 % | 95 % | 10 s |
| disk used | 92 % | 90 % | 98 % | 97 % | 0 s |
| temperature | 80 °C | 76 °C | 90 °C | 85 °C | 10 s |
| loop lag, 95th percentile of a minute | 250 ms | 150 ms | 2000 ms | 1000 ms | 10 s |
| appends that wait for the disk | 10000 | 5000 | 18000 | 15000 | 5 s |

A warning makes the program *degraded*, a failing check *unhealthy*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """NOTICE is worth a look and changes no status: it is about others (ALEX OS), or past."""

    OK = 0
    NOTICE = 1
    WARNING = 2
    FAILING = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: a sentence of what was found, and what to do about it ("" where all is well)."""

    id: str
    title: str
    level: Level
    sentence: str
    hint: str = ""
    known: bool = True
    """False where this machine does not tell."""

    def as_json(self) -> dict[str, str]:
        return {"id": self.id, "level": self.level.name.lower(), "sentence": self.sentence, "hint": self.hint}


@dataclass(frozen=True, slots=True)
class Limits:
    """From `warning` up it is a warning until below `calm`; likewise `failing` until below `mended`. `lasting` in seconds."""

    warning: float
    calm: float
    failing: float | None = None
    mended: float | None = None
    lasting: float = 0.0


class Gauge:
    """One figure with its limits and its memory. `assess` with monotonic seconds."""

    def __init__(self, id_: str, title: str, limits: Limits, hint: str, say: Callable[[float], str], unknown: str) -> None:
        self._id = id_
        self._title = title
        self._limits = limits
        self._hint = hint
        self._say = say
        self._unknown = unknown
        self._level = Level.OK
        self._towards: tuple[Level, float] | None = None

    def assess(self, value: float | None, now: float) -> Check:
        if value is None:
            self._level, self._towards = Level.OK, None
            return Check(self._id, self._title, Level.OK, self._unknown, known=False)
        self._move(self._wanted(value), now)
        hint = self._hint if self._level is not Level.OK else ""
        return Check(self._id, self._title, self._level, self._say(value), hint)

    def _wanted(self, value: float) -> Level:
        limits = self._limits
        failing_from = limits.mended if self._level is Level.FAILING else limits.failing
        if failing_from is not None and value >= failing_from:
            return Level.FAILING
        return Level.WARNING if value >= (limits.calm if self._level >= Level.WARNING else limits.warning) else Level.OK

    def _move(self, wanted: Level, now: float) -> None:
        if wanted <= self._level:
            self._level, self._towards = wanted, None
            return
        if self._towards is None or self._towards[0] > wanted:
            self._towards = (wanted, now)
        elif self._towards[0] < wanted:
            self._towards = (wanted, self._towards[1])
        if now - self._towards[1] >= self._limits.lasting:
            self._level, self._towards = wanted, None


def machine_gauges() -> dict[str, Gauge]:
    """The gauges of the table above, by id."""
    return {
        "cpu": Gauge(
            "cpu", "Processor", Limits(95, 85, lasting=60), "Stop an agent, or look at Metrics for what is busy.",
            lambda v: f"The processor is {v:.0f} % busy.", "The processor's load is not measured yet.",
        ),
        "memory": Gauge(
            "memory", "Memory", Limits(90, 85, 97, 95, lasting=10), "Stop an agent or another program.",
            lambda v: f"{v:.0f} % of the memory is used.", "The memory is not measured yet.",
        ),
        "disk": Gauge(
            "disk", "Disk", Limits(92, 90, 98, 97), "Free space on the disk of the data folder, or move the folder.",
            lambda v: f"The disk of the data folder is {v:.0f} % full.", "The disk of the data folder cannot be measured.",
        ),
        "temperature": Gauge(
            "temperature", "Temperature", Limits(80, 76, 90, 85, lasting=10), "Give the machine air, a cooler or less work.",
            lambda v: f"The processor is at {v:.0f} °C.", "This machine has no temperature sensor.",
        ),
        "loop_lag": Gauge(
            "loop_lag", "Response", Limits(0.25, 0.15, 2.0, 1.0, lasting=10),
            "Something holds up the program's loop; the warnings in Logs may name it.",
            lambda v: f"The program answers within {v * 1000:.0f} ms (95 of 100 times in the last minute).",
            "The loop's lag is not measured yet.",
        ),
        "journal": Gauge(
            "journal", "Journal", Limits(10_000, 5_000, 18_000, 15_000, lasting=5),
            "The disk is slower than what arrives; check it, and who sends so much.",
            lambda v: f"{v:.0f} events wait for the disk." if v else "No event waits for the disk.", "The journal is closed.",
        ),
    }  # fmt: skip
