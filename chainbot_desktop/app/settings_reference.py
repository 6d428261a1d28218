"""Writes docs/settings.md from the settings themselves: `python -m chainbot_desktop.app.settings_reference`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import AnyUrl, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from chainbot_desktop.app.configuration import LEGACY_ENVIRONMENT, SECTIONS_WITHOUT_SETTINGS
from chainbot_desktop.core.settings import Settings

_HEAD = """# Settings

Defaults, then `config.yaml`, then the environment, then the command line; the later one wins. The file is
`~/.config/chainbot-desktop/config.yaml` unless `--config` names another:

```yaml
server:
  port: 9000
alex_os:
  registry_url: http://10.42.69.208:8000
```

Every setting can be set in the environment as `CHAINBOT_SECTION__KEY` (two underscores); lists are written with commas.
Some have an older name too, given below. A wrong value stops the start; a key that is not known is reported and ignored.
What a person chose at the panel (theme, size of text) wins over the section `gui`.

This page is made from the program by `python -m chainbot_desktop.app.settings_reference`.
"""


def reference() -> str:
    older = {place: name for name, place in LEGACY_ENVIRONMENT.items()}
    parts = [_HEAD]
    for section, info in Settings.model_fields.items():
        model = info.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        parts.append(f"\n## {section}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
        for key, field in model.model_fields.items():
            name = older.get((section, key))
            meaning = (field.description or "") + (f" Also `{name}`." if name else "")
            parts.append(f"| `{key}` | {_type(field)} | {_default(field)} | {meaning} |\n")
    unread = ", ".join(f"`{name}`" for name in sorted(SECTIONS_WITHOUT_SETTINGS))
    parts.append(f"\nThe sections {unread} of existing files hold nothing that this version reads.\n")
    return "".join(parts)


def _type(field: FieldInfo) -> str:
    words = " or ".join(dict.fromkeys(_words(field.annotation)))
    limits = [text for item in field.metadata for text in _limit(item)]
    return f"{words}, {' and '.join(limits)}" if limits else words


def _words(annotation: Any) -> Iterator[str]:
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        for part in get_args(annotation):
            if part is not NoneType:
                yield from _words(part)
    elif origin is Literal:
        yield from (f"`{choice}`" for choice in get_args(annotation))
    elif origin is tuple:
        yield _list_words(get_args(annotation)[0])
    elif hasattr(annotation, "__metadata__"):
        yield "URL"
    else:
        names = {
            str: "text",
            int: "whole number",
            float: "number",
            bool: "true or false",
            Path: "path",
            SecretStr: "secret",
            AnyUrl: "URL",
        }
        yield names.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _list_words(element: Any) -> str:
    if isinstance(element, type) and issubclass(element, BaseModel):
        return f"list of ({', '.join(f'`{key}`' for key in element.model_fields)})"
    return "list of names" if element is str else "list of networks"


def _limit(item: object) -> Iterator[str]:
    if isinstance(item, Ge):
        yield f"at least {item.ge}"
    elif isinstance(item, Gt):
        yield f"more than {item.gt}"
    elif isinstance(item, Le):
        yield f"at most {item.le}"
    elif isinstance(item, Lt):
        yield f"less than {item.lt}"
    elif isinstance(item, MinLen):
        yield "not empty"


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value == ():
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    Path("docs/settings.md").write_text(reference(), encoding="utf-8")
    sys.stdout.write("docs/settings.md written\n")
