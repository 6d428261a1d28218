"""`make bench`: every benchmark beside its control in the same run, as a table and as build/bench.json.

`python -m tests.bench [NAME]` runs those whose module or result begins with NAME. Exit code 1 if a target was missed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path

from tests.bench.measure import Result, table

MODULES = (
    "start",
    "webhooks",
    "screen",
    "growth",
    "audit",
    "agents",
    "vitals",
    "models",
    "map",
    "chat_view",
    "chat_search",
    "chat_import",
    "log_file",
    "recall",
    "alerts",
    "log_view",
    "metric_chart",
)
OUTPUT = Path(__file__).resolve().parents[2] / "build" / "bench.json"


def main(only: str) -> int:
    chosen = [name for name in MODULES if not only or name.startswith(only) or only.startswith(name)]
    if not chosen:
        sys.stderr.write(f"There is no benchmark {only!r}; there are {', '.join(MODULES)}.\n")
        return 2
    os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QT_API": "pyside6"}
    results: list[Result] = []
    for name in chosen:
        sys.stderr.write(f"{name} ...\n")
        results += importlib.import_module(f"tests.bench.{name}").run()
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps([result.as_json() for result in results], indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(results))
    return 0 if all(result.met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
