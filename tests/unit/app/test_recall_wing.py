"""What the house lets the index of the workspace read."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainbot_desktop.app.recall_wing import _places


@pytest.mark.parametrize("name", [".env", "keys/server.pem", ".git/config", ".ssh/id_ed25519", "conf/credentials.json"])
def test_no_secret_and_nothing_of_git_may_be_read(tmp_path: Path, name: str) -> None:
    places = _places(tmp_path / "data", tmp_path / "data" / "cache" / "w.db", lambda: tmp_path, lambda: False)
    assert not places.may_read(name, tmp_path / name)
    assert places.may_read("src/main.py", tmp_path / "src" / "main.py")


def test_private_places_and_our_own_data_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (home / ".mozilla").mkdir(parents=True)
    (home / ".bash_history").write_text("x")
    data = home / "project" / "data"
    data.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    places = _places(data, data / "cache" / "w.db", lambda: home, lambda: False)
    for name in (".mozilla/firefox/logins.json", ".bash_history", "project/data/chainbot.db"):
        assert not places.may_read(name, home / name), name
    (home / "project" / "link").symlink_to(home / ".mozilla")
    assert not places.may_read("project/link/logins.json", home / "project" / "link" / "logins.json")
    assert places.may_read("project/a.py", home / "project" / "a.py")
