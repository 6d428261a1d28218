"""Up to which size a file is opened, and what a big one goes without, said in words that a status line can show."""

from __future__ import annotations

MEBIBYTE = 1024 * 1024

LIGHT_ABOVE = 1 * MEBIBYTE
"""Above this many bytes each keystroke must not cost a walk over the file."""

PLAIN_ABOVE = 20 * MEBIBYTE
"""Above this many bytes there is neither highlighting nor a recovery draft."""

REFUSED_ABOVE = 100 * MEBIBYTE
"""Above this many bytes a file is not opened."""


def switched_off(size: int) -> tuple[str, ...]:
    """What is off for a file of `size` bytes; nothing for most."""
    if size > PLAIN_ABOVE:
        return ("highlighting", "folding", "recovery draft", "screen reader updates")
    if size > LIGHT_ABOVE:
        return ("screen reader updates",)
    return ()


def spoken_size(size: int) -> str:
    """`size` bytes as a person says it."""
    if size < 1024:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    if size < MEBIBYTE:
        return f"{size / 1024:.0f} KB"
    if size < 1024 * MEBIBYTE:
        return f"{size / MEBIBYTE:.1f} MB"
    return f"{size / (1024 * MEBIBYTE):.1f} GB"
