"""What a data processor is asked for: where its records come from, what becomes of each, and where they go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.core.json_codec import parse_json
from chainbot_desktop.ui.agent_map.form_rows import FieldError
from chainbot_desktop.ui.agent_map.kind_forms import KindForm, Schema
from chainbot_desktop.ui.agent_map.runtime import RuntimeParts
from chainbot_desktop.ui.theme import ThemeSource

_LANGUAGES = (("jmespath", "JMESPath expression"), ("cel", "CEL expression"), ("python", "Python file"))
_EXAMPLES: Mapping[str, str] = {
    "jmespath": "{order: order, cents: cents}",
    "cel": "record.cents > 100",
    "python": "transform.py",
}


class DataForm(KindForm):
    """A place is a path, or a JSON object where it needs more than that (a table, a delimiter)."""

    def __init__(self, themes: ThemeSource, parts: RuntimeParts, schema: Schema, before: Mapping[str, Any]) -> None:
        super().__init__(themes, parts, schema, before)
        self._source = self._line(_place_text(before.get("source")), "orders.csv", mono=True)
        self._add(
            "source", "Reads", self._source, "CSV, JSON, JSON Lines or SQLite, from the folder. Empty: each task names one."
        )
        transform = before.get("transform") or {}
        language = next((name for name, _ in _LANGUAGES if transform.get(name)), "jmespath")
        self._language = self._picker("Transformation", _LANGUAGES, language)
        self._add("language", "What becomes of each record", self._language)
        self._expression = self._line(str(transform.get(language) or ""), _EXAMPLES[language], mono=True)
        self._add("transform", "Transformation", self._expression)
        self._language.chosen.connect(lambda name: self._expression.setPlaceholderText(_EXAMPLES[name]))
        self._destination = self._line(_place_text(before.get("destination")), "report.jsonl", mono=True)
        self._add("destination", "Writes", self._destination, "Empty: the records come with the answer.")
        self._add_folder()

    def config(self) -> dict[str, Any]:
        expression = self._expression.text().strip()
        if not expression:
            raise FieldError("transform", "Say what becomes of each record; @ leaves it as it is.")
        config = {**super().config(), **self._folder_given(), "transform": {self._language.value: expression}}
        for field, line in (("source", self._source), ("destination", self._destination)):
            text = line.text().strip()
            if text:
                config[field] = _place(field, text)
            else:
                config.pop(field, None)
        return config


def _place_text(place: Any) -> str:
    if isinstance(place, Mapping):
        given = {key: value for key, value in place.items() if value is not None}
        return str(given["path"]) if set(given) == {"path"} else json.dumps(given, ensure_ascii=False)
    return json.dumps(place, ensure_ascii=False) if isinstance(place, list) else str(place or "")


def _place(field: str, text: str) -> Any:
    if not text.startswith(("{", "[")):
        return text
    try:
        return parse_json(text)
    except InvalidInput as error:
        raise FieldError(field, str(error)) from None
