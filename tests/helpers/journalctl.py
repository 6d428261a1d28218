"""A `journalctl` that misbehaves as it is told: a real program, whose n-th run does what the n-th part of its plan says."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

Step = tuple[str, str | int]
"""out: text for stdout; hex: bytes for it; err: text for stderr; exit: a code; kill: a signal to itself; wait: for a file of that name.

After its last step it waits to be ended, as `journalctl --follow` does; after the last part of the plan it prints nothing.
"""

# The path of an interpreter may have spaces, or be too long for a first line: the shell is asked to start it.
_PROGRAM = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
'''
import json, os, pathlib, sys, time
folder = pathlib.Path({folder!r})
number = len(list(folder.glob("call-*")))
(folder / f"call-{{number}}.tmp").write_text(json.dumps(sys.argv[1:]))
os.rename(folder / f"call-{{number}}.tmp", folder / f"call-{{number}}")
plan = json.loads((folder / "plan.json").read_text())
for what, value in plan[number] if number < len(plan) else []:
    if what == "out":
        sys.stdout.buffer.write(value.encode("utf-8", "surrogateescape"))
    elif what == "hex":
        sys.stdout.buffer.write(bytes.fromhex(value))
    elif what == "err":
        sys.stderr.write(value)
    elif what == "exit":
        sys.exit(value)
    elif what == "kill":
        sys.stdout.flush()
        os.kill(os.getpid(), value)
    elif what == "wait":
        while not (folder / value).exists():
            time.sleep(0.01)
    sys.stdout.flush()
    sys.stderr.flush()
time.sleep(1000)
"""


class FakeJournalctl:
    def __init__(self, folder: Path, *runs: Sequence[Step]) -> None:
        self._folder = folder
        self.path = folder / "journalctl"
        (folder / "plan.json").write_text(json.dumps(runs))
        self.path.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
        self.path.chmod(0o755)

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of each run so far."""
        return [json.loads(path.read_text()) for path in sorted(self._folder.glob("call-?"))]

    def allow(self, name: str) -> None:
        """Let a run that waits for it go on."""
        (self._folder / name).touch()


def entry(number: int, message: object, **fields: object) -> str:
    """A line as `journalctl -o json` prints it."""
    whole = {
        "__CURSOR": f"s=1;i={number:x}",
        "__REALTIME_TIMESTAMP": str(1_700_000_000_000_000 + number),
        "MESSAGE": message,
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "kernel",
    } | fields
    return json.dumps(whole) + "\n"
