"""What is wrong with a rule, in a sentence at the field that it concerns. Pure: no Qt."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from chainbot_desktop.watch.alerts.records import AlertRule

_NEEDED = {
    "name": "Give it a name: small letters and digits, with . _ or - between them.",
    "title": "Give it a title: what an alert of this rule is called.",
    "metric": "Choose the figure that it watches.",
    "event": "Choose the events that it watches for.",
    "log": "Write what the line must say.",
    "condition": "Write the expression.",
    "kind": "Say what kind of rule it is.",
    "group_by": "Names of at most five variables.",
}
_LIMITS = re.compile(r"^(greater_than|less_than)")


def field_errors(error: ValidationError) -> Mapping[str, str]:
    """By the name of the field as YAML has it; what concerns no field alone stands under ""."""
    found: dict[str, str] = {}
    for detail in error.errors():
        name, sentence = _read(detail)
        found.setdefault(name, sentence)
    return found


def _read(detail: ErrorDetails) -> tuple[str, str]:
    name = str(detail["loc"][0]) if detail["loc"] else ""
    kind = detail["type"]
    if kind == "extra_forbidden":
        return name, "There is no such field."
    if kind == "value_error":
        return _whole_rule(str(detail.get("ctx", {}).get("error", detail["msg"])))
    if kind == "string_too_long":
        return name, f"At most {detail.get('ctx', {}).get('max_length')} characters."
    if kind == "literal_error":
        return name, f"One of {detail.get('ctx', {}).get('expected')}."
    if _LIMITS.match(kind):
        return name, detail["msg"].replace("Input should be", "It must be") + "."
    return name, _NEEDED.get(name, detail["msg"].replace("Input should be", "It must be").rstrip(".") + ".")


def _whole_rule(words: str) -> tuple[str, str]:
    """What the rule's own look at itself found (`AlertRule._complete`)."""
    needed = re.match(r"a \w+ rule needs (\w+)$", words)
    if needed:
        return needed[1], _NEEDED.get(needed[1], f"It needs {needed[1]}.")
    if "one of event, log and metric" in words:
        return "source", "Choose the events, the log lines or the figure that it counts."
    return "", f"{words[:1].upper()}{words[1:]}."


def rule_of(values: Mapping[str, object]) -> tuple[AlertRule | None, Mapping[str, str]]:
    """The rule that these fields make, or what is wrong with them."""
    try:
        return AlertRule.model_validate(dict(values)), {}
    except ValidationError as error:
        return None, field_errors(error)
