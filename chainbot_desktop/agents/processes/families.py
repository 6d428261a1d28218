"""Which processes belong to a child, its runaways included, and how they are ended for sure.

A process can leave its parent (double fork) and its group (setsid), but hardly its environment: every child carries a mark there,
and what it starts inherits it. Where a systemd scope confines it, what dropped the mark is still in the scope. Run as a program
(`python -I -S families.py MARK`) this file is the warden: it waits until the program that holds its standard input is gone, however it
went, and then ends everything that bears the mark. So it imports the standard library alone, and little of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

MARK = "INSIDE_CHAINBOT"
"""The variable: `<a random word of the program's life>.<number of the child>`."""

_DEAD_STATES = "ZXx"
_GIVE_UP_SECONDS = 5.0
_EXEC_LOOKS = 5
_EXEC_SECONDS = 0.002
"""In the middle of an exec a process shows no environment: it is looked at again, so often and after so long each time."""
_QUIET_LOOKS = 3
"""A child that was being made while its parent was killed shows its mark only after its exec."""


class Process:
    """As /proc told of it; `started` in clock ticks since boot (proc(5)). A plain class: dataclasses would double the warden's start."""

    __slots__ = ("group", "parent", "pid", "session", "started")

    def __init__(self, pid: int, parent: int, group: int, session: int, started: int) -> None:
        self.pid = pid
        self.parent = parent
        self.group = group
        self.session = session
        self.started = started


def process_of(pid: int) -> Process | None:
    """None where there is no such process, or only its remains that nobody has collected yet."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123  pathlib would double the warden's start
            # The name in parentheses may hold anything, also parentheses and spaces.
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0].decode() in _DEAD_STATES:
        return None
    return Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))


def living(mark: str | None = None) -> tuple[dict[int, Process], dict[int, Process]]:
    """Every process, and those of them whose mark is `mark` or begins with it and a dot.

    The list of processes is read again until it names none that was not looked at: one that forked and ended between the list and the
    look has its child in the next list, so nobody escapes by moving on. What other users' processes bear cannot be read.
    """
    found: dict[int, Process] = {}
    marked: dict[int, Process] = {}
    bare: list[Process] = []
    seen: set[str] = set()
    while new := [name for name in os.listdir("/proc") if name.isdigit() and name not in seen]:  # noqa: PTH208  see above
        for name in new:
            process = process_of(int(name))
            if process is None:
                continue
            found[process.pid] = process
            if mark is not None:
                _look(process, mark, marked, bare)
        seen.update(new)
    for _ in range(_EXEC_LOOKS):
        if mark is None or not bare:
            break
        time.sleep(_EXEC_SECONDS)
        again, bare = bare, []
        for process in again:
            _look(process, mark, marked, bare)
    return found, marked


def _look(process: Process, mark: str, marked: dict[int, Process], bare: list[Process]) -> None:
    """Put it with those that bear the mark or with those that show nothing at all, if it is one of them."""
    exact = f"{MARK}={mark}".encode()
    entries = _environ(process.pid)
    if any(entry == exact or entry.startswith(exact + b".") for entry in entries) or _is_in_scope(process.pid, mark):
        marked[process.pid] = process
    elif entries == [b""]:
        bare.append(process)


def scope_of(mark: str) -> str:
    """The name of the systemd unit of the child with that mark, without its ending."""
    return f"chainbot-{mark.replace('.', '-')}"


def _is_in_scope(pid: int, mark: str) -> bool:
    try:
        with open(f"/proc/{pid}/cgroup", "rb") as file:  # noqa: PTH123  see above
            group = file.read()
    except OSError:
        return False
    scope = f"/{scope_of(mark)}".encode()
    return scope + b".scope" in group or scope + b"-" in group


def mark_of(pid: int) -> str | None:
    return mark_in(_environ(pid))


def mark_in(entries: Iterable[bytes]) -> str | None:
    prefix = f"{MARK}=".encode()
    for entry in entries:
        if entry.startswith(prefix):
            return entry[len(prefix) :].decode(errors="replace")
    return None


def shown_mark(pid: int) -> str | None:
    """As `mark_of`, but empty where it bears none for good, and None where it shows nothing yet: ask again."""
    entries = _environ(pid)
    return None if entries == [b""] else mark_in(entries) or ""


def family(leader: int, started: int | None, mark: str | None) -> list[Process]:
    """What lives of the child `leader`: itself, its group and session, all that descend from those, and all that bear its mark.

    `started` tells the leader from another process that got its pid; None where it was dead before anyone looked.
    """
    all_living, found = living(mark)
    all_living.pop(os.getpid(), None)
    holder = all_living.get(leader)
    # While anyone lives in a group, the kernel gives its number to no other process: another holder means an empty group.
    if holder is None or holder.started == started:
        found |= {p.pid: p for p in all_living.values() if leader in (p.pid, p.group, p.session)}
    return _with_descendants(found, all_living)


def send(process: Process, number: int) -> None:
    """To this very process, never to another one that got its pid meanwhile."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        now = process_of(process.pid)
        if now is not None and now.started == process.started:
            with contextlib.suppress(OSError):  # gone this moment, or it changed its user
                signal.pidfd_send_signal(descriptor, number)
    finally:
        os.close(descriptor)


def keeps_others(process: Process) -> bool:
    """Whether it is bubblewrap, waiting for what it confines: told to end it does so at once, and the kernel kills what is inside."""
    try:
        with open(f"/proc/{process.pid}/comm", "rb") as file:  # noqa: PTH123  see above
            return file.read() == b"bwrap\n"
    except OSError:
        return False


def kill(processes: Iterable[Process]) -> None:
    """Held first, so that none makes another while the rest is being killed."""
    condemned = list(processes)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for process in condemned:
            send(process, number)


def _with_descendants(found: dict[int, Process], all_living: dict[int, Process]) -> list[Process]:
    children: dict[int, list[Process]] = {}
    for process in all_living.values():
        children.setdefault(process.parent, []).append(process)
    waiting = list(found)
    while waiting:
        for process in children.get(waiting.pop(), ()):
            if process.pid not in found:
                found[process.pid] = process
                waiting.append(process.pid)
    return list(found.values())


def _environ(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123  see above
            return file.read().split(b"\0")
    except OSError:
        return []


def _watch(mark: str) -> None:
    """The warden's life. A word on its standard input sends it home; the end of the input means that the program is gone."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it must outlive the program by a moment, and ends by itself
    if os.read(0, 1):
        return
    end = time.monotonic() + _GIVE_UP_SECONDS
    quiet = 0
    while quiet < _QUIET_LOOKS and time.monotonic() < end:
        all_living, found = living(mark)
        left = _with_descendants(found, all_living)
        kill(left)
        quiet = 0 if left else quiet + 1
        time.sleep(0.05)


if __name__ == "__main__":
    _watch(sys.argv[1])
