"""Rules as YAML text: read with the line of whatever is wrong, and changed one rule at a time.

A change replaces the lines of that one rule, and comments inside those lines go with them. Everything else in the file stays as a
person wrote it, to the byte: other rules, comments between them, blank lines, the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from chainbot_desktop.core.errors import Conflict, InvalidInput
from chainbot_desktop.watch.alerts.records import AlertRule

MOST_RULES = 2_000


@dataclass(frozen=True, slots=True)
class PlacedRule:
    """A rule and its lines in the text: from `first` (counted from 0) to before `end`."""

    rule: AlertRule
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class RuleText:
    """What a text says. `problems` are sentences about rules that could not be taken; the others count."""

    rules: tuple[PlacedRule, ...]
    problems: tuple[str, ...] = ()


def read_rules(text: str, name: str) -> RuleText:
    """InvalidInput (code "bad_rule_file") where the text as a whole is none; `name` is the file's, for sentences."""
    nodes = _nodes(text, name)
    lines = text.splitlines()
    rules: list[PlacedRule] = []
    problems: list[str] = []
    seen: set[str] = set()
    for place, node in enumerate(nodes):
        first = node.start_mark.line
        following = nodes[place + 1].start_mark.line if place + 1 < len(nodes) else len(lines)
        try:
            rule = _rule(node)
        except InvalidInput as error:
            problems.append(f"{name}, {error.message}")
            continue
        if rule.name in seen:
            problems.append(f"{name}, line {first + 1}: there is a rule {rule.name} already")
            continue
        seen.add(rule.name)
        rules.append(PlacedRule(rule, first, _end(lines, first, min(following, node.end_mark.line + 1))))
    return RuleText(tuple(rules), tuple(problems))


def with_rule(text: str, rule: AlertRule, name: str) -> str:
    """`text` with `rule` in place of the one of its name, or at the end."""
    return _changed(text, rule.name, _block(rule), name)


def without_rule(text: str, rule_name: str, name: str) -> str:
    return _changed(text, rule_name, [], name)


def _changed(text: str, rule_name: str, block: Sequence[str], name: str) -> str:
    content = read_rules(text, name)
    _refuse_flow_style(text, name)
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    placed = next((placed for placed in content.rules if placed.rule.name == rule_name), None)
    if placed is not None:
        indent = _indent(lines[placed.first])
        lines[placed.first : placed.end] = [f"{indent}{line}\n" if line else "\n" for line in block]
    elif block:
        indent = _indent(lines[content.rules[-1].first]) if content.rules else ""
        if lines and lines[-1].strip() in ("...", "[]"):
            lines.pop()
        lines += [f"{indent}{line}\n" for line in block]
    return "".join(lines)


def _nodes(text: str, name: str) -> Sequence[yaml.Node]:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise _bad(f"{name}{where}: {error.problem or error.context or 'this is no YAML'}") from error
    except yaml.YAMLError as error:
        raise _bad(f"{name}: {' '.join(str(error).split())[:300]}") from error
    except RecursionError as error:
        raise _bad(f"{name}: it is nested too deeply") from error
    if root is None or (isinstance(root, yaml.ScalarNode) and root.value == ""):
        return ()
    if not isinstance(root, yaml.SequenceNode):
        raise _bad(f"{name}, line {root.start_mark.line + 1}: it must be a list of rules, each beginning with a dash")
    if len(root.value) > MOST_RULES:
        raise _bad(f"{name}: it has {len(root.value):,} rules; there may be {MOST_RULES:,}")
    return list(root.value)


def _refuse_flow_style(text: str, name: str) -> None:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(root, yaml.SequenceNode) and root.flow_style and root.value:
        raise Conflict(
            f"{name} is written in brackets, and cannot be changed a rule at a time.",
            hint="Write each rule as lines that begin with a dash, or change it by hand.",
            code="rule_file",
        )


def _rule(node: yaml.Node) -> AlertRule:
    line = node.start_mark.line + 1
    if not isinstance(node, yaml.MappingNode):
        raise InvalidInput(f"line {line}: a rule is a list of keys and values")
    keys: dict[str, int] = {}
    for key, _ in node.value:
        if key.value in keys:
            raise InvalidInput(f"line {key.start_mark.line + 1}: {key.value} stands there twice")
        keys[str(key.value)] = key.start_mark.line + 1
    try:
        return AlertRule.model_validate(_plain(node))
    except ValidationError as error:
        raise InvalidInput(_sentence(error, keys, line)) from error
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise InvalidInput(f"line {line}: {' '.join(str(error).split())[:300]}") from error


def _plain(node: yaml.Node) -> Mapping[str, Any]:
    loader = yaml.SafeLoader("")
    try:
        plain: Mapping[str, Any] = loader.construct_document(node)
    finally:
        loader.dispose()
    return plain


def _sentence(error: ValidationError, keys: Mapping[str, int], line: int) -> str:
    parts = []
    for problem in error.errors():
        key = str(problem["loc"][0]) if problem["loc"] else ""
        word = problem["msg"].removeprefix("Value error, ")
        parts.append(f"line {keys.get(key, line)}: {key + ': ' if key else ''}{word[0].lower()}{word[1:]}")
    return "; ".join(parts)


def _end(lines: Sequence[str], first: int, end: int) -> int:
    """Without the blank lines and comments after it: they belong to what follows."""
    end = min(end, len(lines))
    while end > first + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(("#", "...", "---"))):
        end -= 1
    return end


def _block(rule: AlertRule) -> list[str]:
    values = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return yaml.safe_dump([values], sort_keys=False, allow_unicode=True, width=120).rstrip("\n").split("\n")


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" "))]


def _bad(reason: str) -> InvalidInput:
    return InvalidInput(
        f"{reason}.", hint="Nothing of it is used until it is mended; the file was not touched.", code="bad_rule_file"
    )
