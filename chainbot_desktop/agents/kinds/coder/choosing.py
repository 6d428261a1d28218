"""The mode and the model that a coding agent is to work in, where it lets them be chosen."""

from __future__ import annotations

from collections.abc import Iterable

from acp import schema

from chainbot_desktop.agents.kinds.coder.channel import Channel
from chainbot_desktop.agents.tools.shown import line
from chainbot_desktop.core.errors import Unavailable

Opened = schema.NewSessionResponse | schema.LoadSessionResponse | schema.ResumeSessionResponse
"""What a session offers."""


def mode_of(modes: schema.SessionModeState | None, options: Iterable[object] | None) -> str:
    """The id of the mode that a session is in; empty where it has none."""
    if modes is not None:
        return line(modes.current_mode_id, 200)
    selects = (option for option in options or () if isinstance(option, schema.SessionConfigOptionSelect))
    return next((line(option.current_value, 200) for option in selects if option.category == "mode"), "")


async def choose_mode(channel: Channel, session_id: str, opened: Opened, wanted: str, seconds: float) -> str:
    """The mode's id. Unavailable where it does not offer this mode."""
    chosen = await _choose_option(channel, session_id, opened, "mode", wanted, seconds)
    if chosen is not None:
        return chosen
    modes = opened.modes.available_modes if opened.modes is not None else []
    found = next((mode.id for mode in modes if wanted in (mode.id, mode.name)), None)
    if found is None:
        raise _not_offered(channel.name, "mode", wanted, [mode.id for mode in modes] or _offered(opened, "mode"))
    request = schema.SetSessionModeRequest(session_id=session_id, mode_id=found)
    await channel.request("session_set_mode", request, schema.SetSessionModeResponse, seconds)
    return found


async def choose_model(channel: Channel, session_id: str, opened: Opened, wanted: str, seconds: float) -> None:
    """Unavailable where it does not offer this model."""
    if await _choose_option(channel, session_id, opened, "model", wanted, seconds) is None:
        raise _not_offered(channel.name, "model", wanted, _offered(opened, "model"))


async def _choose_option(
    channel: Channel, session_id: str, opened: Opened, category: str, wanted: str, seconds: float
) -> str | None:
    """The value that was chosen; None where it is not offered."""
    for option in _select_options(opened, category):
        value = next((choice.value for choice in _choices(option) if wanted in (choice.value, choice.name)), None)
        if value is not None:
            request = schema.SetSessionConfigOptionSelectRequest(session_id=session_id, config_id=option.id, value=value)
            await channel.request("session_set_config_option", request, schema.SetSessionConfigOptionResponse, seconds)
            return value
    return None


def _select_options(opened: Opened, category: str) -> list[schema.SessionConfigOptionSelect]:
    found = [option for option in opened.config_options or () if isinstance(option, schema.SessionConfigOptionSelect)]
    return [option for option in found if option.category == category]


def _choices(option: schema.SessionConfigOptionSelect) -> list[schema.SessionConfigSelectOption]:
    choices: list[schema.SessionConfigSelectOption] = []
    for entry in option.options:
        choices += entry.options if isinstance(entry, schema.SessionConfigSelectGroup) else [entry]
    return choices


def _offered(opened: Opened, category: str) -> list[str]:
    return [choice.value for option in _select_options(opened, category) for choice in _choices(option)]


def _not_offered(name: str, what: str, wanted: str, offered: list[str]) -> Unavailable:
    shown = line(", ".join(offered), 500)
    hint = f"It offers: {shown}." if offered else f"It lets no {what} be chosen here; choose it in its own settings."
    return Unavailable(f"{name} has no {what} {wanted!r}.", hint=hint, code=f"no_{what}")
