"""Files through the toolbox: what is inside, what is not, and what no policy allows."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.agents.approvals.request import Verdict
from chainbot_desktop.agents.tools import file_searching
from chainbot_desktop.agents.tools.tool import ToolFailed
from chainbot_desktop.core.ports import EventQuery
from chainbot_desktop.core.settings import ToolRule
from tests.helpers.toolboxes import Bench, open_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path) as opened:
        yield opened


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "target.txt").write_text("theirs\n")
    return folder


async def test_reads_with_line_numbers_and_by_parts(bench: Bench) -> None:
    (bench.workspace / "a.txt").write_text("one\ntwo\nthree\n")
    assert "1\tone\n2\ttwo" in await bench.execute("read_file", path="a.txt")
    assert await bench.execute("read_file", path="a.txt", first_line=3) == "[a.txt: lines 3 to 3 of 3, utf-8]\n3\tthree"
    assert await bench.judged() == [], "reading in the workspace is nothing to tell of"


@pytest.mark.parametrize(
    ("body", "text"),
    [("größe".encode("utf-16"), "größe"), ("größe".encode("latin-1"), "größe"), (b"\xef\xbb\xbfgr\xc3\xb6\xc3\x9fe", "größe")],
)
async def test_reads_other_encodings(bench: Bench, body: bytes, text: str) -> None:
    (bench.workspace / "a.txt").write_bytes(body)
    assert f"1\t{text}" in await bench.execute("read_file", path="a.txt")


async def test_a_binary_file_is_refused_with_a_sentence(bench: Bench) -> None:
    (bench.workspace / "a.bin").write_bytes(bytes(range(256)))
    with pytest.raises(ToolFailed, match=r"a\.bin is not text"):
        await bench.execute("read_file", path="a.bin")
    os.mkfifo(bench.workspace / "pipe")
    with pytest.raises(ToolFailed, match="not a file"):
        await bench.execute("read_file", path="pipe")


async def test_lists_a_folder_with_hard_names(bench: Bench) -> None:
    (bench.workspace / "sub").mkdir()
    (bench.workspace / "line\nbreak\u202e.txt").write_text("x")
    (bench.workspace / os.fsdecode(b"\xff.txt")).write_text("x")
    assert await bench.execute("list_files") == "sub/\nline\\nbreak\\u202e.txt (1 bytes)\n\ufffd.txt (1 bytes)"
    assert "1\tx" in await bench.execute("read_file", path="\udcff.txt")


@pytest.mark.parametrize("path", ["../outside/target.txt", "a/../../outside/target.txt", "link/target.txt", "link.txt"])
async def test_every_way_out_of_the_workspace_is_asked_by_its_real_name(bench: Bench, outside: Path, path: str) -> None:
    (bench.workspace / "a").mkdir()
    (bench.workspace / "link").symlink_to(outside)
    (bench.workspace / "link.txt").symlink_to(outside / "target.txt")
    for tool, more in (("read_file", {}), ("write_file", {"content": "x"}), ("patch_file", {"old": "theirs", "new": "x"})):
        judgement = await bench.judge(tool, path=path, **more)
        assert judgement.verdict == "ask"
        assert judgement.draft is not None
        assert judgement.draft.touches == (str(outside / "target.txt"),)
        with pytest.raises(ToolFailed, match="Nobody approved"):
            await bench.execute(tool, path=path, **more)
    assert (outside / "target.txt").read_text() == "theirs\n"


async def test_an_absolute_path_outside_is_asked_even_where_everything_is_allowed(bench: Bench, outside: Path) -> None:
    loose = bench.with_rules({"action": "allow"})
    assert (await loose.judge("write_file", path="a.txt", content="x")).verdict == "allow"
    assert (await loose.judge("write_file", path=str(outside / "b.txt"), content="x")).verdict == "ask"


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "\ud800"])
async def test_what_can_be_no_path_is_refused_and_journaled(bench: Bench, path: str) -> None:
    judgement = await bench.judge("read_file", path=path)
    assert judgement.verdict == "deny"
    with pytest.raises(ToolFailed):
        await bench.execute("read_file", path=path)
    assert [fact.verdict for fact in await bench.judged()] == ["refused", "refused"]


async def test_a_name_too_long_for_the_disk_gets_a_sentence(bench: Bench) -> None:
    with pytest.raises(ToolFailed, match="too long for this disk"):
        await bench.execute("read_file", path="x" * 300)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "sub/.env.local",
        ".ENV",
        "server.pem",
        "id_rsa",
        "keys/id_ed25519",
        ".ssh/config",
        ".aws/credentials",
        "a.key",
        ".netrc",
    ],
)
async def test_secrets_files_are_denied_whatever_the_rules_say(bench: Bench, path: str) -> None:
    loose = bench.with_rules({"action": "allow"}, {"tool": "read_file", "pattern": path, "action": "allow"})
    (bench.workspace / path).parent.mkdir(exist_ok=True)
    (bench.workspace / path).write_text("SECRET=1")
    for tool, more in (("read_file", {}), ("write_file", {"content": "x"}), ("patch_file", {"old": "1", "new": "2"})):
        judgement = await loose.judge(tool, path=path, **more)
        assert (judgement.verdict, judgement.rule) == ("deny", "secrets files")
    (bench.workspace / "harmless.txt").symlink_to(bench.workspace / path)
    with pytest.raises(ToolFailed, match="may hold secrets"):
        await loose.execute("read_file", path="harmless.txt")
    assert "SECRET" not in await loose.execute("search_files", pattern="SECRET")
    assert (bench.workspace / path).read_text() == "SECRET=1"
    events = [row.event for row in await bench.store.journal.read(EventQuery(severities=("warning",)))]
    assert len(events) == 4


async def test_the_programs_own_folder_and_process_tables_are_closed(bench: Bench, tmp_path: Path) -> None:
    loose = bench.with_rules({"pattern": "/**", "action": "allow"})
    for path in (str(tmp_path / "data" / "journal.db"), "/proc/self/environ", "/proc/1/environ"):
        assert (await loose.judge("read_file", path=path)).rule == "secrets files"


@pytest.mark.parametrize("path", [".git/hooks/pre-commit", ".git/config", "sub/.git/config", ".git", "hooks/pre-commit"])
async def test_nothing_in_a_git_folder_is_written(bench: Bench, path: str) -> None:
    (bench.workspace / ".git" / "hooks").mkdir(parents=True)
    (bench.workspace / "hooks").symlink_to(bench.workspace / ".git" / "hooks")
    loose = bench.with_rules({"action": "allow"})
    judgement = await loose.judge("write_file", path=path, content="#!/bin/sh\n")
    assert (judgement.verdict, judgement.rule) == ("deny", "inside of .git")
    assert list((bench.workspace / ".git" / "hooks").iterdir()) == []


async def test_a_link_swapped_after_the_approval_leads_nowhere(bench: Bench, outside: Path) -> None:
    (bench.workspace / "sub").mkdir()
    call = bench.call("write_file", path="sub/target.txt", content="mine\n")
    draft = await bench.approve(call)
    assert draft.touches == ("sub/target.txt",)
    (bench.workspace / "sub").rmdir()
    (bench.workspace / "sub").symlink_to(outside)
    with pytest.raises(ToolFailed, match="changed since"):
        await bench.box.execute(call, bench.run)
    assert (outside / "target.txt").read_text() == "theirs\n"


async def test_an_approval_for_the_run_does_not_cover_the_swapped_place(bench: Bench, outside: Path) -> None:
    first = (await bench.judge("write_file", path="a.txt", content="x")).draft
    assert first is not None
    bench.approvals.scopes[first.scope] = Verdict(True, for_run=True)
    assert "is written" in await bench.execute("write_file", path="b.txt", content="x")
    (bench.workspace / "sub").symlink_to(outside)
    with pytest.raises(ToolFailed, match="Nobody approved"):
        await bench.execute("write_file", path="sub/target.txt", content="x")


async def test_a_link_swapped_between_the_look_and_the_deed_is_not_followed(bench: Bench, outside: Path) -> None:
    """The last moment: the plan is made, the folder is swapped, the plan is carried out."""
    loose = bench.with_rules({"action": "allow"})
    (bench.workspace / "sub").mkdir()
    (bench.workspace / "sub" / "target.txt").write_text("theirs\n")
    tools = loose.box._own
    plans = [
        await tools["write_file"].plan({"path": "sub/target.txt", "content": "mine"}, bench.run),
        await tools["read_file"].plan({"path": "sub/target.txt"}, bench.run),
        await tools["list_files"].plan({"path": "sub"}, bench.run),
    ]
    (bench.workspace / "sub").rename(bench.workspace / "old")
    (bench.workspace / "sub").symlink_to(outside)
    for plan in plans:
        with pytest.raises(ToolFailed, match="symbolic link"):
            await plan.carry_out()
    assert (outside / "target.txt").read_text() == "theirs\n"


async def test_writes_what_was_shown_and_keeps_the_mode(bench: Bench) -> None:
    script = bench.workspace / "run.sh"
    script.write_text("#!/bin/sh\necho one\n")
    script.chmod(0o755)
    call = bench.call("write_file", path="run.sh", content="#!/bin/sh\necho two\n")
    draft = await bench.approve(call)
    assert draft.detail_kind == "diff"
    assert draft.detail == "--- a/run.sh\n+++ b/run.sh\n@@ -1,2 +1,2 @@\n #!/bin/sh\n-echo one\n+echo two"
    await bench.box.execute(call, bench.run)
    assert script.read_text() == "#!/bin/sh\necho two\n"
    assert script.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in bench.workspace.iterdir()] == ["run.sh"], "nothing is left beside it"
    assert [(fact.verdict, fact.target) for fact in await bench.judged()] == [("approved", "run.sh")]


async def test_a_file_that_changed_since_the_approval_is_asked_again(bench: Bench) -> None:
    (bench.workspace / "a.txt").write_text("one\n")
    call = bench.call("write_file", path="a.txt", content="two\n")
    await bench.approve(call)
    (bench.workspace / "a.txt").write_text("precious\n")
    with pytest.raises(ToolFailed, match="changed since"):
        await bench.box.execute(call, bench.run)
    assert (bench.workspace / "a.txt").read_text() == "precious\n"


async def test_a_new_file_in_new_folders(bench: Bench) -> None:
    await bench.approved("write_file", path="a/b/c.txt", content="no end")
    assert (bench.workspace / "a/b/c.txt").read_text() == "no end"
    draft = (await bench.judge("write_file", path="d.txt", content="no end\u202e")).draft
    assert draft is not None
    assert draft.detail == "--- /dev/null\n+++ b/d.txt\n@@ -0,0 +1 @@\n+no end\\u202e\n\\ No newline at end of file"


async def test_a_person_who_says_no_is_obeyed_and_quoted(bench: Bench) -> None:
    call = bench.call("write_file", path="a.txt", content="x")
    draft = await bench.approve(call)
    bench.approvals.calls[draft.call_id] = Verdict(False, answer="Not on a Friday.")
    with pytest.raises(ToolFailed, match="Not on a Friday"):
        await bench.box.execute(call, bench.run)
    assert not (bench.workspace / "a.txt").exists()
    assert [(fact.verdict, fact.reason) for fact in await bench.judged()] == [
        ("denied", "A person denied it. Not on a Friday.")
    ]


async def test_patching(bench: Bench) -> None:
    file = bench.workspace / "a.txt"
    file.write_bytes("eins\r\nzwei\r\ngröße\r\nzwei\r\n".encode("latin-1"))
    await bench.approved("patch_file", path="a.txt", old="eins\nzwei", new="one\ntwo")
    assert file.read_bytes() == "one\r\ntwo\r\ngröße\r\nzwei\r\n".encode("latin-1")
    for old, new, reason in (("vier", "x", "does not hold"), ("\n", "x", "times"), ("one", "€", "cannot write")):
        assert (await bench.judge("patch_file", path="a.txt", old=old, new=new)).verdict == "allow", "nothing would be done"
        with pytest.raises(ToolFailed, match=reason):
            await bench.execute("patch_file", path="a.txt", old=old, new=new)


@pytest.mark.parametrize("way", ["own walk", "ripgrep"])
async def test_searching_tells_the_same_by_both_ways(bench: Bench, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "own walk":
        monkeypatch.setattr(shutil, "which", lambda _name: None)
    elif shutil.which("rg") is None:
        pytest.skip("ripgrep is not installed")
    (bench.workspace / "src").mkdir()
    (bench.workspace / "src" / "a.py").write_text("import os\nprint(os.sep)\n")
    (bench.workspace / "b.md").write_text("os\n")
    (bench.workspace / "private").mkdir()
    (bench.workspace / "private" / "c.py").write_text("import os\n")
    (bench.workspace / "node_modules").mkdir()
    (bench.workspace / "node_modules" / "d.py").write_text("import os\n")
    (bench.workspace / ".hidden.py").write_text("import re\n")
    (bench.workspace / "link.py").symlink_to(bench.workspace / "src" / "a.py")
    strict = bench.with_rules({"tool": "read_file", "pattern": "private", "action": "deny"})
    assert (
        await strict.execute("search_files", pattern=r"^import (\w+)", files="*.py")
        == ".hidden.py:1: import re\nsrc/a.py:1: import os"
    )
    assert await strict.execute("search_files", pattern="os.sep)", literal=True) == "src/a.py:2: print(os.sep)"
    assert await strict.execute("search_files", pattern="IMPORT", ignore_case=True, path="src") == "src/a.py:1: import os"
    with pytest.raises(ToolFailed, match="no regular expression"):
        await strict.execute("search_files", pattern="(")


async def test_an_expression_without_end_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_searching, "_SECONDS", 0.3)
    (bench.workspace / "a.txt").write_text("a" * 5000 + "b\n")
    with pytest.raises(ToolFailed, match="takes too long"):
        await bench.execute("search_files", pattern=r"(a|aa)+$")


async def test_a_denied_tool_is_not_offered_and_not_obeyed(bench: Bench) -> None:
    strict = bench.with_rules(
        {"tool": "write_file", "action": "deny"}, {"tool": "write_file", "pattern": "a.txt", "action": "allow"}
    )
    assert "write_file" not in {info.name for info in await strict.box.infos()}
    assert (await strict.judge("write_file", path="a.txt", content="x")).verdict == "deny"
    with pytest.raises(ToolFailed, match="denies this for good"):
        await strict.execute("write_file", path="a.txt", content="x")
    assert [fact.verdict for fact in await bench.judged()] == ["denied", "denied"]


async def test_only_the_named_tools_are_there(bench: Bench) -> None:
    box = bench.factory.of(bench.context, {}, ["read_file", "mcp__x"])
    assert [info.name for info in await box.infos()] == ["read_file"]
    assert (await box.judge(bench.call("write_file", path="a", content="x"), bench.run)).rule == "unknown tool"


@pytest.mark.parametrize("arguments", [{}, {"path": 3}, {"path": "a", "unknown": 1}, {"path": "a", "first_line": 0}])
async def test_malformed_arguments_are_refused(bench: Bench, arguments: dict[str, object]) -> None:
    judgement = await bench.judge("read_file", **arguments)
    assert (judgement.verdict, judgement.rule) == ("deny", "malformed")
    assert "argument" in judgement.reason


async def test_what_a_rule_of_a_person_allows_is_journaled(tmp_path: Path) -> None:
    rule = ToolRule(tool="write_file", pattern="docs/**", action="allow")
    async with open_bench(tmp_path, rules=[rule]) as bench:
        await bench.execute("write_file", path="docs/a.md", content="x")
        assert [(fact.verdict, fact.rule) for fact in await bench.judged()] == [
            ("allowed", "allow write_file docs/** (settings)")
        ]
        assert (await bench.judge("write_file", path="docs/../a.md", content="x")).verdict == "ask"
