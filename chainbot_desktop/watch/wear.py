"""How worn the flash is that the machine lives on, where the card tells: eMMC chips do, most SD cards do not.

The registers are those of JEDEC eMMC 5.0 (EXT_CSD bytes 267 to 269): `life_time` has two estimates in tenths of the life that is used
up, `pre_eol_info` says how much of the spare blocks is gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chainbot_desktop.watch.sensors import SYS, first_line

_EXCEEDED = 0xB


@dataclass(frozen=True, slots=True)
class Wear:
    """Of the most worn card. `percent` of its life at most used up (the card counts in tenths; 100 is also: more than it was made for).

    `spare`: 1 enough spare blocks, 2 four fifths of them are used, 3 hardly any is left. None: the card does not tell.
    """

    percent: float | None
    spare: int | None


class WearGauge:
    """`read` reads files of the kernel, which asks the card: on a thread that may wait."""

    def __init__(self, sys: Path = SYS) -> None:
        self._sys = sys

    def read(self) -> Wear | None:
        devices = [path / "device" for path in self._sys.glob("block/mmcblk*") if (path / "device").is_dir()]
        percents = [percent for device in devices for percent in _used_up(device)]
        spares = [spare for device in devices for spare in _spare(device)]
        if not percents and not spares:
            return None
        return Wear(max(percents, default=None), max(spares, default=None))


def _used_up(device: Path) -> Iterator[float]:
    for word in (first_line(device / "life_time") or "").split():
        value = _hexadecimal(word)
        if value is not None and 0 < value <= _EXCEEDED:
            yield min(100.0, value * 10.0)


def _spare(device: Path) -> Iterator[int]:
    value = _hexadecimal(first_line(device / "pre_eol_info") or "")
    if value is not None and 1 <= value <= 3:
        yield value


def _hexadecimal(word: str) -> int | None:
    try:
        return int(word, 16)
    except ValueError:
        return None
