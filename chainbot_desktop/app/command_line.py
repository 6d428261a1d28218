"""What may be typed after `chainbot-desktop`. Imports next to nothing: it runs before the first pixel."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainbot_desktop import __version__

_COMMANDS = {
    "run": "start the panel (the default)",
    "doctor": "check this machine and say what to do",
    "token": "print the admin token of a data directory",
    "link": "print a new one-time link to the page of the running program",
    "model": "list the files that can answer as the local model, or add one: model list, model add FILE",
    "chat": "import conversations: chat import FILE (an export of ChatGPT: its ZIP, or conversations.json)",
    "audit": "prove the audit trail: audit verify (the journal), audit verify FILE (an export), audit export --output FILE",
    "secret": "keep a key for providers, APIs and tool servers: secret set NAME, secret list, secret delete NAME",
}
_ACTIONS: dict[str, tuple[dict[str, tuple[int, ...]], str]] = {
    "model": ({"list": (1,), "add": (2,)}, "'list' or by 'add FILE'"),
    "chat": ({"import": (2,)}, "'import FILE'"),
    "audit": ({"verify": (1, 2), "export": (1,)}, "'verify', 'verify FILE' or 'export'"),
    "secret": ({"list": (1,), "set": (2,), "delete": (2,)}, "'list', 'set NAME' or 'delete NAME'"),
}
"""Of commands of several words: how many each takes, itself included, and how that is said."""


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What belongs to `audit` alone. `begin` and `end` are places in the journal or times, as they were typed."""

    database: Path | None = None
    form: str = "jsonl"
    begin: str | None = None
    end: str | None = None
    output: Path | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, checked. `host` and `port` are None where the settings decide."""

    command: str
    kiosk: bool
    demo: bool
    headless: bool
    host: str | None
    port: int | None
    data_dir: Path | None
    config: Path | None
    rest: tuple[str, ...] = ()
    """What follows the command, for a command that takes more."""
    audit: AuditOptions = AuditOptions()

    @property
    def mode(self) -> str:
        return "headless" if self.headless else "kiosk" if self.kiosk else "panel"

    def server_flags(self) -> dict[str, dict[str, Any]]:
        """The settings that the command line names, by section."""
        given = {"host": self.host, "port": self.port}
        return {"server": {key: value for key, value in given.items() if value is not None}}


def parse_arguments(arguments: Sequence[str]) -> Options:
    """Exits with code 2 and a sentence where the command line is wrong, with 0 after --help and --version."""
    parser = argparse.ArgumentParser(
        prog="chainbot-desktop",
        description="The panel from which one person runs a house full of agents.",
        epilog="commands: " + "; ".join(f"{name}: {text}" for name, text in _COMMANDS.items()),
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", choices=tuple(_COMMANDS), default="run", help="what to do (default: run)")
    parser.add_argument("rest", nargs="*", metavar="...", help="what the command wants to know")
    parser.add_argument("--kiosk", action="store_true", help="fill the screen and stay there")
    parser.add_argument("--demo", action="store_true", help="start an ALEX OS simulator beside the program and use it")
    parser.add_argument("--headless", action="store_true", help="serve without a window; needs no Qt")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=_port, help="port to listen on (default: 9000)")
    parser.add_argument("--data-dir", type=Path, help="folder of the journal and everything else that is kept")
    parser.add_argument("--config", type=Path, help="settings file (default: config.yaml in the configuration folder)")
    _add_audit_options(parser)
    parser.add_argument("--version", action="version", version=f"chainbot-desktop {__version__}")
    # Options may stand between the words of a command.
    found = parser.parse_intermixed_args(arguments)
    if found.headless and found.kiosk:
        parser.error("--headless has no screen to fill with --kiosk")
    if found.command != "run" and (found.kiosk or found.demo or found.headless):
        parser.error(f"--kiosk, --demo and --headless belong to 'run', not to '{found.command}'")
    if found.command in _ACTIONS:
        actions, said = _ACTIONS[found.command]
        if not found.rest or len(found.rest) not in actions.get(found.rest[0], ()):
            parser.error(f"'{found.command}' is followed by {said}")
        _check_audit_options(parser, found)
    elif found.rest:
        parser.error(f"unrecognized arguments: {' '.join(found.rest)}")
    else:
        _check_audit_options(parser, found)
    return Options(
        command=found.command,
        kiosk=found.kiosk,
        demo=found.demo,
        headless=found.headless,
        host=found.host,
        port=found.port,
        data_dir=found.data_dir,
        config=found.config,
        rest=tuple(found.rest),
        audit=AuditOptions(found.database, found.format or "jsonl", found.begin, found.end, found.output),
    )


def _add_audit_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of 'audit'")
    group.add_argument("--database", type=Path, help="database to look into (default: that of the data folder)")
    group.add_argument("--format", choices=("jsonl", "csv"), help="form of the export (default: jsonl)")
    group.add_argument(
        "--from", dest="begin", metavar="SEQ|TIME", help="first event of the export, by number or time (RFC 3339)"
    )
    group.add_argument("--to", dest="end", metavar="SEQ|TIME", help="last event of the export")
    group.add_argument("--output", type=Path, metavar="FILE", help="where to write the export; its proof is written beside it")


def _check_audit_options(parser: argparse.ArgumentParser, found: argparse.Namespace) -> None:
    of_exports = (found.format, found.begin, found.end, found.output)
    exporting = found.command == "audit" and found.rest[:1] == ["export"]
    if exporting and found.output is None:
        parser.error("'audit export' needs --output FILE")
    if not exporting and any(value is not None for value in of_exports):
        parser.error("--format, --from, --to and --output belong to 'audit export'")
    if found.database is not None and (found.command != "audit" or len(found.rest) > 1):
        parser.error("--database belongs to 'audit verify' and 'audit export'")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)
