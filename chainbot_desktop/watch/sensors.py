"""Temperature and the Raspberry Pi's throttle bits, read from the kernel's own files without a subprocess.

Where a machine has no such file the answer is None: nothing is estimated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SYS = Path("/sys")
_PROCESSOR_ZONES = ("cpu-thermal", "cpu_thermal", "x86_pkg_temp", "soc", "cpu")
_PROCESSOR_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
_LOOK_AGAIN = 60
"""Readings between two searches for a sensor that is not there (a driver may be loaded later)."""


@dataclass(frozen=True, slots=True)
class Throttling:
    """The firmware's word: bits 0 to 3 say what is so now, bits 16 to 19 what has been since the start of the machine.

    `complete` is false where only undervoltage is known (the `rpi_volt` driver), not the rest.
    """

    flags: int
    complete: bool = True

    @property
    def undervoltage(self) -> bool:
        return bool(self.flags & 0x1)

    @property
    def frequency_capped(self) -> bool:
        return bool(self.flags & 0x2)

    @property
    def throttled(self) -> bool:
        return bool(self.flags & 0x4)

    @property
    def undervoltage_since_start(self) -> bool:
        return bool(self.flags & 0x10001)

    @property
    def throttled_since_start(self) -> bool:
        """The clock was capped or the processor slowed down."""
        return bool(self.flags & 0xE000E)

    @property
    def any_now(self) -> bool:
        return bool(self.flags & 0xF)


class Thermometer:
    """The processor's temperature. Its methods read files: call them on a thread that may wait."""

    def __init__(self, sys: Path = SYS) -> None:
        self._sys = sys
        self._file: Path | None = None
        self._until_search = 0

    def read(self) -> float | None:
        """Degrees Celsius, or None."""
        if self._file is None:
            self._until_search -= 1
            if self._until_search > 0:
                return None
            self._until_search = _LOOK_AGAIN
            self._file = next(self._candidates(), None)
            if self._file is None:
                return None
        value = _celsius(self._file)
        if value is None:
            self._file = None
        return value

    def _candidates(self) -> Iterator[Path]:
        zones = [
            (first_line(zone / "type") or "", zone / "temp") for zone in sorted(self._sys.glob("class/thermal/thermal_zone*"))
        ]
        for wanted in _PROCESSOR_ZONES:
            yield from (path for kind, path in zones if kind.startswith(wanted) and _celsius(path) is not None)
        for chip in sorted(self._sys.glob("class/hwmon/hwmon*")):
            if first_line(chip / "name") in _PROCESSOR_CHIPS:
                yield from (path for path in sorted(chip.glob("temp*_input")) if _celsius(path) is not None)
        yield from (path for _, path in zones if _celsius(path) is not None)


class ThrottleGauge:
    """The throttle bits of a Raspberry Pi; None on other machines. Reads files, as `Thermometer`."""

    def __init__(self, sys: Path = SYS) -> None:
        self._sys = sys
        self._file: Path | None = None
        self._is_alarm = False
        self._searched = False

    def read(self) -> Throttling | None:
        if not self._searched:
            self._search()
        if self._file is None:
            return None
        line = first_line(self._file)
        try:
            flags = int(line or "", 10 if self._is_alarm else 16)
        except ValueError:
            return None
        return Throttling(int(flags != 0), complete=False) if self._is_alarm else Throttling(flags)

    def _search(self) -> None:
        self._searched = True
        for path in sorted(self._sys.glob("devices/platform/soc*/*firmware*/get_throttled")):
            self._file = path
            return
        for chip in sorted(self._sys.glob("class/hwmon/hwmon*")):
            if first_line(chip / "name") == "rpi_volt":
                self._file, self._is_alarm = chip / "in0_lcrit_alarm", True
                return


def _celsius(path: Path) -> float | None:
    try:
        value = int(first_line(path) or "") / 1000
    except ValueError:
        return None
    return value if -40 < value < 150 else None


def first_line(path: Path) -> str | None:
    """Of a file of the kernel; None where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").split("\n", 1)[0].strip()
    except OSError:
        return None  # a sensor may be there and refuse to answer, or go with its driver
