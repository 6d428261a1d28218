"""git in an honest repository and in a hostile one, whose configuration must execute nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chainbot_desktop.agents.tools.tool import ToolFailed
from tests.helpers.toolboxes import Bench, open_bench


def git(folder: Path, *arguments: str) -> str:
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b"}
    env = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, sandbox="off") as opened:
        git(opened.workspace, "init", "--quiet", "--initial-branch=main")
        (opened.workspace / "a.txt").write_text("one\n")
        git(opened.workspace, "add", ".")
        git(opened.workspace, "commit", "--quiet", "-m", "first")
        yield opened


async def test_status_diff_and_log(bench: Bench) -> None:
    (bench.workspace / "a.txt").write_text("two\n")
    (bench.workspace / "new.txt").write_text("x")
    assert await bench.execute("git_status") == "## main\n M a.txt\n?? new.txt"
    assert "-one\n+two" in await bench.execute("git_diff")
    assert await bench.execute("git_diff", staged=True) == "[no difference]"
    log = await bench.execute("git_log")
    assert "A (HEAD -> main)\n    first" in log
    assert git(bench.workspace, "status", "--short") == "M a.txt\n?? new.txt"


async def test_a_difference_tells_no_secrets_and_a_revision_is_no_option(bench: Bench) -> None:
    (bench.workspace / ".env").write_text("KEY=hunter2\n")
    git(bench.workspace, "add", "-f", ".env")
    git(bench.workspace, "commit", "--quiet", "-m", "oops")
    (bench.workspace / ".env").write_text("KEY=hunter3\n")
    answer = await bench.execute("git_diff")
    assert "hunter" not in answer
    assert "left out, may not be read: .env" in answer
    assert "hunter" not in await bench.execute("git_diff", revision="HEAD~1..HEAD")
    for revision in ("--output=x", "-O/etc/passwd", "HEAD:.env"):
        assert (await bench.judge("git_diff", revision=revision)).rule == "malformed"
        assert (await bench.judge("git_log", revision=revision)).rule == "malformed"


async def test_commits_exactly_what_was_shown(bench: Bench) -> None:
    (bench.workspace / "a.txt").write_text("two\n")
    (bench.workspace / "b.txt").write_text("other\n")
    before = git(bench.workspace, "count-objects")
    call = bench.call("git_commit", message="Second\n\nBecause.", paths=["a.txt"])
    draft = await bench.approve(call)
    assert draft.detail.startswith("Second\n\nBecause.\n\ndiff --git a/a.txt b/a.txt")
    assert "-one\n+two" in draft.detail
    assert "b.txt" not in draft.detail
    assert git(bench.workspace, "count-objects") == before, "a plan leaves no trace"
    assert git(bench.workspace, "diff", "--cached", "--name-only") == ""
    assert "Committed as" in await bench.box.execute(call, bench.run)
    assert git(bench.workspace, "log", "-1", "--format=%cn%n%B") == "tester (ChainBot)\nSecond\n\nBecause."
    assert git(bench.workspace, "status", "--short") == "?? b.txt"
    assert git(bench.workspace, "fsck", "--strict") == ""


async def test_the_first_commit_of_a_repository(tmp_path: Path) -> None:
    async with open_bench(tmp_path, sandbox="off") as bench:
        git(bench.workspace, "init", "--quiet")
        (bench.workspace / "a.txt").write_text("one\n")
        await bench.approved("git_commit", message="First")
        assert git(bench.workspace, "log", "--format=%s") == "First"


async def test_a_file_that_changes_after_the_approval_is_not_committed(bench: Bench) -> None:
    (bench.workspace / "a.txt").write_text("two\n")
    call = bench.call("git_commit", message="Second")
    await bench.approve(call)
    (bench.workspace / "a.txt").write_text("three\n")
    with pytest.raises(ToolFailed, match="changed since"):
        await bench.box.execute(call, bench.run)
    assert git(bench.workspace, "log", "--format=%s") == "first"


async def test_secrets_and_filtered_files_are_not_committed(bench: Bench) -> None:
    (bench.workspace / ".env").write_text("KEY=1")
    assert (await bench.judge("git_commit", message="x")).rule == "secrets files"
    assert (await bench.judge("git_commit", message="x", paths=[".env"])).rule == "secrets files"
    (bench.workspace / ".env").unlink()
    (bench.workspace / ".gitattributes").write_text("*.big filter=lfs\n")
    (bench.workspace / "x.big").write_text("large")
    with pytest.raises(ToolFailed, match="filter 'lfs'"):
        await bench.execute("git_commit", message="x")
    with pytest.raises(ToolFailed, match="nothing to commit"):
        await bench.execute("git_commit", message="x", paths=["a.txt"])


async def test_outside_of_a_repository_or_of_the_workspace(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    async with open_bench(tmp_path, sandbox="off") as bench:
        with pytest.raises(ToolFailed, match="in no git repository"):
            await bench.execute("git_status")
        with pytest.raises(ToolFailed, match="outside"):
            await bench.execute("git_status", path="..")


async def test_a_repository_kept_elsewhere_is_asked(bench: Bench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    git(elsewhere, "init", "--quiet")
    (bench.workspace / "sub").mkdir()
    (bench.workspace / "sub" / ".git").write_text(f"gitdir: {elsewhere}/.git\n")
    assert (await bench.judge("git_status", path="sub")).verdict == "ask"


_HOSTILE = """
[core]
    fsmonitor = {evil} fsmonitor
    hooksPath = {hooks}
    pager = {evil} pager
    editor = {evil} editor
    sshCommand = {evil} ssh
    askPass = {evil}
    worktree = /etc
[diff]
    external = {evil} external
[diff "evil"]
    textconv = {evil} textconv
    command = {evil} command
[filter "evil"]
    clean = {evil} clean
    smudge = {evil} smudge
    process = {evil} process
    required = true
[filter "with.dots=and equals"]
    clean = {evil} clean2
[merge "evil"]
    driver = {evil} merge
[gpg]
    program = {evil}
[commit]
    gpgSign = true
[log]
    showSignature = true
[pager]
    log = {evil} pager-log
    status = {evil} pager-status
[alias]
    status = !{evil} alias
    diff = !{evil} alias
[credential]
    helper = !{evil} credential
[include]
    path = more.config
[remote "evil"]
    url = ext::{evil} remote
    promisor = true
    uploadpack = {evil}
[extensions]
    partialClone = evil
[submodule]
    recurse = true
"""


async def test_a_hostile_repository_executes_nothing(bench: Bench, tmp_path: Path) -> None:
    evil = tmp_path / "evil.sh"
    evil.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/executed\ncat\n')
    evil.chmod(0o755)
    repository = bench.workspace / ".git"
    hooks = repository / "hooks"
    for name in ("pre-commit", "post-commit", "commit-msg", "prepare-commit-msg", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f'#!/bin/sh\necho "hook {name}" >> {tmp_path}/executed\n')
        (hooks / name).chmod(0o755)
    (bench.workspace / ".gitattributes").write_text("*.txt diff=evil filter=evil\n*.dat filter=with.dots=and\n")
    (repository / "info" / "attributes").write_text("b.bin diff=evil merge=evil\n")
    (repository / "config").write_text((repository / "config").read_text() + _HOSTILE.format(evil=evil, hooks=hooks))
    (repository / "more.config").write_text(f'[filter "included"]\n clean = {evil} included\n')
    (repository / "info" / "attributes").write_text("c.bin filter=included\n")
    for name in ("a.txt", "new.txt", "c.bin"):
        (bench.workspace / name).write_text("changed\n")
    await bench.execute("git_status")
    await bench.execute("git_diff")
    await bench.execute("git_diff", revision="HEAD")
    await bench.execute("git_log")
    with pytest.raises(ToolFailed, match="filter"):
        await bench.execute("git_commit", message="x")
    (bench.workspace / ".gitattributes").write_text("*.txt diff=evil\n")
    (bench.workspace / "c.bin").unlink()
    assert "Committed" in await bench.approved("git_commit", message="x")
    missing = git_object(bench.workspace)
    missing.unlink()
    with pytest.raises(ToolFailed):
        await bench.execute("git_diff", revision="HEAD~1..HEAD")
    assert not (tmp_path / "executed").exists(), (tmp_path / "executed").read_text()
    await asyncio.to_thread(subprocess.run, ["git", "status"], cwd=bench.workspace, capture_output=True, check=False)
    assert (tmp_path / "executed").exists(), "and the trap would have worked"


def git_object(workspace: Path) -> Path:
    """The file of the first commit's blob: a repository with a promisor would fetch it by its own program."""
    name = subprocess.run(
        ["git", "hash-object", "--stdin"], input="one\n", capture_output=True, check=True, text=True, cwd="/"
    ).stdout.strip()
    return workspace / ".git" / "objects" / name[:2] / name[2:]
