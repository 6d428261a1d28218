"""The command `chainbot-desktop` (also `python -m chainbot_desktop`)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from chainbot_desktop.app.command_line import parse_arguments


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 it could not be done, 2 the command line or a setting is wrong."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    # Each command imports what it needs and no more: --headless runs where no Qt is installed, the window is painted first.
    if options.command == "doctor":
        from chainbot_desktop.app.doctor import run_doctor

        return run_doctor(options)
    if options.command == "token":
        from chainbot_desktop.app.door_commands import print_token

        return print_token(options)
    if options.command == "link":
        from chainbot_desktop.app.door_commands import print_link

        return print_link(options)
    if options.command == "model":
        from chainbot_desktop.app.model_commands import run_model_command

        return run_model_command(options)
    if options.command == "secret":
        from chainbot_desktop.app.secret_commands import run_secret_command

        return run_secret_command(options)
    if options.headless:
        from chainbot_desktop.app.headless import run_headless

        return run_headless(options)
    from chainbot_desktop.app.panel import run_panel

    return run_panel(options)


if __name__ == "__main__":
    sys.exit(main())
