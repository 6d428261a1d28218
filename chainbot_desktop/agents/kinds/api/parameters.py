"""The parameters of an operation: what its document says of each, whether a value may be given for it, and how it is written.

OpenAPI's sentence on lists, styles and defaults is followed as far as text in a path, a query or a header goes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainbot_desktop.agents.kinds.api.documents import Scalar, Value, expanded, resolved, written
from chainbot_desktop.agents.kinds.api.headers import name_problem, value_problem
from chainbot_desktop.agents.kinds.api.target import leads_on
from chainbot_desktop.core.errors import InvalidInput

_SEPARATORS = {"csv": ",", "ssv": " ", "tsv": "\t", "pipes": "|", "spaceDelimited": " ", "pipeDelimited": "|"}
_EXAMPLES: Mapping[str, Value] = {"integer": 1, "number": 1.5, "boolean": True, "array": ["a"]}
_FORMATS: Mapping[str, str] = {
    "uuid": "0b6c9d9e-3f1c-4a4e-9d0b-6f2f6f0c2a11",
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "me@example.com",
    "uri": "https://example.com/",
}
_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""OpenAPI says of parameters of these names that they are to be ignored."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`separator` None: a list is written as the same name several times. `unsent`: a way of writing that is not known here."""

    name: str
    where: str
    required: bool = False
    description: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    example: Value = "text"
    separator: str | None = ","
    unsent: str = ""

    @property
    def default(self) -> Any:
        """None where there is none, and where an optional parameter is left out by default."""
        given = self.schema.get("default")
        return None if given in ("", []) and not self.required else given

    def told(self) -> str:
        """For who has not given it: where it goes, what it means, and an example."""
        meaning = f": {self.description}" if self.description else ""
        return f"{self.name!r} (in the {self.where}{meaning}; for example {json.dumps(self.example, ensure_ascii=False)[:200]})"

    def write(self, value: Value, dialect: str) -> list[str]:
        """As the request carries it, more than once where it says so; InvalidInput names what is wrong. Heavy: on a thread."""
        from chainbot_desktop.agents.kinds.api.schema_check import problem_with  # its library is slow to import

        if problem := problem_with(value, self.schema, dialect):
            raise InvalidInput(f"The parameter {self.name!r} is wrong: {problem}.", hint=f"It is {self.told()}.")
        parts = [written(part) for part in value] if isinstance(value, list) else [written(value)]
        if isinstance(value, list) and self.separator is not None:
            if any(self.separator in part for part in parts):
                raise InvalidInput(f"A part of {self.name!r} has {self.separator!r}, which separates its parts.")
            parts = [self.separator.join(parts)]
        for part in parts:
            self._check_place(part)
        return parts

    def _check_place(self, text: str) -> None:
        if self.where == "path" and not text:
            raise InvalidInput(f"The parameter {self.name!r} is empty: the path would be another one.")
        if self.where == "path" and leads_on(text):
            raise InvalidInput(f"The parameter {self.name!r} leads out of the base address.")
        if self.where == "header" and (problem := value_problem(text)):
            raise InvalidInput(f"The parameter {self.name!r} cannot be sent as a header: {problem}.")
        refuse_surrogates(text, self.name)


def refuse_surrogates(text: str, name: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"{name!r} has half a character, which no request can carry.") from None


def parameters_of(document: Mapping[str, Any], described: Sequence[Any]) -> tuple[Parameter, ...]:
    """In the order of the document; a later one of the same name and place replaces an earlier one."""
    found: dict[tuple[str, str], Parameter] = {}
    for each in described:
        raw = resolved(document, each)
        name, where = raw.get("name"), raw.get("in")
        if not isinstance(name, str) or not name or where not in ("path", "query", "header", "cookie", "formData"):
            continue
        if where == "header" and (name.lower() in _IGNORED_HEADERS or name_problem(name)):
            continue
        found[name, where] = _parameter(document, raw, name, where)
    return tuple(found.values())


def _parameter(document: Mapping[str, Any], raw: Mapping[str, Any], name: str, where: str) -> Parameter:
    schema = expanded(document, raw["schema"] if isinstance(raw.get("schema"), dict) else raw)
    description = raw.get("description")
    return Parameter(
        name=name,
        where=where,
        required=where == "path" or raw.get("required") is True,
        description=" ".join(description.split())[:200] if isinstance(description, str) else "",
        schema=schema,
        example=_example(document, raw, schema),
        separator=_separator(raw, where),
        unsent=_unsent(raw, where),
    )


def _separator(raw: Mapping[str, Any], where: str) -> str | None:
    style = raw.get("collectionFormat") or raw.get("style")
    if where == "query" and style in (None, "form", "multi"):
        swagger = "schema" not in raw and "content" not in raw and style is None
        return "," if swagger or raw.get("explode") is False else None
    return _SEPARATORS.get(str(style), ",")


def _unsent(raw: Mapping[str, Any], where: str) -> str:
    if where in ("cookie", "formData"):
        return where
    style = raw.get("style")
    return str(style) if style in ("matrix", "label", "deepObject") else ""


def _example(document: Mapping[str, Any], raw: Mapping[str, Any], schema: Mapping[str, Any]) -> Value:
    """The document's, or one of the right type."""
    named = raw.get("examples")
    candidates = [
        raw.get("example"),
        *(resolved(document, each).get("value") for each in (named.values() if isinstance(named, dict) else ())),
        schema.get("example"),
        *(each[0] for each in (schema.get("examples"), schema.get("enum")) if isinstance(each, list) and each),
        *(schema.get(keyword) for keyword in ("const", "default", "minimum")),
    ]
    for each in candidates:
        if isinstance(each, Scalar) or (isinstance(each, list) and each and all(isinstance(part, Scalar) for part in each)):
            return each
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    return _EXAMPLES.get(str(kind), _FORMATS.get(str(schema.get("format")), "text"))
