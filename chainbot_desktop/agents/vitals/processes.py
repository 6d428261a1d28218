"""CPU and memory of agents' processes. All of it reads /proc: call it on a thread, one look at a time.

A family's CPU time is that of its living processes and of the children that they have waited for, so a compiler that ran for half a
second between two looks counts with the make that waited for it. What ends in the middle of a look is left out, no error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psutil

from chainbot_desktop.agents.processes import families
from chainbot_desktop.agents.processes.child import Leader

LONGEST_STEP = 10.0
"""Seconds; an average over a longer time says nothing of now."""

_Identity = tuple[int, int]
"""Pid and start: the kernel gives a pid to another process later."""


@dataclass(frozen=True, slots=True)
class Load:
    """`cpu_percent`: 100 is one core; None at the first look, which has nothing to compare with. Memory in bytes (RSS)."""

    cpu_percent: float | None
    memory_bytes: int


class ProcessLoads:
    """Remembers what it saw at the last look. `clock` in seconds, monotonic."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._marks: dict[_Identity, str] = {}
        self._known: dict[_Identity, psutil.Process] = {}
        self._spent: dict[Leader, float] = {}
        self._looked_at = float("-inf")

    def look(self, agents: Mapping[str, Sequence[Leader]]) -> dict[str, Load]:
        """The loads of those agents that have a living process. All agents at once: one that is new is taken to have just begun."""
        owners = {leader: agent_id for agent_id, leaders in agents.items() for leader in leaders}
        found = self._families(tuple(owners))
        at = self._clock()
        passed, self._looked_at = at - self._looked_at, at
        before, self._spent = self._spent, {}
        loads: dict[str, Load] = {}
        for leader, identities in found.items():
            read = [figures for identity in identities if (figures := self._read(identity)) is not None]
            if not read:
                continue
            self._spent[leader] = spent = sum(cpu for cpu, _ in read)
            # Who was not there at the last look began since: all that it used was used since.
            cpu = max(0.0, spent - before.get(leader, 0.0)) / passed * 100 if 0 < passed <= LONGEST_STEP else None
            agent_id = owners[leader]
            loads[agent_id] = _sum(loads.get(agent_id), cpu, sum(memory for _, memory in read))
        alive = {identity for identities in found.values() for identity in identities}
        self._known = {identity: process for identity, process in self._known.items() if identity in alive}
        return loads

    def proportional(self, agents: Mapping[str, Sequence[Leader]]) -> dict[str, int]:
        """Memory in bytes of those agents that have a living process; what processes share is divided among them.

        Of a process that does not show its map it is the resident memory.
        """
        owners = {leader: agent_id for agent_id, leaders in agents.items() for leader in leaders}
        sizes: dict[str, int] = {}
        for leader, identities in self._families(tuple(owners)).items():
            for pid, _ in identities:
                size = _proportional_size(pid)
                if size:  # one that just ended still stands in the table for a moment, with nothing
                    sizes[owners[leader]] = sizes.get(owners[leader], 0) + size
        return sizes

    def _read(self, identity: _Identity) -> tuple[float, int] | None:
        """CPU seconds, with those of children that it waited for, and memory; None where it ended this moment."""
        try:
            process = self._known.get(identity)
            if process is None:
                process = self._known[identity] = psutil.Process(identity[0])
            with process.oneshot():
                times = process.cpu_times()
                memory: int = process.memory_info().rss
        except psutil.Error:
            return None
        waited = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return times.user + times.system + waited, memory

    def _families(self, leaders: Sequence[Leader]) -> dict[Leader, list[_Identity]]:
        """Who belongs to whom: by session and group, by the mark, or by descent."""
        living, _ = families.living()
        living.pop(os.getpid(), None)
        self._read_marks(living)
        by_pid = {leader.pid: leader for leader in leaders if _holds(living.get(leader.pid), leader)}
        by_mark = {leader.mark: leader for leader in leaders}
        owner: dict[int, Leader | None] = {}
        for process in living.values():
            near = by_pid.get(process.pid) or by_pid.get(process.session) or by_pid.get(process.group)
            owner[process.pid] = near or by_mark.get(self._marks.get((process.pid, process.started), ""))
        found: dict[Leader, list[_Identity]] = {}
        for process in living.values():
            leader = _descent(process, owner, living)
            if leader is not None:
                found.setdefault(leader, []).append((process.pid, process.started))
        return found

    def _read_marks(self, living: Mapping[int, families.Process]) -> None:
        """A mark is read once in the life of a process; a process shows none in the middle of an exec, and is then asked again."""
        marks: dict[_Identity, str] = {}
        for process in living.values():
            identity = (process.pid, process.started)
            mark = self._marks.get(identity)
            if mark is None:
                mark = families.shown_mark(process.pid)
            if mark is not None:
                marks[identity] = mark
        self._marks = marks


def _proportional_size(pid: int) -> int | None:
    """None where it ended this moment."""
    try:
        process = psutil.Process(pid)
        try:
            size: int = process.memory_full_info().pss
        except (psutil.AccessDenied, AttributeError):
            size = process.memory_info().rss
    except psutil.Error:
        return None
    return size


def _holds(process: families.Process | None, leader: Leader) -> bool:
    """While anyone lives in a group, its number is given to no other process: no holder, or the right one."""
    return process is None or process.started == leader.started


def _descent(
    process: families.Process, owner: dict[int, Leader | None], living: Mapping[int, families.Process]
) -> Leader | None:
    path: list[int] = []
    here: families.Process | None = process
    while here is not None and owner[here.pid] is None and len(path) < len(living):
        path.append(here.pid)
        here = living.get(here.parent)
    found = owner[here.pid] if here is not None else None
    if found is not None:
        owner.update(dict.fromkeys(path, found))
    return found


def _sum(load: Load | None, cpu: float | None, memory: int) -> Load:
    if load is None:
        return Load(cpu if cpu is None else round(cpu, 1), memory)
    both = None if cpu is None or load.cpu_percent is None else round(load.cpu_percent + cpu, 1)
    return Load(both, load.memory_bytes + memory)
