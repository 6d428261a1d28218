"""What was measured, over time, and what there is to be asked for. The newest figures for Prometheus are in `health`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from aiohttp import web
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.answers import json_answer, json_bytes, json_bytes_of
from api.endpoints import Answer, Endpoint
from api.keys import SERVICES
from api.reading import parse_query
from chainbot_desktop.core.errors import InvalidInput, Unavailable
from chainbot_desktop.core.ids import parse_time
from chainbot_desktop.store.metric_rows import Floats, Line
from chainbot_desktop.watch.figures import FAMILIES, FIGURES, Family, Figure, family_of, unit_of
from chainbot_desktop.watch.metric_store import MetricStore, MetricWindow

MOST_ROWS = 50_000
"""Of one answer, all figures together."""
_AUTOMATIC = 2000
"""Rows of each figure that a step is chosen for."""
_LAST_HOUR = 3600.0


def _as_moment(value: object) -> object:
    """Seconds since 1970 or RFC 3339, as seconds."""
    if not isinstance(value, str):
        raise ValueError("one time")  # noqa: TRY004 - pydantic hears ValueError
    try:
        return float(value)
    except ValueError:
        pass
    try:
        # A plus sign that was not encoded arrives as a space.
        return parse_time(value.replace(" ", "+") if "T" in value else value).timestamp()
    except (ValueError, OverflowError):
        raise ValueError("seconds since 1970, or an RFC 3339 time such as 2026-01-31T12:00:00Z") from None


def _as_names(value: object) -> object:
    words = value if isinstance(value, list) else [value]
    return [name for word in words for name in str(word).split(",") if name]


_Moment = Annotated[float, Field(ge=0, le=253_402_300_800, allow_inf_nan=False), BeforeValidator(_as_moment)]
_Name = Annotated[str, StringConstraints(max_length=300)]


class MetricParameters(BaseModel):
    model_config = ConfigDict(extra="forbid")

    from_: _Moment | None = Field(
        None, alias="from", description="Seconds since 1970 or RFC 3339; an hour before `to` if it is not given."
    )
    to: _Moment | None = Field(None, description="Seconds since 1970 or RFC 3339; now if it is not given.")
    step: Literal["auto", "1", "60", "3600"] = Field("auto", description="Seconds that one row covers.")
    names: Annotated[list[_Name], BeforeValidator(_as_names), Field(max_length=200)] = Field(
        default_factory=list, description="Only these figures; repeat it, or separate them by commas."
    )


class MetricRow(BaseModel):
    """Null where nothing was measured."""

    time: int = Field(description="When its step begins, in seconds since 1970.")
    min: float | None
    mean: float | None
    max: float | None


class MetricLine(BaseModel):
    name: str
    unit: str
    meaning: str
    rows: list[MetricRow]


class MetricAnswer(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    from_: int = Field(alias="from", description="When the first row begins, in seconds since 1970.")
    to: int = Field(description="When the last row ends.")
    step: int
    figures: list[MetricLine]


class MetricName(BaseModel):
    name: str = Field(description="What is in braces stands for one of many, such as the number of a core.")
    unit: str
    meaning: str
    exposed: str = Field(description="Its name in /metrics.")


class MetricNames(BaseModel):
    items: list[MetricName]


async def over_time(request: web.Request) -> web.Response:
    store = _store(request)
    asked = parse_query(request.query, MetricParameters)
    end = asked.to if asked.to is not None else time.time()
    start = asked.from_ if asked.from_ is not None else max(0.0, end - _LAST_HOUR)
    _refuse_unknown(asked.names)
    names = list(dict.fromkeys(asked.names)) or None
    step = store.step_for(start, end, _AUTOMATIC) if asked.step == "auto" else int(asked.step)
    _refuse_many((end - start) / step * len(names or ("one",)))
    window = await store.query(names, start, end, step)
    _refuse_many(window.steps * len(window.lines))
    return json_bytes(await asyncio.to_thread(_document, window))


async def all_names(request: web.Request) -> web.Response:
    known: tuple[Figure | Family, ...] = (*FIGURES.values(), *FAMILIES)
    items = [
        {"name": one.name, "unit": one.unit, "meaning": one.meaning, "exposed": f"chainbot_{one.exposed}"} for one in known
    ]
    return json_answer({"items": items})


def _store(request: web.Request) -> MetricStore:
    store = request.app[SERVICES].metric_store
    if store is None:
        raise Unavailable("This program keeps no metrics.", code="no_metrics")
    return store


def _refuse_unknown(names: Sequence[str]) -> None:
    for name in names:
        if name not in FIGURES and family_of(name) is None:
            raise InvalidInput(
                f"There is no figure {name[:100]!r}.", hint="GET /api/metrics/names lists them.", code="unknown_name"
            )


def _refuse_many(rows: float) -> None:
    if rows > MOST_ROWS:
        raise InvalidInput(
            f"That is {rows:,.0f} rows; at most {MOST_ROWS:,} are given.",
            hint="Ask for a shorter time, a coarser step or fewer names.",
            code="too_many_points",
        )


def _document(window: MetricWindow) -> bytes:
    times = range(window.start, window.start + window.steps * window.step, window.step)
    figures = [
        {"name": name, "unit": unit_of(name), "meaning": _meaning(name), "rows": _rows(times, line)}
        for name, line in _in_order(window.lines)
    ]
    end = window.start + window.steps * window.step
    return json_bytes_of({"from": window.start, "to": end, "step": window.step, "figures": figures})


def _in_order(lines: Mapping[str, Line]) -> list[tuple[str, Line]]:
    places = {name: number for number, name in enumerate(FIGURES)}
    return sorted(lines.items(), key=lambda item: (places.get(item[0], len(places)), item[0]))


def _meaning(name: str) -> str:
    figure, family = FIGURES.get(name), family_of(name)
    return figure.meaning if figure is not None else family[0].meaning if family is not None else ""


def _rows(times: range, line: Line) -> list[dict[str, Any]]:
    columns = zip(times, line.count.tolist(), _plain(line.low), _plain(line.mean), _plain(line.high), strict=True)
    return [
        {"time": at, "min": low, "mean": mean, "max": high} if count else {"time": at, "min": None, "mean": None, "max": None}
        for at, count, low, mean, high in columns
    ]


def _plain(values: Floats) -> list[float]:
    """Without the digits that a 32-bit number does not have."""
    exact: NDArray[np.float64] = values.astype(np.float64)
    rounded: list[float] = np.round(exact, 4).tolist()
    return rounded


ENDPOINTS = (
    Endpoint(
        "GET",
        "/api/metrics",
        over_time,
        "What was measured, over time",
        "metrics",
        (Answer("", MetricAnswer),),
        query=MetricParameters,
        problems=(422, 503),
        description="A second for an hour, a minute for a week, an hour for two years. With step=auto the finest that is kept for "
        "the time asked for.",
    ),
    Endpoint("GET", "/api/metrics/names", all_names, "The figures that there are", "metrics", (Answer("", MetricNames),)),
)
