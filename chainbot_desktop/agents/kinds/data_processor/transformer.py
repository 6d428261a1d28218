"""The child that transforms records: a program of its own, which imports nothing of ours.

Line by line on standard input: first what to do ({"way", "text"}), then a record each; for each line one answer, {"ok": value} or
{"error": reason}. What the transformation itself prints goes to standard error, and its standard input is empty.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import traceback
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, BinaryIO


def main() -> None:
    records, answers = _own_pipes()
    instruction = json.loads(records.readline())
    file = instruction["text"] if instruction["way"] == "python" else ""
    try:
        transform = _WAYS[instruction["way"]](instruction["text"])
    except BaseException as error:  # whatever a person's file does while it is loaded
        _answer(answers, {"error": _reason(error, file)})
        return
    _answer(answers, {"ok": True})
    for line in records:
        _answer(answers, _transformed(transform, line, file))


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    records = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return records, answers


def _transformed(transform: Callable[[Any], Any], line: bytes, file: str) -> dict[str, Any]:
    try:
        value = transform(json.loads(line))
        json.dumps(value, allow_nan=False, default=_plain)
    except Exception as error:  # the border: one record's trouble is its own
        return {"error": _reason(error, file)}
    return {"ok": value}


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer, default=_plain).encode() + b"\n")
    answers.flush()


def _plain(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is nothing that JSON can hold")


def _reason(error: BaseException, file: str) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    where = f", line {frames[-1].lineno}" if frames else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{where}: {text[:500] or 'no words'}"


def _jmespath(expression: str) -> Callable[[Any], Any]:
    import jmespath

    search: Callable[[Any], Any] = jmespath.compile(expression).search
    return search


def _cel(expression: str) -> Callable[[Any], Any]:
    import cel

    program = cel.compile(expression)
    return lambda record: _in_order(program.execute({"record": record}))


def _in_order(value: Any) -> Any:
    """The library's maps have no order, and a table wants one."""
    if isinstance(value, dict):
        return {str(name): _in_order(field) for name, field in sorted(value.items(), key=lambda item: str(item[0]))}
    return [_in_order(item) for item in value] if isinstance(value, list | tuple) else value


def _python(path: str) -> Callable[[Any], Any]:
    sys.path.insert(0, str(Path(path).parent))
    names: dict[str, Any] = {"__name__": "transformation", "__file__": path}
    exec(compile(Path(path).read_bytes(), path, "exec"), names)  # noqa: S102  a person configured it, and it is alone in here
    if not callable(names.get("transform")):
        raise TypeError("the file has no function transform(record)")
    transform: Callable[[Any], Any] = names["transform"]
    return transform


_WAYS: dict[str, Callable[[str], Callable[[Any], Any]]] = {"jmespath": _jmespath, "cel": _cel, "python": _python}

if __name__ == "__main__":
    main()
