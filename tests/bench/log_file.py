"""A log file of 10 GB: how soon it is there, what its index takes, and how fast an expression is looked for in it.

The controls come from the same run: the same program on a file of 100 MB, the same bytes only read, `rg` alone with the same
expression on the same file (its hits counted). LOG_FILE_GB sets the size of the large file; it is written to the folder for temporary
files and deleted. The note says how much of it is in memory (the page cache) when it is measured.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from chainbot_desktop.watch.logs.document import LogQuery
from chainbot_desktop.watch.logs.file import LogFile, open_log_file
from tests.bench.measure import Result, middle

_GIGABYTES = float(os.environ.get("LOG_FILE_GB", "10"))
_SMALL = 100_000_000
_OPENINGS = 9
_SCREEN = 40
_EXPRESSIONS = (("rare", r"id=77777\b"), ("frequent", r"ERROR.*bab"))
"""100 and 177,000 hits in 10 GB."""


def run() -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="log-file-") as folder:
        small, large = Path(folder) / "small.log", Path(folder) / "large.log"
        _write(small, large)
        return asyncio.run(_measure(small, large))


async def _measure(small: Path, large: Path) -> list[Result]:
    results = [await _first_screen(small, large)]
    results += await _index(large)
    program = shutil.which("rg")
    if program is not None:
        for name, expression in _EXPRESSIONS:
            results.append(await _search(f"log_file.search.{name}", large, expression, program, 2, ">=0.5"))
        path, os.environ["PATH"] = os.environ["PATH"], ""
        try:
            results.append(await _search("log_file.search.without_rg", small, _EXPRESSIONS[1][1], program, 2, ">=0.02"))
        finally:
            os.environ["PATH"] = path
    return results


async def _first_screen(small: Path, large: Path) -> Result:
    """Until the first and the last rows can be painted; the rest of the file is not indexed then."""
    seconds: dict[Path, list[float]] = {small: [], large: []}
    for turn in range(2 * _OPENINGS):
        path = (small, large)[turn % 2]
        begun = time.perf_counter()
        file = await open_log_file(path)
        assert len(file.lines(0, _SCREEN)) == len(file.tail(_SCREEN)) == _SCREEN
        seconds[path].append(time.perf_counter() - begun)
        await file.close()
    milliseconds = [1000 * middle(seconds[path]) for path in (large, small)]
    note = f"{_gigabytes(large):.1f} GB against {1000 * _gigabytes(small):.0f} MB, {_cached()}"
    return Result("log_file.first_screen", milliseconds[0], "ms", milliseconds[1], "<=1.5", note)


async def _index(path: Path) -> list[Result]:
    reading = _timed(lambda: _read(path))
    before = psutil.Process().memory_info().rss
    begun = time.perf_counter()
    file = await open_log_file(path)
    while file.read < 1:
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - begun
    selection = file.select(LogQuery(levels=frozenset({40})))
    while selection.searched < 1:
        await asyncio.sleep(0.05)
    grown = psutil.Process().memory_info().rss - before
    lines, found = file.end, selection.count
    note = f"{lines:,} lines; the index itself {file.index_memory / 1e6:.1f} MB, {found:,} of the lines selected by level"
    await file.close()
    return [
        Result("log_file.index", seconds, "s", reading, "<=8", f"against reading the same bytes, {_cached()}"),
        Result("log_file.memory", grown / lines, "bytes a line", 12.0, "<=1", note),
    ]


async def _search(name: str, path: Path, expression: str, program: str, turns: int, target: str) -> Result:
    file = await open_log_file(path)
    while file.read < 1:
        await asyncio.sleep(0.01)
    ours: list[float] = []
    alone: list[float] = []
    for _ in range(turns):
        begun = time.perf_counter()
        hits = await _hits(file, expression)
        ours.append(time.perf_counter() - begun)
        counted = 0

        def count() -> None:
            nonlocal counted
            counted = _ripgrep(program, expression, path)

        alone.append(await asyncio.to_thread(_timed, count))
        assert counted == hits
    await file.close()
    size = _gigabytes(path)
    note = f"/{expression}/ in {size:.1f} GB, {hits:,} hits: {min(ours):.1f} s against {min(alone):.1f} s, {_cached()}"
    return Result(name, size / min(ours), "GB/s", size / min(alone), target, note)


async def _hits(file: LogFile, expression: str) -> int:
    selection = file.search(LogQuery(text=expression, regex=True, case=True))
    while selection.searched < 1:
        await asyncio.sleep(0.002)
    assert selection.error is None
    selection.close()
    return selection.count


def _ripgrep(program: str, expression: str, path: Path) -> int:
    arguments = [program, "--no-config", "--text", "--line-number", "--regexp", expression, str(path)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        counted = 0
        while block := process.stdout.read(1 << 20):
            counted += block.count(b"\n")
    return counted


def _gigabytes(path: Path) -> float:
    return path.stat().st_size / 1e9


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _read(path: Path) -> None:
    buffer = bytearray(2 << 20)
    with path.open("rb", buffering=0) as stream:
        while stream.readinto(buffer):
            pass


def _cached() -> str:
    return (
        f"{psutil.virtual_memory().cached / 1e9:.0f} GB of page cache, {os.cpu_count()} cores at load {os.getloadavg()[0]:.0f}"
    )


def _write(small: Path, large: Path) -> None:
    chance = random.Random(1)
    words = [
        "".join(chance.choice("bcdfghklmnprstvw") + chance.choice("aeiou") for _ in range(chance.randint(2, 5)))
        for _ in range(3000)
    ]
    levels = ["DEBUG", "INFO", "INFO", "INFO", "INFO", "WARNING", "ERROR"]
    lines: list[str] = []
    size, moment = 0, 1.7e9
    while size < _SMALL:
        moment += chance.random()
        text = " ".join(chance.choices(words, k=chance.randint(3, 14)))
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))
        lines.append(
            f"{when}.{int(moment % 1 * 1000):03d}Z {chance.choice(levels)} part.{chance.choice(words)}: {text} id={len(lines)}\n"
        )
        size += len(lines[-1])
    block = "".join(lines).encode()
    small.write_bytes(block)
    with large.open("wb") as writer:
        for _ in range(max(1, round(_GIGABYTES * 1e9 / len(block)))):
            writer.write(block)
