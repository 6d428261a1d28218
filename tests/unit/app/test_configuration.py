"""Every source of settings, their order, and what a wrong value says."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from chainbot_desktop.app.configuration import Configuration, load_configuration
from chainbot_desktop.core.errors import SettingsError


def load(tmp_path: Path, text: str = "", env: dict[str, str] | None = None, **flags: object) -> Configuration:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return load_configuration(config=path, data_dir=tmp_path, environment=env or {}, flags={"server": flags} if flags else None)


def error(tmp_path: Path, text: str = "", env: dict[str, str] | None = None, **flags: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, text, env, **flags)
    return str(caught.value)


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load_configuration(environment={"XDG_CONFIG_HOME": str(tmp_path)}, data_dir=tmp_path).settings
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 9000)
    assert settings.security.trusted_webhook_sources == ()


def test_the_later_source_wins(tmp_path: Path) -> None:
    text = "server: {port: 9001, host: 0.0.0.0}"
    assert load(tmp_path, text).settings.server.port == 9001
    env = {"CHAINBOT_SERVER__PORT": "9002"}
    assert load(tmp_path, text, env).settings.server.port == 9002
    settings = load(tmp_path, text, env, port=9003).settings
    assert (settings.server.port, settings.server.host) == (9003, "0.0.0.0")


def test_the_names_that_users_have_reach_their_settings(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        env={
            "ALEX_OS_REGISTRY_URL": "http://localhost:8000",
            "ALEX_OS_HEALTH_INTERVAL": "15",
            "LOG_LEVEL": "WARNING",
            "OPENAI_API_KEY": "sk-secret",
            "DATABASE_URL": "sqlite:////data/x.db",
        },
    ).settings
    assert str(settings.alex_os.registry_url) == "http://localhost:8000/"
    assert settings.alex_os.health_interval == 15
    assert settings.logging.level == "warning"
    assert settings.database.url == "sqlite:////data/x.db"
    assert "sk-secret" not in repr(settings)


def test_our_names_win_over_the_old_ones_and_empty_ones_do_not_count(tmp_path: Path) -> None:
    env = {"LOG_LEVEL": "error", "CHAINBOT_LOGGING__LEVEL": "debug", "ALEX_OS_HEALTH_INTERVAL": ""}
    settings = load(tmp_path, env=env).settings
    assert settings.logging.level == "debug"
    assert settings.alex_os.health_interval == 60


@pytest.mark.parametrize("written", ["10.0.0.0/8, ::1", "10.0.0.0/8,::1,"])
def test_a_list_in_the_environment_has_commas(tmp_path: Path, written: str) -> None:
    settings = load(tmp_path, env={"CHAINBOT_SECURITY__TRUSTED_WEBHOOK_SOURCES": written}).settings
    assert settings.security.trusted_webhook_sources == (ip_network("10.0.0.0/8"), ip_network("::1"))


def test_a_file_of_an_existing_installation_is_read(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "server: {host: 0.0.0.0, port: 9000, debug: false}\n"
        "alex_os: {registry_url: 'http://10.42.69.208:8000', health_interval: 60}\n"
        "chainbot: {name: chainbot}\nopenai: {api_key: null, model: gpt-4o}\nmaclink:\nwebsocket: {}\n"
        "security: {secret_key: abc}\nlogging: {level: INFO}\naudit: {enabled: true}\n"
        "workflow: {max: 5}\nagent: {max_agents: 20}\ngui: {theme: Dark}\n",
    )
    assert loaded.settings.gui.theme == "dark"
    assert [warning for warning in loaded.warnings if "server.debug" in warning]
    assert len(loaded.warnings) == 1


def test_a_wrong_value_names_file_key_found_and_expected(tmp_path: Path) -> None:
    sentence = error(tmp_path, "server:\n  port: ninety\n")
    assert str(tmp_path / "config.yaml") in sentence
    assert "server.port" in sentence
    assert "'ninety'" in sentence
    assert "integer" in sentence


def test_a_wrong_variable_and_a_wrong_option_name_themselves(tmp_path: Path) -> None:
    assert "CHAINBOT_SERVER__PORT" in error(tmp_path, env={"CHAINBOT_SERVER__PORT": "70000"})
    assert "ALEX_OS_REGISTRY_URL" in error(tmp_path, env={"ALEX_OS_REGISTRY_URL": "ftp://x"})
    assert "--port" in error(tmp_path, port=0)


def test_several_wrong_values_are_all_named_once(tmp_path: Path) -> None:
    sentence = error(tmp_path, "server: {port: x}\nsecurity: {trusted_webhook_sources: [nonsense]}\n")
    assert sentence.count("server.port") == 1
    assert sentence.count("trusted_webhook_sources") == 1


def test_a_wrong_secret_is_not_shown(tmp_path: Path) -> None:
    assert "hidden" not in error(tmp_path, "openai: {api_key: [hidden]}")


@pytest.mark.parametrize("text", ["server: [", "- a\n- b", "server: 5", "just words", "a: &a [*a]" * 2, "\x07"])
def test_a_file_that_is_not_settings_is_an_error_or_a_warning_never_a_crash(tmp_path: Path, text: str) -> None:
    try:
        assert load(tmp_path, text).warnings
    except SettingsError as caught:
        assert str(tmp_path / "config.yaml") in caught.message


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        load_configuration(config=tmp_path / "nowhere.yaml", environment={})


def test_a_binary_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(b"\xff\xfe\x00server")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_configuration(config=tmp_path / "config.yaml", environment={})


def test_unknown_keys_are_told_and_do_not_stop_the_start(tmp_path: Path) -> None:
    loaded = load(tmp_path, "servre: {port: 1}\nserver: {prot: 2}\nscalar: 3\n")
    assert len(loaded.warnings) == 3
