"""What a data processor is configured with, and what a task may name instead."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from chainbot_desktop.agents.kind import AgentConfig
from chainbot_desktop.core.errors import InvalidInput

Format = Literal["json", "jsonl", "csv", "sqlite"]
_SUFFIXES: Mapping[str, Format] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".db": "sqlite",
}
_EXPRESSION_LIMIT = 10_000


def _as_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str | Path) else value


class _Place(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path | None = Field(
        None, description="From the workspace; another place only in the configuration and from the root."
    )
    format: Format | None = Field(None, description="Told by the name's ending if empty.")
    table: str | None = Field(None, min_length=1, max_length=200, description="SQLite: the table.")
    delimiter: str = Field(",", min_length=1, max_length=1, description="CSV: what stands between two fields.")

    @property
    def actual_format(self) -> Format:
        assert self.path is not None
        found = self.format or _SUFFIXES.get(self.path.suffix.lower())
        assert found is not None, "checked when it was made"
        return found

    def _check_format(self) -> None:
        if self.path is not None and self.format is None and self.path.suffix.lower() not in _SUFFIXES:
            raise ValueError(f"a format for {self.path.name}: json, jsonl, csv or sqlite")


class Source(_Place):
    """A file, or the records themselves."""

    records: tuple[Any, ...] | None = Field(None, max_length=100_000)
    query: str | None = Field(None, min_length=1, max_length=100_000, description="SQLite: a SELECT instead of a table.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.path is None) == (self.records is None):
            raise ValueError("either a path or records")
        self._check_format()
        if self.path is not None and self.actual_format == "sqlite" and (self.table is None) == (self.query is None):
            raise ValueError("either a table or a query of the database")
        return self


class Destination(_Place):
    append: bool = Field(False, description="SQLite: keep the table's rows. Files and other tables are replaced.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.path is None:
            raise ValueError("a path")
        self._check_format()
        if (self.actual_format == "sqlite") != (self.table is not None):
            raise ValueError("a table where it is a database, and only there")
        return self


class Transform(BaseModel):
    """Of one record at a time; null (None) leaves the record out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    jmespath: str | None = Field(None, min_length=1, max_length=_EXPRESSION_LIMIT, description="An expression on the record.")
    cel: str | None = Field(
        None, min_length=1, max_length=_EXPRESSION_LIMIT, description="An expression; the record is `record`."
    )
    python: Path | None = Field(
        None, description="A file with a function `transform(record)`; it runs in a process of its own."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(way is not None for way in (self.jmespath, self.cel, self.python)) != 1:
            raise ValueError("exactly one of jmespath, cel and python")
        return self


class DataProcessorConfig(AgentConfig):
    source: Source | None = Field(None, description="A path, a list of records, or an object; a task may name another one.")
    transform: Transform
    destination: Destination | None = Field(
        None, description="A path or an object; without one the records come with the answer."
    )
    on_error: Literal["skip", "stop"] = Field(
        "skip", description="What a row that fails does to the others; stop writes nothing."
    )
    record_seconds: float = Field(10.0, gt=0, le=3_600, description="Longest that the transformation of one record may take.")

    @field_validator("source", mode="before")
    @classmethod
    def _short_source(cls, value: Any) -> Any:
        return {"records": value} if isinstance(value, list | tuple) else _as_path(value)

    @field_validator("destination", mode="before")
    @classmethod
    def _short_destination(cls, value: Any) -> Any:
        return _as_path(value)

    def for_task(self, context: Mapping[str, Any]) -> DataProcessorConfig:
        """With the source and the destination that the task's context names; InvalidInput where they cannot be meant."""
        named = {key: context[key] for key in ("source", "destination") if context.get(key) is not None}
        if not named:
            return self
        kept = self.model_dump(exclude=set(named), exclude_unset=True)
        try:
            return DataProcessorConfig.model_validate({**kept, **named})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InvalidInput(
                f"The task's {where}: expected {first['msg'].removeprefix('Value error, ').removeprefix('Input should be ')}."
            ) from None
