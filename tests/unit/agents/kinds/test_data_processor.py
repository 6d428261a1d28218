"""The kind `data_processor` with real files, a real database and a real child."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import resource
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chainbot_desktop.agents.kind import AgentContext, Result
from chainbot_desktop.agents.kinds.data_processor import DataProcessorKind
from chainbot_desktop.agents.kinds.data_processor.config import DataProcessorConfig
from chainbot_desktop.agents.kinds.data_processor.kind import DataProcessorWorker
from chainbot_desktop.agents.kinds.data_processor.rows import ProcessingFailed
from chainbot_desktop.core.errors import InvalidInput, NotFound, TooLarge, Unavailable
from tests.helpers.agent_parts import AnsweringApprovals, RememberingRun, agent_context
from tests.helpers.processes import lives, until

PEOPLE = [{"name": "Ada", "age": 36}, {"name": "Bob", "age": 7}, {"name": "Cy", "age": 70}]
ADULTS = "[@][?age > `18`].{name: name, age: age} | [0]"
SAME = {"jmespath": "@"}


@asynccontextmanager
async def worker(
    folder: Path, *, approves: bool = True, **config: Any
) -> AsyncIterator[tuple[DataProcessorWorker, AgentContext]]:
    async with agent_context(folder, approves=approves) as context:
        made = DataProcessorKind(None).make(context, DataProcessorConfig.model_validate(config))
        try:
            yield made, context
        finally:
            await made.stop()
            assert made.pid is None
            assert not list(context.workspace.rglob("*.part"))


async def processed(folder: Path, files: Mapping[str, str | bytes], **config: Any) -> tuple[Result, Path]:
    async with worker(folder, **config) as (made, context):
        for name, content in files.items():
            (context.workspace / name).write_bytes(content.encode() if isinstance(content, str) else content)
        await made.start()
        return await made.execute(RememberingRun()), context.workspace


def counts(result: Result) -> tuple[int, int, int, int]:
    return result.data["read"], result.data["written"], result.data["left_out"], result.data["failed"]


def reasons(result: Result) -> dict[int, str]:
    return {error["row"]: error["reason"] for error in result.data["errors"]}


def lines(*records: Any) -> str:
    return "".join(f"{json.dumps(record)}\n" for record in records)


# Ways and formats


@pytest.mark.parametrize(
    "transform",
    [
        {"jmespath": ADULTS},
        {"cel": "record.age > 18 ? {'name': record.name, 'age': record.age} : null"},
        {"python": "adults.py"},
    ],
)
async def test_each_way_transforms_and_leaves_out(tmp_path: Path, transform: dict[str, str]) -> None:
    program = "print('loaded')\ndef transform(record):\n    print('one')\n    return record if record['age'] > 18 else None\n"
    files = {"in.jsonl": lines(*PEOPLE), "adults.py": program}
    result, workspace = await processed(tmp_path, files, source="in.jsonl", transform=transform, destination="out.json")
    assert json.loads((workspace / "out.json").read_text()) == [PEOPLE[0], PEOPLE[2]]
    assert counts(result) == (3, 2, 1, 0)
    assert result.text == f"Read 3, wrote 2, left out 1; the records are in `{workspace / 'out.json'}`."


@pytest.mark.parametrize(
    ("source", "target"),
    [("in.json", "out.csv"), ("in.jsonl", "sub/out.sqlite"), ("in.csv", "out.jsonl"), ("in.db", "out.json")],
)
async def test_every_format_is_read_and_written(tmp_path: Path, source: str, target: str) -> None:
    people = [{"name": 'Ada, "the"\nfirst', "age": "36"}, {"name": "Zoë", "age": "7"}]
    files: dict[str, str | bytes] = {"in.json": json.dumps(people), "in.jsonl": lines(*people)}
    files["in.csv"] = '\ufeffname,age\r\n"Ada, ""the""\nfirst",36\r\nZoë,7\r\n'
    tables: dict[str, Any] = {"source": {"path": source, **({"table": "people"} if source == "in.db" else {})}}
    tables["destination"] = {"path": target, **({"table": "the people"} if target.endswith("sqlite") else {})}
    async with worker(tmp_path, transform=SAME, **tables) as (made, context):
        for name, content in files.items():
            (context.workspace / name).write_bytes(content.encode() if isinstance(content, str) else content)
        database(context.workspace / "in.db", "CREATE TABLE people (name, age)", people)
        await made.start()
        result = await made.execute(RememberingRun())
        assert counts(result) == (2, 2, 0, 0)
        assert contents(context.workspace / target, "the people") == people


def database(path: Path, create: str, people: list[dict[str, Any]]) -> None:
    connection = sqlite3.connect(path)
    connection.execute(create)
    connection.executemany("INSERT INTO people VALUES (:name, :age)", people)
    connection.commit()
    connection.close()


def contents(path: Path, table: str) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        return list(json.loads(path.read_text()))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return [dict(row) for row in csv.DictReader(file)]
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]
    finally:
        connection.close()


async def test_records_in_the_configuration_come_back_with_the_answer(tmp_path: Path) -> None:
    result, _ = await processed(tmp_path, {}, source=PEOPLE, transform={"cel": "record.age * 2"})
    assert result.data["records"] == [72, 14, 140]


async def test_more_than_an_answer_can_carry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="1,000 records"):
        await processed(tmp_path, {}, source=list(range(1_001)), transform=SAME)


async def test_a_query_reads_and_cannot_write(tmp_path: Path) -> None:
    query = {"path": "in.db", "query": "SELECT name, length(name) AS size FROM people WHERE age > 18"}
    async with worker(tmp_path, source=query, transform=SAME) as (made, context):
        database(context.workspace / "in.db", "CREATE TABLE people (name, age)", PEOPLE)
        result = await made.execute(RememberingRun())
        assert result.data["records"] == [{"name": "Ada", "size": 3}, {"name": "Cy", "size": 2}]
        for bad in ("DELETE FROM people", "ATTACH 'other.db' AS o", "SELECT * FROM nobody"):
            with pytest.raises(InvalidInput):
                await made.execute(RememberingRun(context={"source": {"path": "in.db", "query": bad}}))
        assert len(contents(context.workspace / "in.db", "people")) == 3


async def test_a_table_is_replaced_or_added_to(tmp_path: Path) -> None:
    for append, expected in ((True, 6), (False, 3)):
        folder = tmp_path / str(append)
        folder.mkdir()
        place = {"path": "out.db", "table": "people", "append": append}
        async with worker(folder, source=PEOPLE, transform=SAME, destination=place) as (made, context):
            database(context.workspace / "out.db", "CREATE TABLE people (name, age)", PEOPLE)
            await made.execute(RememberingRun())
            assert len(contents(context.workspace / "out.db", "people")) == expected


async def test_many_records_go_through_in_order(tmp_path: Path) -> None:
    count = 20_000
    result, workspace = await processed(
        tmp_path, {"in.jsonl": lines(*range(count))}, source="in.jsonl", transform={"jmespath": "@"}, destination="out.jsonl"
    )
    assert counts(result) == (count, count, 0, 0)
    assert (workspace / "out.jsonl").read_text() == lines(*range(count))


async def test_an_answer_of_megabytes_goes_through(tmp_path: Path) -> None:
    result, workspace = await processed(
        tmp_path,
        {"in.jsonl": lines(3_000_000, 1), "t.py": "def transform(n): return 'x' * n"},
        source="in.jsonl",
        transform={"python": "t.py"},
        destination="out.jsonl",
    )
    assert counts(result) == (2, 2, 0, 0)
    assert (workspace / "out.jsonl").read_text() == lines("x" * 3_000_000, "x")


# Rows that fail


async def test_broken_rows_are_numbered_with_their_reasons_and_the_others_go_through(tmp_path: Path) -> None:
    source = b'{"n": 1}\nnot json\n\n{"n": "caf\xe9"}\n{"n": 0}\n[[[' + b"[" * 100_000 + b'\n{"n": 4}'
    result, workspace = await processed(
        tmp_path, {"in.jsonl": source}, source="in.jsonl", transform={"cel": "8 / record.n"}, destination="out.json"
    )
    assert json.loads((workspace / "out.json").read_text()) == [8, 2]
    assert counts(result) == (6, 2, 0, 4)
    found = reasons(result)
    assert found[2].startswith("no JSON")
    assert found[3] == "not UTF-8"
    assert "division by zero" in found[4]
    assert found[5].startswith("no JSON")
    assert "* row 4: ZeroDivisionError" in result.text


async def test_broken_rows_of_csv(tmp_path: Path) -> None:
    source = b'a,b\n1,2\n3\nx,caf\xe9\n4,5,6\n"7"8,9\n10,11\n'
    result, workspace = await processed(tmp_path, {"in.csv": source}, source="in.csv", transform=SAME, destination="out.csv")
    assert (workspace / "out.csv").read_text() == "a,b\n1,2\n10,11\n"
    assert reasons(result)[2] == "1 fields where the header has 2"
    assert reasons(result)[3] == "not UTF-8"
    assert sorted(reasons(result)) == [2, 3, 4, 5]


async def test_records_that_fit_no_table(tmp_path: Path) -> None:
    records = [{"a": 1}, 5, {"a": 2, "b": 3}, {}, {"a": [1, {"x": 2}]}]
    result, workspace = await processed(tmp_path, {}, source=records, transform=SAME, destination="out.csv")
    assert (workspace / "out.csv").read_text() == 'a\n1\n"[1, {""x"": 2}]"\n'
    assert sorted(reasons(result)) == [2, 3, 4]
    assert "'b'" in reasons(result)[3]


async def test_stop_at_the_first_failure_leaves_the_old_file(tmp_path: Path) -> None:
    with pytest.raises(ProcessingFailed, match="Row 2: ZeroDivisionError"):
        await processed(
            tmp_path,
            {"out.json": "old"},
            source=[1, 0, 1],
            transform={"cel": "1 / record"},
            destination="out.json",
            on_error="stop",
        )
    assert (tmp_path / "work" / "out.json").read_text() == "old"


async def test_only_the_first_hundred_errors_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    result, _ = await processed(tmp_path, {}, source=[0] * 250, transform={"cel": "1 / record"}, destination="out.json")
    assert counts(result) == (250, 0, 0, 250)
    assert len(result.data["errors"]) == 100
    assert "and 240 more" in result.text


async def test_one_that_hangs_or_dies_fails_its_row_alone(tmp_path: Path) -> None:
    program = """
import os, sys, time
def transform(record):
    if record == "hang":
        while True: pass
    if record == "die":
        os._exit(9)
    if record == "set":
        return {2, 1}
    if record == "nan":
        return float("nan")
    if record == "read":
        return sys.stdin.read()
    return record
"""
    result, _ = await processed(
        tmp_path,
        {"t.py": program},
        source=["a", "hang", "b", "die", "c", "set", "nan", "read"],
        transform={"python": "t.py"},
        record_seconds=0.5,
    )
    assert result.data["records"] == ["a", "b", "c", [1, 2], ""]
    assert reasons(result)[2] == "no answer within 0.5 s"
    assert reasons(result)[4] == "its process ended with exit code 9"
    assert "NaN" in reasons(result)[7] or "JSON" in reasons(result)[7]


async def test_an_expression_without_end_is_given_up(tmp_path: Path) -> None:
    digits = "[0,1,2,3,4,5,6,7,8,9]"
    endless = f"{digits}.map(a, " * 9 + "1" + ")" * 9
    result, _ = await processed(tmp_path, {}, source=[1], transform={"cel": endless}, record_seconds=0.3)
    assert reasons(result) == {1: "no answer within 0.3 s"}


async def test_a_file_of_python_says_where_it_failed(tmp_path: Path) -> None:
    program = "def transform(record):\n    x = 1\n    return record['missing']\n"
    result, _ = await processed(tmp_path, {"t.py": program}, source=[{}], transform={"python": "t.py"})
    assert reasons(result) == {1: "KeyError, line 3: 'missing'"}


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        ({"jmespath": "a.["}, r"a\.\["),
        ({"cel": "record."}, "Syntax error|Failed to parse"),
        ({"python": "missing.py"}, "no file"),
        ({"python": "empty.py"}, "no function transform"),
        ({"python": "broken.py"}, "SyntaxError"),
        ({"python": "leaves.py"}, "SystemExit"),
        ({"python": "../outside.py"}, "outside of the workspace"),
    ],
)
async def test_a_transformation_that_is_none_is_told_at_the_start(
    tmp_path: Path, transform: dict[str, str], words: str
) -> None:
    async with worker(tmp_path, source=[1], transform=transform) as (made, context):
        (context.workspace / "empty.py").write_text("")
        (context.workspace / "broken.py").write_text("def (")
        (context.workspace / "leaves.py").write_text("raise SystemExit(3)")
        with pytest.raises(InvalidInput, match=words):
            await made.start()


# Files


@pytest.mark.parametrize("bad", ["../out.json", "link/out.json", "/etc/out.json", ".git/hooks/pre-commit.json"])
async def test_a_task_names_files_of_the_workspace_only(tmp_path: Path, bad: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    async with worker(tmp_path, source=[1], transform=SAME) as (made, context):
        (context.workspace / "link").symlink_to(tmp_path / "elsewhere")
        for context_of_task in ({"destination": bad}, {"source": bad}):
            with pytest.raises(InvalidInput):
                await made.execute(RememberingRun(context=context_of_task))
    assert not list((tmp_path / "elsewhere").iterdir())


async def test_a_person_may_configure_a_file_elsewhere(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    await processed(tmp_path, {}, source=[1], transform=SAME, destination=str(target))
    assert json.loads(target.read_text()) == [1]


@pytest.mark.parametrize("approves", [True, False])
async def test_a_file_that_is_there_is_not_replaced_by_a_task_without_asking(tmp_path: Path, approves: bool) -> None:
    async with worker(tmp_path, approves=approves, source=[1], transform=SAME) as (made, context):
        await made.execute(RememberingRun(context={"destination": "new.json"}))
        assert isinstance(context.approvals, AnsweringApprovals)
        assert context.approvals.asked == []
        (context.workspace / "new.json").write_text("precious")
        again = RememberingRun(context={"destination": "new.json"})
        if approves:
            await made.execute(again)
            assert json.loads((context.workspace / "new.json").read_text()) == [1]
        else:
            with pytest.raises(ProcessingFailed, match=r"not allowed\. not this one"):
                await made.execute(again)
            assert (context.workspace / "new.json").read_text() == "precious"
        assert context.approvals.asked[0].touches == (str(context.workspace / "new.json"),)
        assert again.waited == ["your approval"]


async def test_a_task_may_bring_its_records(tmp_path: Path) -> None:
    async with worker(tmp_path, transform={"jmespath": "n"}) as (made, _):
        result = await made.execute(RememberingRun(context={"source": [{"n": 5}], "other": "kept"}))
        assert result.data["records"] == [5]
        with pytest.raises(InvalidInput, match="no records"):
            await made.execute(RememberingRun())
        with pytest.raises(InvalidInput, match="source"):
            await made.execute(RememberingRun(context={"source": {"path": "x.unknown"}}))


@pytest.mark.parametrize("target", ["out.json", "out.db"])
async def test_a_full_disk_leaves_the_old_file(tmp_path: Path, target: str) -> None:
    place = {"path": target, **({"table": "t"} if target == "out.db" else {})}
    async with worker(tmp_path, source="in.jsonl", transform=SAME, destination=place) as (made, context):
        (context.workspace / "in.jsonl").write_text(lines(*({"n": "x" * 100_000} for _ in range(30))))
        if target == "out.db":
            database(context.workspace / target, "CREATE TABLE people (name, age)", PEOPLE)
        else:
            (context.workspace / target).write_text("old")
        before = (context.workspace / target).read_bytes()
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        await made.start()
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
        try:
            with pytest.raises(Unavailable, match=r"no room|disk"):
                await made.execute(RememberingRun())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if target == "out.json":
            assert (context.workspace / target).read_bytes() == before
        else:
            assert contents(context.workspace / target, "people") == PEOPLE


@pytest.mark.parametrize("target", ["/proc/sys/out.json", "/dev/null/out.csv"])
async def test_a_destination_that_cannot_be_written_says_so(tmp_path: Path, target: str) -> None:
    with pytest.raises((InvalidInput, NotFound), match="out"):
        await processed(tmp_path, {}, source=[{"a": 1}], transform=SAME, destination=target)


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("missing.csv", None, NotFound),
        ("bad.json", b"{", InvalidInput),
        ("twice.csv", b"a,a\n1,2\n", InvalidInput),
        ("no.db", b"not a database at all, by no means whatsoever", InvalidInput),
    ],
)
async def test_a_source_that_is_none_says_so(tmp_path: Path, name: str, content: bytes | None, error: type[Exception]) -> None:
    source = {"path": name, **({"table": "t"} if name == "no.db" else {})}
    with pytest.raises(error):
        await processed(tmp_path, {} if content is None else {name: content}, source=source, transform=SAME)


async def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    async with worker(tmp_path, source="pipe.jsonl", transform=SAME) as (made, context):
        os.mkfifo(context.workspace / "pipe.jsonl")
        async with asyncio.timeout(5):
            with pytest.raises(InvalidInput, match="no file"):
                await made.execute(RememberingRun())


async def test_a_cancelled_task_leaves_no_process_and_no_half_file(tmp_path: Path) -> None:
    program = "import time\ndef transform(record):\n    if record > 300: time.sleep(1000)\n    return record\n"
    async with worker(
        tmp_path, source="in.jsonl", transform={"python": "t.py"}, destination="out.jsonl", record_seconds=60
    ) as (made, context):
        (context.workspace / "t.py").write_text(program)
        (context.workspace / "in.jsonl").write_text(lines(*range(1_000)))
        task = asyncio.ensure_future(made.execute(RememberingRun()))
        await until(lambda: bool(list(context.workspace.glob(".*.part"))) and made.pid is not None)
        pid = made.pid
        assert pid is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not lives(pid)
        assert sorted(path.name for path in context.workspace.iterdir()) == ["in.jsonl", "t.py"]


async def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    async with worker(tmp_path, source=[1], transform=SAME, destination="out.json") as (made, context):
        (context.workspace / "out.json").touch(0o640)
        (context.workspace / "out.json").chmod(0o640)
        await made.execute(RememberingRun())
        assert (context.workspace / "out.json").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "config",
    [
        {"transform": {}},
        {"transform": {"jmespath": "a", "cel": "b"}},
        {"transform": SAME, "source": "data.unknown"},
        {"transform": SAME, "source": "data.db"},
        {"transform": SAME, "destination": {"path": "out.csv", "table": "t"}},
        {"transform": SAME, "destination": {}},
        {"transform": SAME, "source": {"path": "a.csv", "records": []}},
        {"transform": {"cel": "x" * 10_001}},
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DataProcessorConfig.model_validate(config)
