"""`chainbot-desktop audit verify|export`: proves the audit trail, or takes a signed copy, whether the program runs or not.

Both only read. Exit codes: 0 whole (or written), 1 it could not be done, 3 broken, 130 given up.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import FrameType

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import Configuration, database_path, load_configuration
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.core.ports import ChainReport
from chainbot_desktop.security.checkpoints import Checkpoints, Kept
from chainbot_desktop.security.secret_store import SecretStore, SecretsUnavailable, desktop_keyring
from chainbot_desktop.security.signed_exports import Proof, prove_export, write_export
from chainbot_desktop.security.signing import Signer, read_or_make_signer, read_signer
from chainbot_desktop.security.verification import broken_checkpoints
from chainbot_desktop.store.audit_export import AuditExport, Stretch
from chainbot_desktop.store.chain import verify_chain

BROKEN = 3
_EVERY = 0.5
"""Seconds between two words of progress on a terminal."""


def run_audit_command(options: Options) -> int:
    signal.signal(signal.SIGTERM, _give_up)
    try:
        configuration = load_configuration(config=options.config, data_dir=options.data_dir)
        if options.rest[0] == "export":
            return _export(options, configuration)
        return _prove(Path(options.rest[1]), configuration) if len(options.rest) > 1 else _verify(options, configuration)
    except ChainBotError as error:
        sys.stderr.write(f"chainbot-desktop: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nchainbot-desktop: given up; nothing was left behind.\n")
        return 130


def _verify(options: Options, configuration: Configuration) -> int:
    path = _database(options, configuration)
    kept = _kept(path.parent if options.audit.database is not None else configuration.data_dir, configuration)
    try:
        with _Progress("verified") as progress:
            report = verify_chain(path, kept.heads, progress.show)
    except sqlite3.Error as error:
        raise NotFound(f"{path} cannot be read: {error}.", hint="Is it the database of a ChainBot Desktop?") from error
    assert report is not None
    return _say(broken_checkpoints(report, kept.broken_lines) if report.ok and kept.broken_lines else report)


def _say(report: ChainReport) -> int:
    begins = f" The journal begins with event {report.first_seq:,}: older ones were pruned." if report.first_seq > 1 else ""
    if not report.ok:
        where = f" at event {report.broken_at}" if report.broken_at is not None else ""
        sys.stdout.write(f"BROKEN{where} ({report.fault}): {report.reason}\n")
        return BROKEN
    vouched = f"Signed checkpoints vouch for all up to event {report.vouched:,}."
    if not report.vouched:
        vouched = (
            "No signed checkpoint vouches for it: that nothing is missing at the end, or was computed anew, is not proved."
        )
    sys.stdout.write(f"Whole: {report.checked:,} events fit each other.{begins} {vouched}\n")
    return 0


def _prove(file: Path, configuration: Configuration) -> int:
    signer = _known_signer(configuration)
    with _Progress("checked") as progress:
        proof = prove_export(file, signer.public if signer is not None else None, progress.show)
    assert proof is not None
    if proof.problem:
        sys.stdout.write(f"BROKEN: {proof.problem}\n")
        return BROKEN
    sys.stdout.write(
        f"Whole: {proof.checked:,} events ({proof.first_seq:,} to {proof.last_seq:,}), exported {proof.time}.\n"
        f"Signed by {proof.fingerprint}, {_whose(proof)}.\n"
    )
    return 0


def _whose(proof: Proof) -> str:
    if proof.known_key:
        return "which is the key of this installation"
    return "which is not the key of this installation: compare it with what the other one shows"


def _export(options: Options, configuration: Configuration) -> int:
    path = _database(options, configuration)
    assert options.audit.output is not None
    target = options.audit.output.expanduser().absolute()
    first, after = _bound(options.audit.begin)
    last, before = _bound(options.audit.end)
    export = AuditExport(path, "csv" if options.audit.form == "csv" else "jsonl", Stretch(first, last, after, before))
    signer = read_or_make_signer(_secrets(configuration))
    try:
        with _Progress("exported") as progress:
            done = write_export(export, target, signer, progress.show, lambda: False)
    except sqlite3.Error as error:
        raise NotFound(f"{path} cannot be read: {error}.", hint="Is it the database of a ChainBot Desktop?") from error
    assert done is not None
    summary = done.summary
    sys.stdout.write(
        f"{summary.count:,} events ({summary.first_seq:,} to {summary.last_seq:,}) are in {target}.\nSigned by {done.fingerprint}.\n"
    )
    if summary.broken_at is not None:
        sys.stderr.write(f"chainbot-desktop: the chain is broken at event {summary.broken_at}; it was exported as it is.\n")
    return 0


def _bound(text: str | None) -> tuple[int | None, str | None]:
    """A place or a time; a time without an offset is UTC."""
    if text is None:
        return None, None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text), None
    try:
        moment = datetime.fromisoformat(text)
        return None, format_time(parse_time(text) if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InvalidInput(
            f"{text[:60]!r} is neither the number of an event nor a time.", hint="Write 2026-01-31T12:00:00Z."
        ) from None


def _database(options: Options, configuration: Configuration) -> Path:
    path = options.audit.database or database_path(configuration.settings, configuration.data_dir)
    if not path.is_file():
        raise NotFound(f"There is no database {path}.", hint="Name its folder with --data-dir, or itself with --database.")
    return path


def _kept(folder: Path, configuration: Configuration) -> Kept:
    signer = _known_signer(configuration)
    if signer is None:
        return Kept(())
    checkpoints = Checkpoints(folder)
    try:
        return checkpoints.read(signer.public)
    except OSError as error:
        raise NotFound(f"{checkpoints.path} cannot be read: {error.strerror}.") from error


def _known_signer(configuration: Configuration) -> Signer | None:
    try:
        return read_signer(_secrets(configuration))
    except SecretsUnavailable as error:
        sys.stderr.write(f"chainbot-desktop: {error}\n")
        return None


def _secrets(configuration: Configuration) -> SecretStore:
    kind = configuration.settings.security.secret_store
    return SecretStore(configuration.data_dir, kind, None if kind == "file" else desktop_keyring())


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class _Progress:
    """One line on a terminal, nothing elsewhere."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._shown = 0.0

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * 60 + "\r")

    def show(self, done: int, total: int) -> None:
        if sys.stderr.isatty() and monotonic() - self._shown > _EVERY:
            self._shown = monotonic()
            sys.stderr.write(f"\r{f'{done / max(1, total):4.0%}  {done:,} of {total:,} events {self._word}':<60}")
            sys.stderr.flush()
