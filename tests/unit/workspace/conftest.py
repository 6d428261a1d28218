"""A person's rights: root is refused nothing, so as root a test takes another user's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@pytest.fixture
def unprivileged(tmp_path: Path) -> Iterator[None]:
    """Run the test's file operations with an ordinary user's effective rights."""
    if os.geteuid() != 0:
        yield
        return
    folder = tmp_path
    while folder != folder.parent and folder.stat().st_mode & 0o001 == 0:
        folder.chmod(folder.stat().st_mode | 0o711)
        folder = folder.parent
    os.chown(tmp_path, NOBODY, NOBODY)
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
