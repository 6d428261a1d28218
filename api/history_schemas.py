"""The shapes of the map's past."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.schemas import AgentMap, RfcTime
from chainbot_desktop.agents.replay import MAX_BUCKETS

_Seq = Annotated[int, Field(ge=1, le=2**63 - 1)]


class MapParameters(BaseModel):
    """Which map is meant: the present one unless one of them is given."""

    model_config = ConfigDict(extra="forbid")

    at: _Seq | None = Field(None, description="The map as it was after the event with this `seq`.")
    time: RfcTime | None = Field(
        None, description="The map as it was at this time: after the event whose time is the last one not after it."
    )

    vitals: bool = Field(
        False, description="Of the present map: measure CPU and memory now, and give each agent's line of activity."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> MapParameters:
        if self.at is not None and self.time is not None:
            raise ValueError("either at or time")
        return self


class MapPlace(BaseModel):
    seq: int
    time: str


class PastAgentMap(AgentMap):
    """`runtime` and `vitals` of an agent are told for the present only."""

    at: MapPlace | None = Field(None, description="Which moment this is; not there for the present.")


class HistoryParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    buckets: int = Field(100, ge=1, le=MAX_BUCKETS, description="At most into how many stretches the past is divided.")


class HistoryRange(BaseModel):
    """Numbers are 0 and times null while nothing has happened. `pruned`: older events are gone, and with them what only they told."""

    first_seq: int
    first_time: str | None
    last_seq: int
    last_time: str | None
    pruned: bool


class HistoryMark(BaseModel):
    seq: int
    kind: Literal["failed", "needed_input", "terminated", "spawned"]
    agent_id: str
    agent_name: str


class HistoryBucket(BaseModel):
    """A stretch of the journal, both ends included. `count`: its events that tell of agents; `marks`: the newest of each kind."""

    from_seq: int
    to_seq: int
    time: str
    count: int
    marks: list[HistoryMark]


class MapHistoryDocument(BaseModel):
    span: HistoryRange
    density: list[HistoryBucket]
