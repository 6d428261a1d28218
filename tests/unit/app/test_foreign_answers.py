"""`doctor` and `link` ask whoever listens: what is no ChainBot Desktop and no ALEX OS gets a sentence, never a traceback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from chainbot_desktop.app.command_line import parse_arguments
from chainbot_desktop.app.configuration import load_configuration
from chainbot_desktop.app.doctor import Mark, check_alex_os, check_data, check_port
from chainbot_desktop.app.door_commands import print_link
from chainbot_desktop.security.admin_token import read_or_make_token
from chainbot_desktop.security.secret_store import SecretStore

ANSWERS = [
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nDate: nonsense\r\nContent-Length: 2\r\n\r\n[]",
    b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n{}",
    b"",
]


@pytest.fixture
def listen() -> Iterator[Callable[[bytes], int]]:
    """Answers every connection with the same bytes; gives the port."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def serve(listener: socket.socket, answer: bytes) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with closing(connection):
                connection.recv(4096)
                connection.sendall(answer)

    def start(answer: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threads.append(threading.Thread(target=serve, args=(listener, answer)))
        threads[-1].start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
    for thread in threads:
        thread.join(5)


@pytest.mark.parametrize("answer", ANSWERS)
def test_doctor(listen: Callable[[bytes], int], tmp_path: Path, answer: bytes) -> None:
    port = listen(answer)
    environment = {"ALEX_OS_REGISTRY_URL": f"http://127.0.0.1:{port}", "CHAINBOT_SERVER__PORT": str(port)}
    configuration = load_configuration(data_dir=tmp_path, environment=environment)
    assert check_port(configuration).mark is Mark.BAD
    assert all(finding.subject == "ALEX OS" for finding in check_alex_os(configuration))


@pytest.mark.parametrize("answer", ANSWERS)
def test_link(
    listen: Callable[[bytes], int],
    tmp_path: Path,
    answer: bytes,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHAINBOT_SECURITY__SECRET_STORE", "file")
    read_or_make_token(SecretStore(tmp_path, "file", None))
    options = parse_arguments(["link", "--data-dir", str(tmp_path), "--port", str(listen(answer))])
    assert print_link(options) == 1
    written = capsys.readouterr()
    assert "No ChainBot Desktop answers at" in written.err
    assert written.out == ""


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.exists

    def exists(path: Path) -> bool:
        if path.name == "inside":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "exists", exists)
    monkeypatch.setattr("os.access", lambda *_: False)
    configuration = load_configuration(data_dir=tmp_path / "inside", environment={})
    finding = check_data(configuration)
    assert (finding.mark, finding.subject) == (Mark.BAD, "data")
