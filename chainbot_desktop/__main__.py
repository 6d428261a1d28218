"""The command `chainbot-desktop` (also `python -m chainbot_desktop`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import cast

from chainbot_desktop.app.command_line import Options, parse_arguments

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("panel", "run_panel"),
    "headless": ("headless", "run_headless"),
    "doctor": ("doctor", "run_doctor"),
    "token": ("door_commands", "print_token"),
    "link": ("door_commands", "print_link"),
    "model": ("model_commands", "run_model_command"),
    "chat": ("chat_import_commands", "run_chat_command"),
    "audit": ("audit_commands", "run_audit_command"),
    "secret": ("secret_commands", "run_secret_command"),
}
"""Where each is done: a module of `app`, and its function."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 it could not be done, 2 the command line or a setting is wrong.

    3: the audit trail was verified, and is broken.
    """
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    # Each command imports what it needs and no more: --headless runs where no Qt is installed, the window is painted first.
    module, function = _COMMANDS["headless" if options.headless else options.command]
    run = cast(Callable[[Options], int], getattr(import_module(f"chainbot_desktop.app.{module}"), function))
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
