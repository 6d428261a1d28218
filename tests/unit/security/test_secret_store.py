from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from chainbot_desktop.security.admin_token import AdminToken, read_or_make_token, read_token
from chainbot_desktop.security.secret_store import SecretStore, SecretsUnavailable


class FakeKeyring:
    def __init__(self) -> None:
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


def test_without_a_keyring_the_token_is_in_a_file_for_its_owner_only(tmp_path: Path) -> None:
    token = read_or_make_token(SecretStore(tmp_path, "auto", None))
    assert len(token) >= 40
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert read_token(SecretStore(tmp_path, "auto", None)) == token


def test_with_a_keyring_the_file_does_not_hold_the_token(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    token = read_or_make_token(SecretStore(tmp_path, "auto", keyring))
    assert token not in (tmp_path / "secrets.json").read_text()
    assert read_token(SecretStore(tmp_path, "auto", keyring)) == token


def test_a_shell_without_the_keyring_makes_no_second_token(tmp_path: Path) -> None:
    read_or_make_token(SecretStore(tmp_path, "auto", FakeKeyring()))
    with pytest.raises(SecretsUnavailable, match="keyring"):
        read_or_make_token(SecretStore(tmp_path, "auto", None))


def test_a_keyring_that_is_asked_for_and_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SecretsUnavailable):
        read_or_make_token(SecretStore(tmp_path, "keyring", None))
    assert not (tmp_path / "secrets.json").exists()


def test_a_file_that_others_could_read_is_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = SecretStore(tmp_path, "file", None)
    token = read_or_make_token(store)
    (tmp_path / "secrets.json").chmod(0o644)
    assert read_token(store) == token
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert "readable by others" in caplog.text


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00", '{"admin token": "x"}', '{"admin token": {"store": "file"}}'])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(SecretsUnavailable, match=r"secrets\.json"):
        read_or_make_token(SecretStore(tmp_path, "auto", None))
    assert path.read_text() == content


def test_half_a_write_is_not_taken_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.new").write_text("{half")
    token = read_or_make_token(SecretStore(tmp_path, "auto", None))
    assert json.loads((tmp_path / "secrets.json").read_text())["admin token"]["value"] == token


def test_only_the_token_matches() -> None:
    token = AdminToken("right")
    assert token.matches("right")
    for wrong in ("", "righ", "right ", "RIGHT", "\udcff", "right\x00"):
        assert not token.matches(wrong)


def test_a_secret_that_is_deleted_is_gone_from_the_keyring_too(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    store = SecretStore(tmp_path, "auto", keyring)
    store.set("model.openai", "k")
    assert store.names() == ("model.openai",)
    assert store.delete("model.openai")
    assert not keyring.passwords
    assert not store.delete("model.openai")
