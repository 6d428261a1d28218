"""All but the windows is imported, and the program serves, where no Qt is installed: an environment of its own proves it.

That nothing outside of `ui` and `app` imports Qt, not even inside a function, is a contract of import-linter's. So the tests of `app` are
run here, and those of all other rooms are collected, which imports them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QT = ("pyside6", "shiboken6", "pyqt6", "qasync", "pytest_qt", "pytestqt")

INI = """
[pytest]
addopts = --strict-markers --import-mode=importlib
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
timeout = 120
"""


@pytest.fixture(scope="module")
def python_without_qt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has every installed library but Qt's."""
    folder = tmp_path_factory.mktemp("without-qt")
    venv.create(folder, symlinks=True, with_pip=False)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    target = folder / "lib" / version / "site-packages"
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.lower().startswith(QT) and not (target / entry.name).exists():
            (target / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


def test_no_qt_is_there(python_without_qt: Path) -> None:
    for module in ("PySide6", "PyQt6", "qasync", "shiboken6"):
        done = subprocess.run([python_without_qt, "-c", f"import {module}"], capture_output=True, text=True, check=False)
        assert "ModuleNotFoundError" in done.stderr, module


def test_the_unit_tests_are_collected_and_those_of_the_app_pass(python_without_qt: Path, tmp_path: Path) -> None:
    ini = tmp_path / "pytest.ini"
    ini.write_text(INI, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    for chosen in (("--collect-only", ROOT / "tests/unit"), (ROOT / "tests/unit/app", ROOT / "tests/unit/core")):
        command = [str(part) for part in (python_without_qt, "-m", "pytest", "-q", "-c", ini, "--rootdir", ROOT, *chosen)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_the_program_starts_headless(python_without_qt: Path) -> None:
    done = subprocess.run(
        [python_without_qt, "-m", "chainbot_desktop", "--version"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [python_without_qt, "-c", "import chainbot_desktop.app.headless"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
