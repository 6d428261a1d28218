"""Where settings come from: defaults, then `config.yaml`, then the environment, then the command line; the later one wins.

A wrong value stops the start with its source, its key, what was found and what is expected.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from chainbot_desktop.core.errors import SettingsError
from chainbot_desktop.core.settings import Settings

APP_NAME = "chainbot-desktop"
ENV_PREFIX = "CHAINBOT_"
_DELIMITER = "__"

LEGACY_ENVIRONMENT: Mapping[str, tuple[str, str]] = {
    "ALEX_OS_REGISTRY_URL": ("alex_os", "registry_url"),
    "ALEX_OS_EVENT_BUS_URL": ("alex_os", "event_bus_url"),
    "ALEX_OS_WEBHOOK_URL": ("alex_os", "webhook_url"),
    "ALEX_OS_HEALTH_INTERVAL": ("alex_os", "health_interval"),
    "ALEX_OS_REGISTRATION_RETRY": ("alex_os", "registration_retry"),
    "ALEX_OS_MAX_REGISTRATION_ATTEMPTS": ("alex_os", "max_registration_attempts"),
    "OPENAI_API_KEY": ("openai", "api_key"),
    "OPENAI_BASE_URL": ("openai", "base_url"),
    "OPENAI_MODEL": ("openai", "model"),
    "ANTHROPIC_API_KEY": ("anthropic", "api_key"),
    "ANTHROPIC_BASE_URL": ("anthropic", "base_url"),
    "MACLINK_BASE_URL": ("maclink", "base_url"),
    "MACLINK_API_KEY": ("maclink", "api_key"),
    "DATABASE_URL": ("database", "url"),
    "SECRET_KEY": ("security", "secret_key"),
    "LOG_LEVEL": ("logging", "level"),
    "LOG_FILE": ("logging", "file"),
}
"""Environment names that users already have. `CHAINBOT_SECTION__KEY` reaches every setting and wins over them."""

SECTIONS_WITHOUT_SETTINGS = frozenset({"workflow", "agent"})
"""Sections of existing files that hold nothing this version reads."""


class _Environment(BaseSettings, Settings):
    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter=_DELIMITER, frozen=True, extra="ignore", enable_decoding=False
    )


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, where the data is, and sentences about keys that were not understood."""

    settings: Settings
    config_file: Path
    data_dir: Path
    warnings: tuple[str, ...]


def default_data_dir() -> Path:
    return Path(platformdirs.user_data_dir(APP_NAME))


def database_path(settings: Settings, data_dir: Path) -> Path:
    """Where the journal is: the data directory's own file unless the settings name one."""
    url = settings.database.url
    return Path(url.removeprefix("sqlite:///")).expanduser().absolute() if url else data_dir / "chainbot.db"


def load_configuration(
    *,
    config: Path | None = None,
    data_dir: Path | None = None,
    flags: Mapping[str, Mapping[str, Any]] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """All sources merged and checked. Raises SettingsError.

    `config` must exist if it is given; the default file may be missing. `flags` are sections of settings from the command line.
    """
    environ = os.environ if environment is None else environment
    path = config or Path(platformdirs.user_config_dir(APP_NAME)) / "config.yaml"
    merged = _Merged()
    merged.add(_read_yaml(path, required=config is not None), lambda section, key: f"{path}, key {section}.{key}")
    legacy: dict[str, dict[str, Any]] = {}
    for name, (section, key) in LEGACY_ENVIRONMENT.items():
        if environ.get(name, "") != "":
            legacy.setdefault(section, {})[key] = environ[name]
    names = {place: name for name, place in LEGACY_ENVIRONMENT.items()}
    merged.add(legacy, lambda section, key: f"the environment variable {names[section, key]}")
    merged.add(_read_environment(environ), lambda section, key: f"the environment variable {_variable(section, key)}")
    merged.add(flags or {}, lambda _section, key: f"the option --{key.replace('_', '-')}")
    settings = merged.validate()
    folder = data_dir or default_data_dir()
    return Configuration(settings, path, folder.expanduser().absolute(), tuple(_unknown_keys(merged.values, path)))


class _Merged:
    """Sections of settings, later sources over earlier ones, each value with the name of its source."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self._origins: dict[tuple[str, str], str] = {}

    def add(self, sections: Mapping[str, Any], origin: Any) -> None:
        for section, values in sections.items():
            if not isinstance(values, Mapping):
                self.values[section] = values
                self._origins[section, ""] = origin(section, "").rstrip(".")
                continue
            target = self.values.setdefault(section, {})
            if not isinstance(target, dict):
                target = self.values[section] = {}
            for key, value in values.items():
                target[key] = value
                self._origins[section, str(key)] = origin(section, key)

    def validate(self) -> Settings:
        known = {name: value for name, value in self.values.items() if name in Settings.model_fields}
        try:
            return Settings.model_validate(_with_lower_case_words(known))
        except ValidationError as error:
            # One sentence a key: a value that fits none of several types fails once for each of them.
            sentences = {details["loc"][:2]: self._sentence(details) for details in reversed(error.errors(include_url=False))}
            raise SettingsError(
                " ".join(reversed(sentences.values())),
                hint="The settings are described in docs/settings.md.",
            ) from None

    def _sentence(self, details: ErrorDetails) -> str:
        place = [str(part) for part in details["loc"]]
        section, key = place[0], place[1] if len(place) > 1 else ""
        if not key:
            details = {**details, "msg": "a section with keys of its own"}
        origin = self._origins.get((section, key), f"the settings, key {'.'.join(place)}")
        found = "***" if "key" in key or "secret" in key or section == "mcp" else repr(details["input"])
        return f"In {origin}: found {found}, expected {_expectation(section, key, details)}."


def _expectation(section: str, key: str, details: ErrorDetails) -> str:
    sentence = details["msg"]
    for beginning in ("Input should be ", "Value error, "):
        sentence = sentence.removeprefix(beginning)
    model = Settings.model_fields[section].annotation
    if isinstance(model, type) and issubclass(model, BaseModel) and key in model.model_fields:
        description = model.model_fields[key].description
        if description:
            sentence += f" ({description.rstrip('.')})"
    return sentence


def _read_yaml(path: Path, *, required: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if required:
            raise SettingsError(f"The settings file {path} does not exist.", hint="Check the path after --config.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error}.", hint="It must be a text file in UTF-8."
        ) from None
    try:
        content = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"The settings file {path} is not YAML: {reason}.", hint="Mend it at the line it names.") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SettingsError(
            f"The settings file {path} must hold sections such as 'server:', and holds {type(content).__name__}.",
            hint="See docs/settings.md for an example.",
        )
    return {str(name): {} if section is None else section for name, section in content.items()}


def _read_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    source = EnvSettingsSource(_Environment)
    source.env_vars = {name.lower(): value for name, value in environ.items() if name.upper().startswith(ENV_PREFIX)}
    return source()


def _variable(section: str, key: str) -> str:
    return f"{ENV_PREFIX}{section}{_DELIMITER}{key}".upper().rstrip("_")


def _with_lower_case_words(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Levels and modes may be written in capitals, as existing installations do."""
    lowered = {name: dict(values) if isinstance(values, Mapping) else values for name, values in sections.items()}
    for section, key in (("logging", "level"), ("logging", "format"), ("gui", "theme"), ("security", "secret_store")):
        values = lowered.get(section)
        if isinstance(values, dict) and isinstance(values.get(key), str):
            values[key] = values[key].lower()
    return lowered


def _unknown_keys(sections: Mapping[str, Any], path: Path) -> Iterator[str]:
    for section, values in sections.items():
        if section in SECTIONS_WITHOUT_SETTINGS:
            continue
        if section not in Settings.model_fields:
            yield f"{path}: the section {section!r} is not known and was ignored."
            continue
        model = Settings.model_fields[section].annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        for key in values if isinstance(values, Mapping) else ():
            if key not in model.model_fields:
                yield f"The setting {section}.{key} is not known and was ignored."
