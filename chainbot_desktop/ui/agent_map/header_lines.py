"""Headers as a person writes them: one on each line, "Name: value"."""

from __future__ import annotations

from collections.abc import Mapping

from chainbot_desktop.ui.agent_map.form_rows import FieldError


def written(headers: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def read(field: str, text: str, *, value: str) -> dict[str, str]:
    """FieldError names the line that is none; `value` is what stands behind the colon."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, colon, rest = (part.strip() for part in line.partition(":"))
        if not (name and colon and rest):
            raise FieldError(field, f"Line {number} is no header. Write Name: {value}.")
        if name.lower() in {each.lower() for each in found}:
            raise FieldError(field, f"Line {number}: {name} is there twice.")
        found[name] = rest
    return found
