"""Runs the tests whenever a Python file of this folder changes. Ends with Ctrl+C or SIGTERM."""

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def stamps():
    return {path: path.stat().st_mtime_ns for path in sorted(HERE.rglob("*.py"))}


def run():
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "discover", "-s", "tests", "-t", "."], cwd=HERE, capture_output=True, text=True
    )
    for line in done.stderr.splitlines():
        print(line)
    print(f"tests {'passed' if done.returncode == 0 else 'FAILED'} at {time.strftime('%H:%M:%S')}")


seen = {}
while True:
    now = stamps()
    if now != seen:
        seen = now
        run()
    time.sleep(1)
