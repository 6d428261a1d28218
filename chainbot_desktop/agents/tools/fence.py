"""Becomes another program behind a Landlock fence: `python -I -S fence.py PROGRAM ARGUMENT...`. Imports the standard library alone.

Who shares the network shares its abstract sockets: those of X11, of some session buses and input methods. Through one of them a
command could type into the windows of the person. From Linux 6.12 on the kernel keeps a process from all that were not made behind
its own fence; connections over the network and to sockets that are files go on as before.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
"""The same numbers on all architectures (landlock(7))."""
_VERSION_FLAG = 1
_SCOPE_ABSTRACT_UNIX_SOCKET = 1
_FIRST_WITH_SCOPES = 6
_PR_SET_NO_NEW_PRIVS = 38


def fence_is_there() -> bool:
    version: int = ctypes.CDLL(None).syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    return version >= _FIRST_WITH_SCOPES


def enter_fence() -> None:
    """For this process and all that it makes. OSError where the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    attributes = struct.pack("=QQQ", 0, 0, _SCOPE_ABSTRACT_UNIX_SOCKET)  # handled_access_fs, handled_access_net, scoped
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    _require(ruleset >= 0)
    _require(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
    _require(libc.syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)) == 0)
    os.close(ruleset)


def _require(fine: bool) -> None:
    if not fine:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    enter_fence()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - no shell is the point
