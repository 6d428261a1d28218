"""What is asked of a layout and what comes back. Light: the panel's own process imports it, so neither numpy nor igraph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from chainbot_desktop.ui.agent_map.geometry import Box, Point

LayoutKind = Literal["layered", "organic", "grid"]

TITLE_HEIGHT = 44.0
"""Room for a group's title, inside its box and above its cards."""

NOBODY: Mapping[str, Point] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """`ids` in the order of first appearance; links, groups and places of others are ignored."""

    kind: LayoutKind
    ids: tuple[str, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Source and target."""
    held: Mapping[str, Point] = field(default_factory=lambda: NOBODY)
    """Placed by hand: they stay exactly there, and nobody is put on them."""
    before: Mapping[str, Point] = field(default_factory=lambda: NOBODY)
    """Where they are now."""
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Key and members, in the order of reading; who is in several belongs to the first. Empty: not grouped."""
    aspect: float = 1.6
    """Width to height of the viewport."""
    again: bool = False
    """`before` is a layout of this kind and grouping: whoever need not move stays. Otherwise it says only where the map is."""


class GroupBox(NamedTuple):
    """The ground of a group, its title's room included. A group of which nobody is free has none."""

    key: str
    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for every id that was asked for, the held ones included."""

    places: Mapping[str, Point]
    groups: tuple[GroupBox, ...] = ()
