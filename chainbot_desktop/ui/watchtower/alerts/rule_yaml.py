"""A rule as YAML and back: what stands in the file of rules, and what the form shows beside its fields. Pure: no Qt."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from chainbot_desktop.core.errors import InvalidInput
from chainbot_desktop.ui.watchtower.alerts.rule_check import field_errors
from chainbot_desktop.watch.alerts.records import AlertRule

LONGEST = 20_000
_ALWAYS = ("name", "title", "kind", "severity")


def to_yaml(rule: AlertRule) -> str:
    """Only what differs from what a rule is without it, in the order of the fields."""
    return yaml.safe_dump(as_mapping(rule), sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)


def as_mapping(rule: AlertRule) -> dict[str, Any]:
    given = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    whole = rule.model_dump(mode="json", by_alias=True)
    return {name: value for name, value in whole.items() if name in given or name in _ALWAYS}


def from_yaml(text: str) -> AlertRule:
    """InvalidInput says where and what is wrong."""
    if len(text) > LONGEST:
        raise InvalidInput(f"This is longer than a rule may be ({LONGEST:,} characters).")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput(f"This is not YAML{_place(error)}.") from None
    except (ValueError, RecursionError):
        raise InvalidInput("This is not YAML that can be read.") from None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # as it stands in a file of several
    if not isinstance(value, dict):
        raise InvalidInput("A rule is a list of names and values, such as “title: Disk full”.")
    try:
        return AlertRule.model_validate(value)
    except ValidationError as error:
        name, sentence = next(iter(field_errors(error).items()))
        raise InvalidInput(f"{name}: {sentence}" if name else sentence) from None


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or ""
    return (f" (line {mark.line + 1}, column {mark.column + 1})" if mark else "") + (f": {problem}" if problem else "")
