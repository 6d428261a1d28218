from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.app.command_line import parse_arguments
from chainbot_desktop.app.door_commands import page_address


def test_run_is_the_default() -> None:
    options = parse_arguments([])
    assert (options.command, options.mode, options.server_flags()) == ("run", "panel", {"server": {}})


@pytest.mark.parametrize(
    "arguments",
    [["--kiosk", "--port", "9001", "run"], ["run", "--kiosk", "--port=9001"], ["--port=9001", "run", "--kiosk"]],
)
def test_options_stand_on_either_side_of_the_command(arguments: list[str]) -> None:
    options = parse_arguments(arguments)
    assert (options.command, options.mode, options.port) == ("run", "kiosk", 9001)
    assert options.server_flags() == {"server": {"port": 9001}}


def test_paths_are_paths() -> None:
    options = parse_arguments(["token", "--data-dir", "here and there", "--config=c.yaml"])
    assert (options.data_dir, options.config) == (Path("here and there"), Path("c.yaml"))


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "", "٣", "9e3"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments([f"--port={port}"])
    assert caught.value.code == 2
    assert "is not a port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://127.0.0.1:9000"),
        ("::1", "http://[::1]:9000"),
        ("panel.local", "http://panel.local:9000"),
    ],
)
def test_a_browser_on_this_machine_finds_the_server(host: str, address: str) -> None:
    assert page_address(host, 9000) == address
