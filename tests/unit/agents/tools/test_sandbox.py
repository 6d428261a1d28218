"""Real bubblewrap: what a confined command can reach, tried by commands that try to get out.

Each breakout runs on the same machine unconfined as well where that does no harm: an attack that fails for another reason proves
nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from chainbot_desktop.agents.tools import fence
from chainbot_desktop.agents.tools.private_places import private_places
from chainbot_desktop.agents.tools.sandbox import Sandbox
from chainbot_desktop.agents.tools.tool import ToolFailed
from tests.helpers.toolboxes import Bench, open_bench

PYTHON = os.path.realpath(sys.executable)
"""Not the link in the environment: a checkout may lie in a folder that the sandbox has its own of."""
DONE = "[exit code 0]\n"
"""And nothing printed."""
_BWRAP = shutil.which("bwrap")
_WORKS = bool(_BWRAP) and subprocess.run([str(_BWRAP), "--ro-bind", "/", "/", "/bin/true"], check=False).returncode == 0
pytestmark = pytest.mark.skipif(not _WORKS, reason="bubblewrap is not installed, or may not work here")


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """Outside of /tmp, which a confined command has of its own: what is kept from it must be kept by something else."""
    folder = Path("/var/tmp") / f"sandbox-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home" / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder / "home"))
    try:
        async with open_bench(folder) as opened:
            yield opened
    finally:
        shutil.rmtree(folder)


async def confined(bench: Bench, script: str, *, network: bool = False) -> str:
    draft = (await bench.judge("run_command", command=[PYTHON, "-c", script], network=network)).draft
    assert draft is not None
    assert draft.sandboxed is True
    return await bench.approved("run_command", command=[PYTHON, "-c", script], network=network)


def outside(bench: Bench) -> Path:
    return bench.workspace.parent


async def test_the_workspace_is_written_and_nothing_else_of_the_machine(bench: Bench) -> None:
    (bench.workspace / "link").symlink_to(outside(bench))
    (bench.workspace / "stray").symlink_to("/etc")
    script = (
        "import pathlib\n"
        "pathlib.Path('inside').write_text('x')\n"
        f"for place in ('{outside(bench)}/a', 'link/b', 'stray/c', '/usr/d', '/sys/kernel/mm/ksm/run', '/proc/sys/kernel/core_pattern',\n"
        "        '/proc/sysrq-trigger', '/proc/1/root/var/tmp/e', '/proc/self/root/usr/f'):\n"
        "    try: open(place, 'a').close()  # opened is enough: a test must not change the machine\n"
        "    except OSError: continue\n"
        "    print('WROTE', place)\n"
    )
    assert await confined(bench, script) == DONE
    assert (bench.workspace / "inside").read_text() == "x"
    assert not any((outside(bench) / name).exists() for name in "ab")


async def test_the_network_has_to_be_granted(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        script = f"""
import socket
try: socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5); print('REACHED')
except OSError as error: print('no')
"""
        assert await confined(bench, script) == "[exit code 0]\nno"
        assert await confined(bench, script, network=True) == "[exit code 0]\nREACHED"


async def test_secrets_of_the_house_and_of_the_home_are_not_there(bench: Bench) -> None:
    home, data = outside(bench) / "home", outside(bench) / "data"
    elsewhere = outside(bench) / "elsewhere"
    elsewhere.mkdir()
    kept = {
        home / ".ssh" / "id_rsa": "TOP",
        home / ".netrc": "TOP",
        home / ".config" / "gh" / "hosts.yml": "TOP",
        home / ".config" / "chainbot-desktop" / "config.yaml": "TOP",
        data / "token": "TOP",
        elsewhere / "key": "TOP",
    }
    (home / ".aws").symlink_to(elsewhere)  # kept on another disk, say
    for file, text in kept.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (bench.workspace / "door").symlink_to(home)
    (bench.workspace / "house").symlink_to(data)
    files = [
        *map(str, kept),
        "door/.ssh/id_rsa",
        "house/token",
        f"/proc/self/root{data}/token",
        f"/proc/1/root{data}/token",
        str(home / ".aws" / "key"),
    ]
    script = (
        f"import pathlib\nfor file in {files!r}:\n"
        "    try: print('READ', file) if 'TOP' in pathlib.Path(file).read_text() else print('empty')\n"
        "    except OSError: print('not there')\n"
    )
    (outside(bench) / "check.py").write_text(script)
    free = _run(PYTHON, "-c", script, cwd=bench.workspace)
    assert free.count("READ") >= len(files) - 1, "unconfined they are read; /proc/1 only by some"
    answer = await confined(bench, script)
    assert "READ" not in answer
    assert answer.count("\n") == len(files)


async def test_a_home_that_is_a_link_hides_its_secrets_too(tmp_path: Path) -> None:
    (tmp_path / "real" / ".ssh").mkdir(parents=True)
    (tmp_path / "real" / ".netrc").write_text("x")
    (tmp_path / "home").symlink_to("real")
    folders, files = private_places(tmp_path / "home", [], {})
    assert folders == [tmp_path / "real" / ".ssh"]
    assert files == [tmp_path / "real" / ".netrc"]


async def test_what_git_acts_upon_cannot_be_changed_moved_or_planted(bench: Bench) -> None:
    for repository in (bench.workspace, bench.workspace / "projects" / "one"):
        _run("git", "init", "-q", str(repository))
    script = """
import os, pathlib, shutil
for top in ('.', 'projects/one'):
    git = pathlib.Path(top, '.git')
    for deed in (
        lambda: (git / 'hooks' / 'pre-commit').write_text('x'),
        lambda: (git / 'config').write_text('[core]\\n\\tfsmonitor = evil\\n'),
        lambda: os.rename(git / 'config', git / 'old'),
        lambda: (git / 'config').unlink(),
        lambda: os.rename(git / 'hooks', git / 'away'),
        lambda: os.rename(git, pathlib.Path(top, 'away')),
        lambda: shutil.rmtree(git / 'hooks'),
    ):
        try: deed()
        except OSError: continue
        print('DID', top, deed.__code__.co_firstlineno)
    (git / 'commondir').write_text('../evil')
    (git / 'description').write_text('the rest of it is git\\'s to write')
"""
    assert await confined(bench, script) == DONE
    for git in (bench.workspace / ".git", bench.workspace / "projects" / "one" / ".git"):
        assert not (git / "commondir").exists(), "git would have taken its configuration from there"
        assert "fsmonitor" not in (git / "config").read_text()
        assert (git / "description").read_text().startswith("the rest")
        assert not (git / "hooks" / "pre-commit").exists()
        assert (git / "hooks" / "pre-commit.sample").exists(), "as it was"


async def test_git_commits_inside(bench: Bench) -> None:
    _run("git", "init", "-q", str(bench.workspace))
    (bench.workspace / "a.txt").write_text("x")
    await bench.approved("run_command", command=["git", "add", "a.txt"])
    answer = await bench.approved(
        "run_command", command=["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "x"]
    )
    assert answer == DONE
    told = _run("git", "log", "--oneline", cwd=bench.workspace)
    assert told.endswith(" x\n")


async def test_a_repository_with_links_for_hooks_is_read_only_as_a_whole(bench: Bench) -> None:
    _run("git", "init", "-q", str(bench.workspace))
    shutil.rmtree(bench.workspace / ".git" / "hooks")
    (bench.workspace / "shared-hooks").mkdir()
    (bench.workspace / ".git" / "hooks").symlink_to("../shared-hooks")
    script = "import os\ntry: os.unlink('.git/hooks'); print('DID')\nexcept OSError as error: print(error.strerror)"
    assert await confined(bench, script) == "[exit code 0]\nRead-only file system"


async def test_neither_processes_nor_the_environment_of_the_machine_are_seen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus")
    script = (
        "import os, pathlib\n"
        "pids = [name for name in os.listdir('/proc') if name.isdigit()]\n"
        "print(len(pids), [open(f'/proc/{pid}/comm').read().strip() for pid in pids][0])\n"
        "print(dict(os.environ))\n"
        "secrets = b''.join(pathlib.Path(f'/proc/{pid}/environ').read_bytes() for pid in pids)\n"
        "print(b'sk-very' in secrets)\n"
        f"try: os.kill({os.getpid()}, 9)\n"
        "except ProcessLookupError: print('no such process')\n"
    )
    answer = await confined(bench, script)
    assert "sk-very-secret" not in answer
    assert "False" in answer
    assert "DBUS_SESSION_BUS_ADDRESS" not in answer
    assert "no such process" in answer
    assert int(answer.splitlines()[1].split()[0]) <= 3


async def test_the_terminal_cannot_be_typed_into_and_devices_are_few(bench: Bench) -> None:
    script = (
        "import fcntl, os, termios\n"
        "try: fcntl.ioctl(os.open('/dev/tty', os.O_RDWR), termios.TIOCSTI, b'x'); print('TYPED')\n"
        "except OSError as error: print(error.strerror)\n"
        "print(sorted(name for name in os.listdir('/dev')))\n"
        "open('/dev/null', 'w').write('x'); assert len(open('/dev/urandom', 'rb').read(8)) == 8\n"
    )
    answer = await confined(bench, script)
    assert "TYPED" not in answer
    assert "'null'" in answer
    assert not {"mem", "kmsg", "sda", "vda", "input", "dri"} & set(json.loads(answer.splitlines()[2].replace("'", '"')))


async def test_sockets_of_the_session_are_not_reached(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = outside(bench) / "session"
    session.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    display = tmp_path / "X0"
    assert display.is_relative_to("/tmp"), "as the sockets of X11 are"
    with _listening(str(session / "bus")), _listening(str(display)):
        for network in (False, True):
            answer = await confined(bench, _connecting(str(session / "bus"), str(display)), network=network)
            assert answer == "[exit code 0]\nNO\nNO"


@pytest.mark.skipif(not fence.fence_is_there(), reason="this kernel has no scopes of Landlock (Linux 6.12)")
async def test_abstract_sockets_are_not_reached_even_with_the_network(bench: Bench) -> None:
    name = f"\0a-display-of-{os.getpid()}"
    with _listening(name), socket.create_server(("127.0.0.1", 0)) as server:
        assert _run(PYTHON, "-c", _connecting(name)) == "REACHED\n"
        assert await confined(bench, _connecting(name)) == "[exit code 0]\nNO"
        assert await confined(bench, _connecting(name), network=True) == "[exit code 0]\nNO"
        port = server.getsockname()[1]
        there = f"import socket; socket.create_connection(('127.0.0.1', {port})); print('the network is there')"
        assert await confined(bench, there, network=True) == "[exit code 0]\nthe network is there"


async def test_where_the_kernel_has_no_fence_the_card_says_what_the_network_brings(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sandbox, "fenced", False)
    draft = (await bench.judge("run_command", command=["ls"], network=True)).draft
    assert draft is not None
    assert draft.touches == ("the workspace", "the network", "your desktop session")
    answer = await confined(bench, "print('runs all the same')", network=True)
    assert answer.endswith("runs all the same")


@contextlib.contextmanager
def _listening(address: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        yield


def _run(*command: str, cwd: Path | None = None) -> str:
    """Unconfined."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def _connecting(*addresses: str) -> str:
    return (
        f"import socket\nfor address in {addresses!r}:\n"
        "    try: socket.socket(socket.AF_UNIX).connect(address); print('REACHED')\n"
        "    except OSError: print('NO')\n"
    )


_RUNAWAY = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', MARK], {})
print('up', flush=True)
time.sleep(600)
"""


async def test_a_stop_leaves_nothing_even_of_a_daemon_without_our_mark(bench: Bench) -> None:
    mark = f"runaway-{os.getpid()}"
    script = f"MARK = {mark!r}\n{_RUNAWAY}"
    with pytest.raises(ToolFailed, match=r"within 1\.5 s(.|\n)*up"):
        await bench.approved("run_command", command=[PYTHON, "-c", script], timeout=1.5)
    assert [p.pid for p in psutil.process_iter(["cmdline"]) if mark in " ".join(p.info["cmdline"] or ())] == []


async def test_a_confined_command_that_is_told_to_end_may_put_its_things_in_order(bench: Bench) -> None:
    script = (
        "import pathlib, signal, sys, time\n"
        "def leave(*_):\n    time.sleep(0.5)\n    pathlib.Path('tidy').write_text('x')\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave)\n"
        "print('up', flush=True)\ntime.sleep(600)\n"
    )
    task = asyncio.create_task(bench.approved("run_command", command=[PYTHON, "-c", script]))
    async with asyncio.timeout(20):
        while not any("up" in row.text for row in bench.context.log.since(0)[0]):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (bench.workspace / "tidy").exists()
