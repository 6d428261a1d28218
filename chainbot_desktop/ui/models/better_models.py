"""The sheet in which a person gets better models: a tap takes a server that was found, the rest is one field or one file each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from chainbot_desktop.agents.models.discovery import FoundServer
from chainbot_desktop.agents.models.gateway import ProviderStatus
from chainbot_desktop.core.errors import ChainBotError
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.ui.agent_map.form_rows import paragraph
from chainbot_desktop.ui.models.model_words import models_in_words
from chainbot_desktop.ui.models.setup import KEYED, ModelSetup
from chainbot_desktop.ui.theme import Theme, ThemeSource
from chainbot_desktop.ui.widgets.button import Button
from chainbot_desktop.ui.widgets.sheet import Sheet

ChooseFile = Callable[[QWidget], Awaitable[Path | None]]
Tell = Callable[[str, bool], object]
"""Says a sentence outside of the sheet; True: it is bad news."""

_NONE_HERE = "No Ollama, llama.cpp or LM Studio that is not in use yet answers on this machine. Start one, then look again."


class BetterModels(Sheet):
    """`changed` is called when the models may be different, `tell` with what ends after the sheet was closed."""

    def __init__(
        self,
        origin: QWidget,
        themes: ThemeSource,
        setup: ModelSetup,
        tasks: Tasks,
        choose_file: ChooseFile,
        tell: Tell,
        changed: Callable[[], object],
    ) -> None:
        super().__init__(origin, "Better models", themes, width=600)
        self._setup = setup
        self._tasks = tasks
        self._choose_file = choose_file
        self._tell = tell
        self._on_change = changed
        self._copying: asyncio.Task[None] | None = None
        self._now = paragraph("dim")
        self.body.addWidget(self._now)
        self.here = _Section("On this machine", themes)
        self._found = QVBoxLayout()
        self._found.setSpacing(themes.current.px(4))
        self.here.content.addLayout(self._found)
        self._look = Button("Look again", themes, icon="refresh")
        self._look.clicked.connect(self.look)
        self.here.add_row(self._look)
        self.server = _Section("On the network", themes)
        self.address = _field("Address of a model server", "192.168.1.20 or http://192.168.1.20:11434/v1")
        use = Button("Use", themes)
        use.clicked.connect(self._on_use_address)
        self.address.returnPressed.connect(self._on_use_address)
        self.server.add_row(self.address, use)
        self.key = _field("Key of the model server", "Its key")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self._use_with_key = Button("Use with this key", themes, kind="primary")
        self._use_with_key.clicked.connect(self._on_use_address)
        self.key.returnPressed.connect(self._on_use_address)
        self.server.add_row(self.key, self._use_with_key)
        self._ask_key(False)
        # A key is for one server: it does not go to another address.
        self.address.textEdited.connect(lambda: self._ask_key(False))
        self.keys = _Section("With a key", themes)
        for provider, title in KEYED.items():
            self._add_key(provider, title)
        self.file = _Section("A file of yours", themes)
        self._choose = Button("Choose a GGUF file", themes, icon="folder-open")
        self._choose.clicked.connect(self._on_choose)
        self._give_up = Button("Cancel", themes, kind="quiet")
        self._give_up.clicked.connect(self._on_give_up)
        self._give_up.hide()
        self._bar = QProgressBar()
        self._bar.setAccessibleName("Copying the model")
        self._bar.hide()
        self.file.content.addWidget(self._bar)
        self.file.add_row(self._choose, self._give_up)
        for section in (self.here, self.server, self.keys, self.file):
            self.body.addWidget(section)
        self.body.addStretch(1)
        self.add_action("Done")
        self.refresh()

    def open(self) -> None:
        super().open()
        self.look()

    def refresh(self) -> None:
        self._now.setText(f"Now: {models_in_words(self._setup.statuses())}")
        self.fit_soon()

    def look(self) -> None:
        """Ask the usual ports of this machine."""
        self._begin(self.here, "Looking …", self._find())

    async def _find(self) -> str:
        found = await self._setup.find()
        if self._is_there:
            self._show_found(found)
        return "" if found else _NONE_HERE

    def _show_found(self, found: Sequence[FoundServer]) -> None:
        while (item := self._found.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for server in found:
            self._found.addWidget(self._server_button(server))

    def _server_button(self, server: FoundServer) -> Button:
        count = len(server.models)
        many = f"{count} {'model' if count == 1 else 'models'}"
        button = Button(f"Use {server.name} ({many}, {server.base_url})", self.themes, kind="primary")
        button.clicked.connect(lambda: self._begin(self.here, "Asking it …", self._use(server.base_url, server.name)))
        return button

    def _on_use_address(self) -> None:
        address = self.address.text().strip()
        if address:
            self._begin(self.server, "Asking it …", self._use(address, key=self.key.text().strip()))

    async def _use(self, address: str, name: str = "", key: str = "") -> str:
        try:
            status = await self._setup.use(address, name, key)
        except ChainBotError as error:
            if error.code not in ("key_wanted", "key_refused") or not self._is_there:
                raise
            self.address.setText(address)
            self._ask_key(True)
            if error.code == "key_refused":
                raise
            return f"{error.message} It is kept with the secrets once the server took it."
        if self._is_there:
            self.address.clear()
            self._ask_key(False)
            self._show_found(await self._setup.find())
        return _is_used(status)

    def _ask_key(self, asked: bool) -> None:
        self.key.setVisible(asked)
        self._use_with_key.setVisible(asked)
        if asked:
            self.key.setFocus()
            self.key.selectAll()
        else:
            self.key.clear()
        self.fit_soon()

    def _add_key(self, provider: str, title: str) -> None:
        field = _field(f"Key of {title}", f"Key of {title}")
        field.setEchoMode(QLineEdit.EchoMode.Password)
        keep = Button("Keep", self.themes)
        keep.setAccessibleName(f"Keep the key of {title}")

        def on_keep() -> None:
            if field.text().strip():
                self._begin(self.keys, f"Asking {title} …", self._give_key(provider, field))

        keep.clicked.connect(on_keep)
        field.returnPressed.connect(on_keep)
        self.keys.add_row(field, keep)

    async def _give_key(self, provider: str, field: QLineEdit) -> str:
        status = await self._setup.give_key(provider, field.text().strip())
        if self._is_there:
            field.clear()
        return _is_used(status)

    # A file

    def _on_choose(self) -> None:
        self._begin(self.file, "", self._add_file())

    async def _add_file(self) -> str:
        path = await self._choose_file(self)
        if path is None or not self._is_there:
            return ""
        self._bar.setValue(0)
        self._copying = asyncio.current_task()
        self._show_copying(True)
        try:
            status = await self._setup.add_file(path, self._show_progress)
        except asyncio.CancelledError:
            if not self._is_there:
                raise
            return "Given up; nothing was changed."
        finally:
            self._copying = None
            if shiboken6.isValid(self):
                self._show_copying(False)
        return _is_used(status)

    def _show_copying(self, copying: bool) -> None:
        self._bar.setVisible(copying)
        self._give_up.setVisible(copying)
        self._choose.setVisible(not copying)
        self.file.say("Copying. You may close this meanwhile." if copying else "")
        self.fit_soon()

    def _show_progress(self, done: int, total: int) -> None:
        if self._is_there and total:
            self._bar.setValue(done * 100 // total)

    def _on_give_up(self) -> None:
        if self._copying is not None:
            self._copying.cancel()

    # Doing

    @property
    def _is_there(self) -> bool:
        return shiboken6.isValid(self) and self.is_open

    def _begin(self, section: _Section, words: str, work: Coroutine[Any, Any, str]) -> None:
        if section.busy:
            work.close()
            return
        section.busy = True
        section.say(words)
        self.fit_soon()
        self._tasks.spawn("panel: better models", self._finish(section, work))

    async def _finish(self, section: _Section, work: Coroutine[Any, Any, str]) -> None:
        try:
            words, bad = await work, False
        except ChainBotError as error:
            words, bad = str(error), True
        if not shiboken6.isValid(self) or not self.is_open:
            if section is not self.here and words:
                self._tell(words, bad)
            self._on_change()
            return
        section.busy = False
        section.say(words, bad=bad)
        self.refresh()
        self._on_change()


class _Section(QWidget):
    """A heading, what it offers, and what came of it."""

    def __init__(self, title: str, themes: ThemeSource) -> None:
        super().__init__()
        self._themes = themes
        self._bad = False
        self._said = paragraph("small")
        self._said.hide()
        self.busy = False
        self.content = QVBoxLayout()
        self.content.setSpacing(themes.current.px(6))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, themes.current.px(6), 0, 0)
        layout.setSpacing(themes.current.px(4))
        layout.addWidget(paragraph("label", title))
        layout.addWidget(self._said)
        layout.addLayout(self.content)
        themes.changed.connect(self._on_theme_changed)

    @property
    def said(self) -> str:
        return self._said.text()

    def add_row(self, *widgets: QWidget) -> None:
        """Side by side; a field takes the room."""
        row = QHBoxLayout()
        row.setSpacing(self._themes.current.px(8))
        for widget in widgets:
            row.addWidget(widget, 1 if isinstance(widget, QLineEdit) else 0)
        if not any(isinstance(widget, QLineEdit) for widget in widgets):
            row.addStretch(1)
        self.content.addLayout(row)

    def say(self, words: str, *, bad: bool = False) -> None:
        self._bad = bad
        self._said.setText(words)
        self._said.setVisible(bool(words))
        self._on_theme_changed(self._themes.current)

    def _on_theme_changed(self, theme: Theme) -> None:
        self._said.setStyleSheet(f"color: {theme.color('failed').name()}" if self._bad else "")


def _field(name: str, placeholder: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    field.setMaxLength(10_000)
    return field


def _is_used(status: ProviderStatus) -> str:
    if status.state == "ready":
        return f"{status.name} is used now" + (f", with {status.default_model}." if status.default_model else ".")
    return f"{status.name} is kept, but it is {status.state}: {status.reason}"
