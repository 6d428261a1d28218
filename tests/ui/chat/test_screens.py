"""Screens of the chat for a person to look at; what they show is asserted elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from chainbot_desktop.core.events import AttentionRequired
from chainbot_desktop.core.events.panel import Attention
from chainbot_desktop.ui.theme import ThemeSource
from tests.ui.chat.windows import Window, open_window

Run = Callable[[Coroutine[Any, Any, Any]], Any]
Shoot = Callable[[QWidget, str], Path]

REPORT = """\
## What the backup did

It ran at **02:00** and copied *most* of it; see `journalctl -u backup` and https://example.com/a/rather/long/address?with=query.

1. Checked the disk
   - `usb0` has 12 GB left
   - `usb1` answers slowly
2. Copied the folders
3. Verified the sums

| Folder | Files | Size |
|---|--:|--:|
| `/home` | 12,411 | 3.2 GB |
| `/etc` | 1,204 | 18 MB |

- [x] look at the log
- [ ] order a new stick

> The stick is seven years old. It may simply be worn.

```python
def verify(folder: Path) -> list[str]:
    \"\"\"Names of the files whose sums differ.\"\"\"
    expected = json.loads((folder / "sums.json").read_text())
    return [name for name, digest in expected.items() if sha256(folder / name) != digest]  # slow on usb1
```

That is all.[^1]

[^1]: Measured on Monday.
"""


async def _fill(window: Window) -> str:
    service = window.service
    garden = await service.begin("Garden sensors")
    await service.post(garden.id, "Bed 3 reads 41 %, is that dry?", actor="agent:gardener")
    backup = await service.begin("Nightly backup")
    await service.post(backup.id, "verify failed on usb0", actor="agent:watcher")
    await service.post(backup.id, "twice", actor="agent:watcher")
    await service.pin(garden.id, True)
    await window.chat.store.journal.append(AttentionRequired(data=Attention(reason="backup failed twice")))
    main = await service.begin("Pair devices")
    await service.post(main.id, "Can the pairing code be single use?\nAnd what happens to *old* devices?")
    await service.post(main.id, REPORT)
    await service.post(main.id, "/help")
    await service.post(main.id, "/status")
    await service.post(main.id, "/find backup")
    return main.id


@pytest.mark.screens
@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize("size", [(720, 452), (1200, 772)])
def test_screens(
    name: Any, size: tuple[int, int], on_loop: Run, theme_source: ThemeSource, tmp_path: Path, shoot: Shoot
) -> None:
    async def look() -> None:
        theme_source.select(name)
        async with open_window(tmp_path, theme_source, size) as window:
            tag = f"chat-{size[0]}-{name}"
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-none")
            await window.opens(await _fill(window))
            await window.until(lambda: len(window.view.messages.cards) == 8)
            await asyncio.sleep(0.15)
            shoot(window.view, f"{tag}-end")
            window.view.messages.verticalScrollBar().setValue(0)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-top")
            window.view.messages.verticalScrollBar().setValue(420)
            await window.types("/", enter=False)
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-complete")
            window.view.composer.set_text("")
            window.view.panel.search.setText("backup")
            await window.until(lambda: any(row.message_id for row in window.view.panel.model.rows))
            card = window.view.messages.cards[1]
            window.view.messages.menu_requested.emit(card, window.view.mapToGlobal(window.view.rect().center()))
            await asyncio.sleep(0.1)
            shoot(window.view, f"{tag}-menu")

    on_loop(look())
