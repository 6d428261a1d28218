"""Transient systemd scopes: the kernel's own fence around a child and all that it starts, where systemd really runs and answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_PROBE_SECONDS = 5.0
_READ_LIMITS = 'g=/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup); cat "$g/memory.max" "$g/cpu.max"'
"""What the kernel really enforces: systemd accepts limits also where a controller was not handed down to it."""
_OOM_POLICY = ("-p", "OOMPolicy=kill")
"""All of the scope goes at once, and systemd remembers why; for scopes since its version 253."""


class Scopes:
    """Makes the words that go before a command. `probe` starts programs: call it on a thread."""

    def __init__(self, systemd_run: str | None = None, running: Path = Path("/run/systemd/system")) -> None:
        self._program = systemd_run
        self._running = running
        self._works: bool | None = None
        self._oom_policy: Sequence[str] = ()

    def probe(self) -> bool:
        """Whether a scope with limits can be had here. Asked once: it takes a tenth of a second."""
        if self._works is None:
            self._works = self._running.is_dir() and self._try()
        return self._works

    def prefix(self, unit: str, memory_mb: int | None, cpu_percent: int | None) -> list[str]:
        """Empty where nothing is to be limited or nothing can be."""
        if self._program is None or not self._works or (memory_mb is None and cpu_percent is None):
            return []
        properties = []
        if memory_mb is not None:
            properties += ["-p", f"MemoryMax={memory_mb}M", "-p", "MemorySwapMax=0", *self._oom_policy]
        if cpu_percent is not None:
            properties += ["-p", f"CPUQuota={cpu_percent}%"]
        return [*self._scope(), f"--unit={unit}.scope", *properties, "--"]

    def out_of_memory(self, unit: str) -> bool:
        """Whether its limit on memory ended that scope. Asked once for each, when it has ended: systemd then forgets it. Blocking."""
        if self._program is None or not self._oom_policy:
            return False
        control = [str(Path(self._program).with_name("systemctl")), *self._manager()]
        result = self._run([*control, "show", "--property=Result", "--value", f"{unit}.scope"]).strip()
        if result == "oom-kill":
            self._run([*control, "reset-failed", f"{unit}.scope"])
        return result == "oom-kill"

    def _scope(self) -> list[str]:
        assert self._program is not None
        return [self._program, *self._manager(), "--scope", "--quiet"]

    @staticmethod
    def _manager() -> list[str]:
        return [] if os.geteuid() == 0 else ["--user"]

    def _try(self) -> bool:
        self._program = self._program or shutil.which("systemd-run")
        if self._program is None:
            return False
        if self._keeps_limits(_OOM_POLICY):
            self._oom_policy = _OOM_POLICY
            return True
        return self._keeps_limits(())

    def _keeps_limits(self, more: Sequence[str]) -> bool:
        limits = self._run([*self._scope(), "-p", "MemoryMax=64M", "-p", "CPUQuota=50%", *more, "--", "sh", "-c", _READ_LIMITS])
        lines = limits.splitlines()
        return len(lines) == 2 and not any(line.startswith("max") for line in lines)

    @staticmethod
    def _run(arguments: Sequence[str]) -> str:
        try:
            done = subprocess.run(arguments, capture_output=True, timeout=_PROBE_SECONDS, check=True, stdin=subprocess.DEVNULL)  # noqa: S603
        except (OSError, subprocess.SubprocessError):
            return ""
        return done.stdout.decode(errors="replace")
