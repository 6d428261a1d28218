"""Process start to first painted frame, against a bare PySide6 window with one label. Cold first runs are left out."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from statistics import median

from tests.bench.measure import Result
from tests.helpers.program import program

ROUNDS = 7
_PAINTED = r"first frame (?:was )?painted at (\d+\.\d+)"


def run() -> list[Result]:
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        bare.append(_bare_start())
        with program() as panel:
            ours.append(float(panel.logged(_PAINTED)[1]) - panel.spawned_at)
    return [Result("start to first frame", median(ours[1:]), "s", median(bare[1:]), "<=2.5")]


def _bare_start() -> float:
    begin = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.controls.bare_window"], capture_output=True, text=True, check=True
    )
    found = re.search(_PAINTED, done.stdout)
    assert found is not None
    return float(found[1]) - begin
