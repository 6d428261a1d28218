"""Runs the tests of a Python project whenever one of its files changes: pytest where the project has it, else unittest.

It works in the folder that it is started in, with the project's own Python (`.venv`, `venv`) where there is one. Ends with SIGTERM.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

LOOK_SECONDS = 1.0
_LEFT_OUT = frozenset({"__pycache__", "node_modules", "build", "dist", "venv", "site-packages"})
_WATCHED = (".py", ".toml", ".cfg", ".ini")
_MOST_FILES = 20_000
_NO_TESTS = 5
"""What pytest ends with where it finds none, and unittest since Python 3.12."""


def project_python(folder: Path) -> str:
    for name in (".venv", "venv"):
        python = folder / name / "bin" / "python"
        if python.is_file():
            return str(python)
    return shutil.which("python3") or sys.executable


def test_command(python: str, folder: Path) -> list[str]:
    has_pytest = subprocess.run([python, "-c", "import pytest"], cwd=folder, capture_output=True, check=False)  # noqa: S603
    if has_pytest.returncode == 0:
        return [python, "-m", "pytest", "-q", "--color=no"]
    return [python, "-m", "unittest", "discover"]


def stamps(folder: Path) -> dict[str, int]:
    """When each file that matters was changed last."""
    found: dict[str, int] = {}
    for path in _files(folder):
        try:
            found[path] = os.stat(path).st_mtime_ns  # noqa: PTH116 (thousands of them every second)
        except OSError:  # gone in this moment
            continue
        if len(found) >= _MOST_FILES:
            break
    return found


def run_once(folder: Path) -> int:
    """Prints what the tests print, and a last line that says how they went."""
    python = project_python(folder)
    done = subprocess.run(test_command(python, folder), cwd=folder, stderr=subprocess.STDOUT, check=False)  # noqa: S603
    how = "passed" if done.returncode == 0 else "not found" if done.returncode == _NO_TESTS else "FAILED"
    _say(f"tests {how} at {time.strftime('%H:%M:%S')}")
    return done.returncode


def watch(folder: Path) -> None:
    seen: dict[str, int] | None = None
    while True:
        now = stamps(folder)
        if now != seen:
            seen = now
            run_once(folder)
        time.sleep(LOOK_SECONDS)


def _files(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT and not name.startswith(".")]
        for name in names:
            if name.endswith(_WATCHED):
                yield f"{place}/{name}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    watch(Path.cwd())
