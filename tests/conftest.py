"""What every test has: no real keyring, no screen, no settings of the person who runs it."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# How quickly examples are made says something about the machine, not about the program.
settings.register_profile("chainbot", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("chainbot")

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
os.environ["PYTEST_QT_API"] = "pyside6"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("ALEX_OS_", "CHAINBOT_", "OPENAI_", "MACLINK_")) or name in {
            "DATABASE_URL",
            "SECRET_KEY",
            "LOG_LEVEL",
        }:
            monkeypatch.delenv(name)
