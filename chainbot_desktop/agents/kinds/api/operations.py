"""The operations of an OpenAPI document, as far as calling them needs: method, path, and where parameters go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import yaml

from chainbot_desktop.core.errors import InvalidInput, NotFound

_METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Operation:
    """`path` holds {names} that are filled in; `query` are the names that go behind the question mark."""

    name: str
    method: str
    path: str
    query: frozenset[str]

    def fill(self, values: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        """Path and query with the values; InvalidInput where one is missing or nobody knows it."""
        path, query = self.path, {}
        for name, value in values.items():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(written(value), safe=""))
            elif name in self.query:
                query[name] = written(value)
            else:
                raise InvalidInput(f"The operation {self.name} has no parameter {name!r}.")
        if "{" in path:
            missing = path[path.index("{") + 1 :].partition("}")[0]
            raise InvalidInput(f"The operation {self.name} needs the parameter {missing!r}.")
        return path, query


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
        self._by_name = {operation.name: operation for operation in _operations(found, paths)}

    def get(self, name: str) -> Operation:
        operation = self._by_name.get(name)
        if operation is None:
            known = ", ".join(sorted(self._by_name)[:40]) or "none with an operationId"
            raise NotFound(f"There is no operation {name!r}.", hint=f"There are: {known}.")
        return operation

    def __contains__(self, name: object) -> bool:
        return name in self._by_name


def _operations(document: Mapping[str, Any], paths: Mapping[str, Any]) -> list[Operation]:
    found: list[Operation] = []
    for path, item in paths.items():
        if not isinstance(item, dict) or not isinstance(path, str):
            continue
        for method in _METHODS:
            described = item.get(method)
            if isinstance(described, dict) and isinstance(described.get("operationId"), str) and len(found) < _MOST:
                parameters = [*_list(item.get("parameters")), *_list(described.get("parameters"))]
                query = frozenset(
                    parameter["name"]
                    for parameter in (_resolved(document, parameter) for parameter in parameters)
                    if parameter.get("in") == "query" and isinstance(parameter.get("name"), str)
                )
                found.append(Operation(described["operationId"], method.upper(), path, query))
    return found


def _resolved(document: Mapping[str, Any], parameter: Any) -> Mapping[str, Any]:
    """A reference within the document, followed once."""
    if isinstance(parameter, dict) and isinstance(parameter.get("$ref"), str):
        place: Any = document
        for part in parameter["$ref"].removeprefix("#/").split("/"):
            place = place.get(part) if isinstance(place, dict) else None
        parameter = place
    return parameter if isinstance(parameter, dict) else {}


def _read(text: str) -> Any:
    """JSON by its own reader: the one for YAML, which reads JSON as well, takes minutes for a large document."""
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        try:
            return json.loads(text.lstrip("\ufeff"))
        except ValueError:
            pass  # YAML in braces
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe ones


def written(value: object) -> str:
    """As an address has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
