"""What the window looks like next time: its folder, tabs, carets, switches. Written a moment after each change."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from chainbot_desktop.core.ports import Preferences
from chainbot_desktop.ui.code_agent.documents import Documents
from chainbot_desktop.workspace.paths import path_from_uri, path_to_uri

_log = logging.getLogger(__name__)

PREFERENCE = "code-agent.session"
FOLDER_PREFERENCE = "code-agent.folder"
"""The path that the program opens the workspace with next time."""

_MOST_TABS = 50


class _Lenient(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OpenTab(_Lenient):
    uri: str
    line: int = 1
    column: int = 1
    top: int = 0

    @property
    def path(self) -> Path:
        return path_from_uri(self.uri)


class Session(_Lenient):
    tabs: tuple[OpenTab, ...] = ()
    front: int = 0
    files_shown: bool | None = None
    hidden_files: bool = False
    word_wrap: bool = False
    whitespace: bool = False
    zoom: int = 0


async def load_session(preferences: Preferences) -> Session:
    """The last session; a fresh one where there is none or it cannot be read."""
    stored = await preferences.get(PREFERENCE)
    try:
        return Session.model_validate(stored) if stored is not None else Session()
    except ValidationError as error:
        _log.warning("the last session of the editor cannot be read: %s", error)
        return Session()


async def store_session(preferences: Preferences, session: Session, folder: Path) -> None:
    await preferences.set(PREFERENCE, session.model_dump(mode="json"))
    with suppress(UnicodeEncodeError):  # JSON cannot hold a name that is no UTF-8: that folder is not remembered
        str(folder).encode()
        await preferences.set(FOLDER_PREFERENCE, str(folder))


def tabs_of(documents: Documents) -> tuple[tuple[OpenTab, ...], int]:
    """The tabs that have a file, and which of them is in front."""
    saved = [document for document in documents if document.path is not None][:_MOST_TABS]
    tabs = []
    for document in saved:
        assert document.path is not None
        line, column = document.editor.caret
        tabs.append(OpenTab(uri=path_to_uri(document.path), line=line, column=column, top=document.editor.top_line))
    current = documents.current
    return tuple(tabs), saved.index(current) if current in saved else 0
