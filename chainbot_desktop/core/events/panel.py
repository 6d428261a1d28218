"""The program itself: its life, its health, and what a person did at the panel."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from chainbot_desktop.core.events.envelope import Event


class Start(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    pid: int
    host: str
    port: int
    mode: str
    """panel | kiosk | headless"""


class PanelStarted(Event):
    type: Literal["panel_started"] = "panel_started"
    data: Start


class Stop(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    pid: int
    reason: str


class PanelStopped(Event):
    type: Literal["panel_stopped"] = "panel_stopped"
    data: Stop


class HealthChange(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    before: str
    after: str
    reasons: tuple[str, ...] = ()


class HealthChanged(Event):
    type: Literal["health_changed"] = "health_changed"
    data: HealthChange


class Attention(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str
    hint: str = ""


class AttentionRequired(Event):
    public: ClassVar[bool] = True
    type: Literal["attention_required"] = "attention_required"
    requires_attention: bool = True
    data: Attention


class SavedFile(BaseModel):
    """`path` is relative to the workspace where it lies inside; `size` in bytes; `sha256` of the bytes on disk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int
    sha256: str


class FileSaved(Event):
    type: Literal["file_saved"] = "file_saved"
    data: SavedFile


class ChangedFile(BaseModel):
    """`before` and `after` are SHA-256 of its bytes, "" where there is no file; the bytes of before are kept as a blob."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    before: str
    after: str


class FileChanges(BaseModel):
    """`takes_back` is the id of the event whose changes these undo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: tuple[ChangedFile, ...]
    takes_back: str = ""


class FilesChanged(Event):
    """Files of the workspace were changed as one: a patch was applied, or taken back."""

    type: Literal["files_changed"] = "files_changed"
    data: FileChanges
