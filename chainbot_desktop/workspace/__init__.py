"""Files of the Code Agent window: reading, writing, watching, safety copies. May import core."""

from __future__ import annotations

from chainbot_desktop.workspace.drafts import Draft
from chainbot_desktop.workspace.encodings import CHOICES, Eol, TextFormat
from chainbot_desktop.workspace.folders import FolderEntry, FolderListing
from chainbot_desktop.workspace.reading import OpenedFile, Stamp
from chainbot_desktop.workspace.refusals import AlreadyThere, ChangedOnDisk, NoPermission, NotText, Unencodable
from chainbot_desktop.workspace.watching import Change, DiskWatch
from chainbot_desktop.workspace.workspace import Saved, Workspace

__all__ = [
    "CHOICES",
    "AlreadyThere",
    "Change",
    "ChangedOnDisk",
    "DiskWatch",
    "Draft",
    "Eol",
    "FolderEntry",
    "FolderListing",
    "NoPermission",
    "NotText",
    "OpenedFile",
    "Saved",
    "Stamp",
    "TextFormat",
    "Unencodable",
    "Workspace",
]
