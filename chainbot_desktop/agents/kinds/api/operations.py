"""The operations of an OpenAPI document, as far as calling them needs: method, path, and where parameters go."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any
from urllib.parse import quote

import yaml

from chainbot_desktop.agents.kinds.api.documents import Scalar, Value, resolved
from chainbot_desktop.agents.kinds.api.parameters import Parameter, parameters_of
from chainbot_desktop.core.errors import InvalidInput, NotFound

_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
_MOST = 5_000
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a request has of an operation's parameters. A name may be there more than once in `query`."""

    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` holds {names} that are filled in. `dialect` is the version of OpenAPI."""

    name: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body_needed: bool
    dialect: str

    def fill(self, values: Mapping[str, Value], *, set_already: frozenset[str] = frozenset()) -> Filled:
        """InvalidInput names what is missing, unknown or wrong. Heavy: on a thread.

        `set_already` are the headers, in small letters, that the configuration sets: they are neither needed nor taken.
        """
        free = [each for each in self.parameters if each.where != "header" or each.name.lower() not in set_already]
        self._refuse_unknown(values, free)
        path, query, headers, missing = dict[str, str](), list[tuple[str, str]](), dict[str, str](), list[Parameter]()
        for parameter in free:
            value = values.get(parameter.name, parameter.default)
            if value is None:
                missing += [parameter] if parameter.required else []
                continue
            if parameter.unsent:
                raise InvalidInput(f"{parameter.told()} would be sent as {parameter.unsent}, which agents do not know.")
            texts = parameter.write(_checked(parameter, value), self.dialect)
            if parameter.where == "query":
                query += [(parameter.name, text) for text in texts]
            else:
                (path if parameter.where == "path" else headers)[parameter.name] = texts[0]
        if missing:
            raise InvalidInput(
                f"The operation {self.name} needs the parameter {' and '.join(each.told() for each in missing)}."
            )
        filled = _PLACE.sub(lambda place: quote(path[place[1]], safe=""), self.path)
        return Filled(filled, tuple(query), headers)

    def _refuse_unknown(self, values: Mapping[str, Any], free: Sequence[Parameter]) -> None:
        known = {each.name for each in free}
        for name in values:
            if name in known:
                continue
            if any(each.name == name for each in self.parameters):
                raise InvalidInput(f"The header {name!r} is set by the configuration of this agent, not by a task.")
            near = get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"Near it: {', '.join(near)}." if near else f"It has: {', '.join(sorted(known)[:40]) or 'none'}."
            raise InvalidInput(f"The operation {self.name} has no parameter {name[:100]!r}.", hint=hint)


class Operations:
    """By operationId. Made on a thread: documents are large."""

    def __init__(self, text: str) -> None:
        """InvalidInput where `text` is no OpenAPI document, in JSON or YAML."""
        try:
            found = _read(text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            raise InvalidInput(f"The OpenAPI document cannot be read: {' '.join(str(error).split())[:300]}") from None
        paths = found.get("paths") if isinstance(found, dict) else None
        if not isinstance(paths, dict) or not ("openapi" in found or "swagger" in found):
            raise InvalidInput("This is no OpenAPI document: it has no paths.")
        self._document: Mapping[str, Any] = found
        self._dialect = str(found.get("openapi") or found.get("swagger"))
        self._by_name = {each.name: each for each in _described(found, paths)}

    def get(self, name: str) -> Operation:
        """Heavy: on a thread."""
        found = self._by_name.get(name)
        if found is None:
            near = get_close_matches(name, self._by_name, n=5, cutoff=0.5)
            known = ", ".join(near or sorted(self._by_name)[:40]) or "none with an operationId"
            raise NotFound(f"There is no operation {name[:100]!r}.", hint=f"{'Near it' if near else 'There are'}: {known}.")
        declared = parameters_of(self._document, found.parameters)
        places = {each.name for each in declared if each.where == "path"}
        asked = _PLACE.findall(found.path)
        # Many documents forget to declare what stands in a path.
        forgotten = [
            Parameter(place, "path", required=True, example="text") for place in dict.fromkeys(asked) if place not in places
        ]
        return Operation(
            name=found.name,
            method=found.method.upper(),
            path=found.path,
            parameters=(*(each for each in declared if each.where != "path" or each.name in asked), *forgotten),
            body_needed=_needs_body(self._document, found),
            dialect=self._dialect,
        )

    def __contains__(self, name: object) -> bool:
        return name in self._by_name


@dataclass(frozen=True, slots=True)
class _Described:
    """As the document has it: thousands are never called."""

    name: str
    method: str
    path: str
    parameters: Sequence[Any]
    body: Any = field(repr=False)


def _described(document: Mapping[str, Any], paths: Mapping[Any, Any]) -> list[_Described]:
    found: list[_Described] = []
    for path, reference in paths.items():
        item = resolved(document, reference)
        if not isinstance(path, str):
            continue
        for method in _METHODS:
            each = item.get(method)
            if isinstance(each, dict) and isinstance(each.get("operationId"), str) and len(found) < _MOST:
                parameters = [*_list(item.get("parameters")), *_list(each.get("parameters"))]
                found.append(_Described(each["operationId"], method, path, parameters, each.get("requestBody")))
    return found


def _needs_body(document: Mapping[str, Any], found: _Described) -> bool:
    bodies = [found.body, *(one for one in (resolved(document, each) for each in found.parameters) if one.get("in") == "body")]
    return any(resolved(document, body).get("required") is True for body in bodies)


def _checked(parameter: Parameter, value: Any) -> Value:
    """A default of the document may be anything; what a task gives is a Value already."""
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, Scalar) for part in parts):
        raise InvalidInput(f"The default of {parameter.told()} is neither text nor number.", hint="Give a value for it.")
    return value  # type: ignore[no-any-return]  # looked at just now


def _read(text: str) -> Any:
    """JSON by its own reader: the one for YAML, which reads JSON as well, takes minutes for a large document."""
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return json.loads(text.lstrip("\ufeff"))
        except ValueError:
            pass  # YAML in braces
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe ones


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
