"""What each kind of agent asks for before it is made: the fields that matter, with what is sensible filled in.

A form is made from the kind's own schema: it shows a field only where the kind has it, and what it does not show is kept as it was.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import parse_json
from chainbot_desktop.ui.agent_map import header_lines
from chainbot_desktop.ui.agent_map.folder_field import FolderField
from chainbot_desktop.ui.agent_map.form_rows import FieldError, FormRow, paragraph
from chainbot_desktop.ui.agent_map.model_picker import ModelPicker
from chainbot_desktop.ui.agent_map.picker import Picker
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.theme import ThemeSource

Schema = Mapping[str, Any]

_RESTARTS = (("on-failure", "When it failed"), ("always", "Whenever it ends"), ("never", "Never"))
_AUTHENTICATIONS = (
    ("none", "None"),
    ("bearer", "Bearer key"),
    ("header", "Key in a header"),
    ("basic", "User and password"),
)
_AUTH_FIELDS: Mapping[str, Sequence[str]] = {
    "none": (),
    "bearer": ("auth.secret",),
    "header": ("auth.header", "auth.secret"),
    "basic": ("auth.user", "auth.secret"),
}
_AUTH_MISSING = {
    "auth.user": "Write the name of the user.",
    "auth.header": "Name the header that carries the key.",
    "auth.secret": "Name the secret that holds the key. The key itself is not written here.",
}
_READING = ("GET", "HEAD")
_EVERY_METHOD = (*_READING, "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_COMMON = ("workspace", "restart", "limits", "policy")
"""Fields that every kind has."""


class KindForm(QWidget):
    """`config` is what was given, over `before`; FieldError names what cannot be meant."""

    changed = Signal()

    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__()
        self._themes = themes
        self._parts = parts
        self._before = before
        self._properties: Mapping[str, Any] = schema.get("properties", {})
        self.rows: dict[str, FormRow[Any]] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(themes.current.px(8))

    def config(self) -> dict[str, Any]:
        return dict(self._before)

    def show_error(self, field: str, words: str) -> bool:
        """Whether it has that field to show it at."""
        row = self.rows.get(field) or self.rows.get(field.split(".", maxsplit=1)[0])
        if row is not None:
            row.show_error(words)
        return row is not None

    def clear_errors(self) -> None:
        for row in self.rows.values():
            row.show_error("")

    def _add(self, field: str, label: str, editor: QWidget, help_text: str = "") -> None:
        """A field within another is named as in auth.secret."""
        row = self.rows[field] = FormRow(field, label, editor, self._themes, help_text=help_text)
        self._column.addWidget(row)

    def _line(self, text: str, placeholder: str = "", *, mono: bool = False) -> QLineEdit:
        line = QLineEdit(text)
        line.setPlaceholderText(placeholder)
        if mono:
            line.setFont(self._themes.current.font("mono"))
        return line

    def _lines(self, text: str, placeholder: str = "", *, height: int) -> QPlainTextEdit:
        lines = QPlainTextEdit(text)
        lines.setPlaceholderText(placeholder)
        lines.setTabChangesFocus(True)
        lines.setFont(self._themes.current.font("mono"))
        lines.setMinimumHeight(self._themes.current.px(height))
        return lines

    def _picker(self, name: str, choices: Sequence[tuple[str, str]], value: str) -> Picker:
        picker = Picker(name, self._themes)
        picker.set_choices(choices, value)
        return picker

    def _add_folder(self) -> None:
        given = str(self._before.get("workspace") or "")
        self._folder = FolderField(self._themes, given, self._parts.folder(), self._parts.choose_folder)
        self._add("workspace", "Folder", self._folder, "The one that Code has open if empty.")

    def _folder_given(self) -> dict[str, Any]:
        given = self._folder.text().strip()
        return {"workspace": given or None}


class CommandForm(KindForm):
    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__(themes, parts, schema, before)
        self._command = self._line(shlex.join(before.get("command", ())), "make test", mono=True)
        self._add("command", "Command", self._command, "The program and its arguments; no shell reads them.")
        self._add_folder()
        self._restart = self._picker("Restart", _RESTARTS, str(before.get("restart", "on-failure")))
        self._add("restart", "Starts again", self._restart)

    def config(self) -> dict[str, Any]:
        try:
            words = shlex.split(self._command.text())
        except ValueError:
            raise FieldError("command", "A quotation mark has no partner.") from None
        if not words:
            raise FieldError("command", "Name the program that it shall run.")
        return {**super().config(), **self._folder_given(), "command": words, "restart": self._restart.value}


class AssistantForm(KindForm):
    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__(themes, parts, schema, before)
        names = list(parts.personas())
        chosen = str(before.get("persona") or (names[0] if names else ""))
        if chosen and chosen not in names:
            names.append(chosen)
        self._persona = self._picker("Persona", [(name, name.replace("_", " ").capitalize()) for name in names], chosen)
        self._add("persona", "Persona", self._persona)
        self._model = ModelPicker(themes, parts, str(before.get("model") or ""))
        self._model.changed.connect(self.changed)
        self._add("model", "Model", self._model)
        self._add_folder()

    def config(self) -> dict[str, Any]:
        given = {"persona": self._persona.value, "model": self._model.value}
        return {**super().config(), **self._folder_given(), **{name: value for name, value in given.items() if value}}


class CoderForm(KindForm):
    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__(themes, parts, schema, before)
        presets = _choices_of(self._properties.get("preset", {}), schema)
        chosen = str(before.get("preset") or (presets[0] if presets else ""))
        self._preset = self._picker("Program", [(name, name.replace("-", " ").capitalize()) for name in presets], chosen)
        self._add("preset", "Program", self._preset, "It must be installed on this machine.")
        self._add_folder()

    def config(self) -> dict[str, Any]:
        return {**super().config(), **self._folder_given(), "preset": self._preset.value}


class ApiForm(KindForm):
    """What the chosen authentication does not need is hidden, and left out of the configuration."""

    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__(themes, parts, schema, before)
        auth: Mapping[str, Any] = before.get("auth") or {}
        self._address = self._line(str(before.get("base_url") or ""), "https://api.example.com/v1", mono=True)
        self._add("base_url", "Address", self._address, "It calls nothing that is not below this address.")
        self._auth = self._picker("Authentication", _AUTHENTICATIONS, str(auth.get("type") or "none"))
        self._auth.chosen.connect(self._on_auth_chosen)
        self._add("auth", "Authentication", self._auth)
        self._user = self._line(str(auth.get("user") or ""))
        self._add("auth.user", "User", self._user)
        self._header = self._line(str(auth.get("header") or "X-API-Key"), mono=True)
        self._add("auth.header", "Header", self._header)
        self._secret = self._line(str(auth.get("secret") or ""), "shop-key", mono=True)
        self._add("auth.secret", "Name of the secret", self._secret, "Kept with: chainbot-desktop secret set NAME")
        self._headers = self._lines(header_lines.written(before.get("headers") or {}), "Accept-Language: de", height=88)
        self._add(
            "headers", "Headers", self._headers, "Sent with every request, one on each line. No keys: they would be seen."
        )
        self._secrets = self._lines(
            header_lines.written(before.get("secret_headers") or {}), "X-Tenant: shop-tenant", height=88
        )
        self._add(
            "secret_headers", "Secret headers", self._secrets, "For each header the name of the secret that holds its value."
        )
        for lines in (self._headers, self._secrets):
            lines.setFixedHeight(lines.minimumHeight())  # three lines: more of them scroll, and the form stays short
        self._document = self._line(str(before.get("openapi") or ""), "/openapi.json", mono=True)
        self._add(
            "openapi",
            "OpenAPI document",
            self._document,
            "A file, or a path below the address. Tasks can then name operations.",
        )
        self._methods = self._picker("Without asking", *_allowed_methods(before.get("allowed_methods")))
        self._add("allowed_methods", "Without asking you", self._methods)
        self._show_auth_fields()

    def config(self) -> dict[str, Any]:
        address = self._address.text().strip()
        if not address.lower().startswith(("http://", "https://")):
            raise FieldError("base_url", "Write the address of the API. It begins with https:// or http://.")
        return {
            **super().config(),
            "base_url": address,
            "auth": self._auth_given(),
            "headers": header_lines.read("headers", self._headers.toPlainText(), value="value"),
            "secret_headers": header_lines.read("secret_headers", self._secrets.toPlainText(), value="name-of-secret"),
            "openapi": self._document.text().strip(),
            "allowed_methods": self._methods.value.split(),
        }

    def _auth_given(self) -> dict[str, Any]:
        fields = {"type": self._auth.value}
        editors = {"auth.user": self._user, "auth.header": self._header, "auth.secret": self._secret}
        for field in _AUTH_FIELDS[self._auth.value]:
            fields[field.removeprefix("auth.")] = given = editors[field].text().strip()
            if not given:
                raise FieldError(field, _AUTH_MISSING[field])
        return fields

    def _on_auth_chosen(self) -> None:
        self._show_auth_fields()
        self.changed.emit()

    def _show_auth_fields(self) -> None:
        for field in _AUTH_MISSING:
            self.rows[field].setVisible(field in _AUTH_FIELDS[self._auth.value])


class JsonForm(KindForm):
    """For every other kind: its configuration as JSON, with what its fields mean."""

    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__(themes, parts, schema, before)
        required = [name for name in schema.get("required", ()) if name in self._properties]
        start = before or {name: _example(self._properties[name]) for name in required}
        self._text = self._lines(json.dumps(dict(start), indent=2, ensure_ascii=False, default=str), height=120)
        self._add("", "Configuration (JSON)", self._text)
        for name, field in self._properties.items():
            if name not in _COMMON:
                needed = " (needed)" if name in required else ""
                self._column.addWidget(
                    paragraph("small", f"{name}{needed}: {field.get('description', field.get('title', ''))}")
                )

    def config(self) -> dict[str, Any]:
        try:
            value = parse_json(self._text.toPlainText())
        except InvalidInput as error:
            raise FieldError("", str(error)) from None
        if not isinstance(value, dict):
            raise FieldError("", "A configuration is a JSON object: {…}.")
        return cast("dict[str, Any]", value)

    def show_error(self, field: str, words: str) -> bool:
        self.rows[""].show_error(words)
        return True


def form_for(kind: str, themes: ThemeSource, parts: RuntimeParts, before: Mapping[str, Any]) -> KindForm:
    """Raises NotFound for a kind that there is not."""
    schema = parts.agents.config_schema(kind)
    fields = schema.get("properties", {})
    if kind == "command" and "command" in fields:
        return CommandForm(themes, parts, schema, before)
    if kind == "assistant" and {"persona", "model"} <= set(fields):
        return AssistantForm(themes, parts, schema, before)
    if kind == "coder" and _choices_of(fields.get("preset", {}), schema):
        return CoderForm(themes, parts, schema, before)
    if kind == "api" and {"base_url", "auth", "headers", "secret_headers"} <= set(fields):
        return ApiForm(themes, parts, schema, before)
    return JsonForm(themes, parts, schema, before)


def _allowed_methods(before: Sequence[str] | None) -> tuple[list[tuple[str, str]], str]:
    """The choices, and which one is in force: the methods, with spaces between."""
    choices = [
        (" ".join(_READING), "It reads (GET, HEAD)"),
        ("", "Nothing: it asks each time"),
        (" ".join(_EVERY_METHOD), "It reads, changes and deletes"),
    ]
    chosen = " ".join(_READING if before is None else before)
    if chosen not in dict(choices):
        choices.append((chosen, ", ".join(chosen.split())))
    return choices, chosen


def _choices_of(field: Schema, schema: Schema) -> list[str]:
    """The words that a field may have, wherever its schema keeps them."""
    if "$ref" in field:
        return _choices_of(schema.get("$defs", {}).get(str(field["$ref"]).rsplit("/", 1)[-1], {}), schema)
    found = [str(word) for word in field.get("enum", ()) if word is not None]
    if isinstance(field.get("const"), str):
        found.append(field["const"])
    for part in (*field.get("anyOf", ()), *field.get("allOf", ())):
        found.extend(_choices_of(part, schema))
    return found


def _example(field: Schema) -> Any:
    """Something of the right type to write over."""
    kinds: dict[str, Any] = {"array": [], "object": {}, "integer": 0, "number": 0, "boolean": False}
    return kinds.get(str(field.get("type", "string")), "")
