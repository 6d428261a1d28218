"""The rules that were shipped, and the file in which a person changes them and adds their own."""

from __future__ import annotations

import logging
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.watch.alerts.records import AlertRule
from chainbot_desktop.watch.alerts.rule_text import RuleText, read_rules, with_rule, without_rule

_log = logging.getLogger(__name__)
_MOST_BYTES = 4 * 1024 * 1024

Seen = tuple[int, int, int] | None
"""What tells one state of a file from another; None where there is none."""


@dataclass(frozen=True, slots=True)
class BookedRule:
    rule: AlertRule
    origin: Literal["shipped", "changed", "own"]


class RuleBook:
    """Its methods read and write files: not for the loop's thread, and one at a time."""

    def __init__(self, shipped: Path, own: Path) -> None:
        self.path = own
        self._shipped = {placed.rule.name: placed.rule for placed in _shipped(shipped).rules}
        self._own: dict[str, AlertRule] = {}
        self._seen: Seen = None
        self._read = False
        self.problems: tuple[str, ...] = ()
        """Sentences about what in the person's file is not used."""

    @property
    def rules(self) -> tuple[BookedRule, ...]:
        """All there are, the shipped ones first, each as a person changed it."""
        shipped = [
            BookedRule(self._own.get(name, rule), "changed" if name in self._own else "shipped")
            for name, rule in self._shipped.items()
        ]
        return (*shipped, *(BookedRule(rule, "own") for name, rule in self._own.items() if name not in self._shipped))

    def look(self) -> bool:
        """Read the file where it is another than before; whether it was. Never raises: `problems` says what is wrong.

        A file that is broken as a whole changes nothing: what was read of it before goes on.
        """
        seen = _seen(self.path)
        if self._read and seen == self._seen:
            return False
        self._read, self._seen = True, seen
        try:
            content = read_rules(_text(self.path), self.path.name)
        except ChainBotError as error:
            self.problems = (str(error),)
        else:
            self._own = {placed.rule.name: placed.rule for placed in content.rules}
            self.problems = content.problems
        for problem in self.problems:
            _log.warning("the rules of alerts: %s", problem)
        return True

    def save(self, rule: AlertRule) -> None:
        """On the disk when it returns. Conflict where the file is broken, and it is not touched then."""
        self._change(lambda text: with_rule(text, rule, self.path.name), rule.name)

    def remove(self, name: str) -> bool:
        """Whether a shipped rule is as it was shipped again. NotFound, and Conflict for a shipped one that was not changed."""
        self.look()
        if name not in self._own:
            if name in self._shipped:
                raise Conflict(f"The rule {name} is as it was shipped.", hint="Switch it off instead.", code="shipped_rule")
            raise NotFound(f"There is no rule {name!r}.", code="no_such_rule")
        self._change(lambda text: without_rule(text, name, self.path.name), name)
        return name in self._shipped

    def _change(self, change: Callable[[str], str], name: str) -> None:
        try:
            before = _text(self.path)
            after = change(before)
            expected = {p.rule.name: p.rule for p in read_rules(before, self.path.name).rules if p.rule.name != name}
            found = {p.rule.name: p.rule for p in read_rules(after, self.path.name).rules if p.rule.name != name}
        except InvalidInput as error:
            raise Conflict(f"{error.message} It was not changed.", hint="Mend the file first.", code="bad_rule_file") from error
        if expected != found:
            raise Conflict(
                f"{self.path.name} is written in a way in which no single rule can be changed. It was not touched.",
                hint="Change it by hand: it is read again by itself.",
                code="rule_file",
            )
        _write(self.path, after)
        self.look()


def _shipped(path: Path) -> RuleText:
    content = read_rules(path.read_text(encoding="utf-8"), path.name)
    if content.problems:
        raise InvalidInput(" ".join(content.problems))
    return content


def _seen(path: Path) -> Seen:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _text(path: Path) -> str:
    """ "" where there is no file. InvalidInput and Unavailable where it cannot be read."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
            raise InvalidInput(f"{path.name} is no file of at most {_MOST_BYTES >> 20} MiB.", code="bad_rule_file")
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{path.name}, line {line}: it is not UTF-8.", code="bad_rule_file") from error
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}.", code="rule_file") from error


def _write(path: Path, text: str) -> None:
    """All of it or nothing, with the mode that the file has."""
    target = path.resolve()  # what a link leads to is changed, not the link
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)  # noqa: PTH101 - beside its neighbours
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be written: {error.strerror}.",
            hint="The rules are as before. Check the folder's permissions and the disk's space.",
            code="rule_file",
        ) from error
