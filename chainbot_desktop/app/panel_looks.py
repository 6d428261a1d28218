"""The look of the panel as a slash command changes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chainbot_desktop.ui.theme import TEXT_SIZES, ThemeChoice, ThemeSource

_CHOICES: dict[str, ThemeChoice] = {"dark": "dark", "light": "light", "auto": "auto"}


class PanelLooks:
    """Implements `chat.panel_commands.Looks`. `remember` keeps what was chosen, as the shell does for its own sheet."""

    def __init__(self, themes: ThemeSource, remember: Callable[[str, object], None]) -> None:
        self._themes = themes
        self._remember = remember

    @property
    def theme(self) -> str:
        return self._themes.choice

    @property
    def size(self) -> str:
        return self._themes.text_size

    @property
    def sizes(self) -> Sequence[str]:
        return tuple(TEXT_SIZES)

    def choose(self, theme: str, size: str) -> None:
        self._themes.select(_CHOICES[theme])
        self._themes.set_text_size(size)
        self._remember("shell.theme", theme)
        self._remember("shell.text_size", size)
