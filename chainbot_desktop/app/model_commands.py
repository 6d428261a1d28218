"""`chainbot-desktop model list` and `chainbot-desktop model add FILE`: which file answers as the local model."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from chainbot_desktop.agents.models.model_files import ModelFolder, embedded_model
from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import Configuration, load_configuration
from chainbot_desktop.core.errors import ChainBotError

_EVERY = 0.5
"""Seconds between two lines of progress."""


def run_model_command(options: Options) -> int:
    action, *rest = options.rest
    try:
        configuration = load_configuration(config=options.config, data_dir=options.data_dir)
        folder = ModelFolder(configuration.data_dir / "models")
        if action == "add":
            _add(folder, Path(rest[0]), configuration)
        else:
            _list(folder, configuration)
    except ChainBotError as error:
        sys.stderr.write(f"chainbot-desktop: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nchainbot-desktop: given up; nothing was changed.\n")
        return 130
    return 0


def _add(folder: ModelFolder, source: Path, configuration: Configuration) -> None:
    target = folder.add(source, _progress())
    sys.stderr.write("\n")
    sys.stdout.write(f"{target.stem} is the local model now ({target}).\n")
    if configuration.settings.models.local_model is not None:
        sys.stdout.write(
            f"But models.local_model in the settings names {configuration.settings.models.local_model}: that one wins.\n"
        )
    if not configuration.settings.models.local_enabled:
        sys.stdout.write("But models.local_enabled is false in the settings: it is not started.\n")
    sys.stdout.write("A running program takes it when its providers are probed, or at its next start.\n")


def _list(folder: ModelFolder, configuration: Configuration) -> None:
    own = configuration.settings.models.local_model
    chosen = own.expanduser() if own is not None else folder.chosen()
    embedded = embedded_model()
    rows = [(path, path.stem) for path in folder.list()]
    if own is not None:
        rows.append((own.expanduser(), f"{own.stem} (named in the settings)"))
    if embedded is not None:
        rows.append((embedded.path, f"{embedded.name} (embedded, for demonstration)"))
        chosen = chosen or embedded.path
    for path, name in rows:
        mark = "*" if path == chosen else " "
        size = f"{path.stat().st_size / 1e6:,.0f} MB" if path.exists() else "missing"
        sys.stdout.write(f"{mark} {name}  {size}  {path}\n")
    if not rows:
        sys.stdout.write("There is no model file. Add one: chainbot-desktop model add FILE\n")


def _progress() -> Callable[[int, int], None]:
    last = monotonic() - _EVERY

    def show(done: int, total: int) -> None:
        nonlocal last
        if monotonic() - last >= _EVERY or done >= total:
            last = monotonic()
            sys.stderr.write(f"\r{done / 1e6:,.0f} of {total / 1e6:,.0f} MB")
            sys.stderr.flush()

    return show
