"""What a benchmark says: a figure, its control from the same run, their ratio, and the ratio that was aimed at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Result:
    """`target` begins with "<=" or ">=" and is about `ratio`, which is value / control."""

    name: str
    value: float
    unit: str
    control: float
    target: str
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.control if self.control else float("inf")

    @property
    def met(self) -> bool:
        bound = float(self.target[2:])
        return self.ratio <= bound if self.target.startswith("<=") else self.ratio >= bound

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "control": round(self.control, 4),
            "ratio": round(self.ratio, 4),
            "target": self.target,
            "met": self.met,
            "note": self.note,
        }


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(len(ordered) * share + 0.9999) - 1))]


def middle(values: Sequence[float]) -> float:
    return median(values)


def table(results: Sequence[Result]) -> str:
    rows = [("benchmark", "value", "control", "unit", "ratio", "target", "")]
    for result in results:
        verdict = "met" if result.met else "MISSED"
        figures = (f"{result.value:.2f}", f"{result.control:.2f}", result.unit, f"{result.ratio:.2f}", result.target)
        rows.append((result.name, *figures, verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"
