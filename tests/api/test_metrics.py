"""What was measured, through the API: over time, as a list of names, and as it is now for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from chainbot_desktop.core.ids import format_time, parse_time
from chainbot_desktop.watch.figures import FAMILIES, FIGURES
from chainbot_desktop.watch.metric_store import MetricStore
from chainbot_desktop.watch.metrics import MetricsSampler
from chainbot_desktop.watch.sensors import Throttling
from chainbot_desktop.watch.wear import Wear
from tests.api.house import House
from tests.unit.watch.conftest import CALM

NOON = 1_800_000_000
DOCUMENT = Path(__file__).parents[2] / "docs/metrics.md"


def store_of(house: House) -> MetricStore:
    assert house.services.metric_store is not None
    return house.services.metric_store


async def refused(house: House, query: str) -> dict[str, Any]:
    async with house.http.get(f"{house.url}/api/metrics?{query}") as response:
        assert response.status == 422, await response.text()
        found: dict[str, Any] = orjson.loads(await response.read())
        return found


async def test_minutes_with_a_gap(house: House) -> None:
    for second in (*range(60), *range(120, 150)):
        store_of(house).add(NOON + second, {"cpu": float(second), "core1": 3.25, "queue:outbox": 7.0})
    found = await house.get(f"/api/metrics?from={NOON}&to={NOON + 180}&step=60&names=cpu,core1")
    assert (found["from"], found["to"], found["step"]) == (NOON, NOON + 180, 60)
    cpu, core = found["figures"]
    assert (cpu["name"], cpu["unit"]) == ("cpu", "%")
    assert cpu["rows"] == [
        {"time": NOON, "min": 0, "mean": 29.5, "max": 59},
        {"time": NOON + 60, "min": None, "mean": None, "max": None},
        {"time": NOON + 120, "min": 120, "mean": 134.5, "max": 149},
    ]
    assert core["meaning"] == "Processor time in use of one core"
    assert core["rows"][0]["mean"] == 3.25
    everything = await house.get(f"/api/metrics?from={NOON}&to={NOON + 180}&step=1")
    assert [line["name"] for line in everything["figures"]] == ["cpu", "core1", "queue:outbox"]
    assert len(everything["figures"][0]["rows"]) == 180


@pytest.mark.parametrize("write", [str, lambda at: format_time(parse_time("2027-01-15T08:00:00Z")).replace(".000000", "")])
async def test_times_are_written_in_either_way(house: House, write: Any) -> None:
    assert parse_time("2027-01-15T08:00:00Z").timestamp() == NOON
    store_of(house).add(NOON, {"cpu": 5.0})
    found = await house.get("/api/metrics", params={"from": write(NOON), "to": str(NOON + 1), "step": "1", "names": "cpu"})
    assert [row["mean"] for row in found["figures"][0]["rows"]] == [5]


async def test_the_last_hour_is_what_is_meant_without_a_time(house: House) -> None:
    now = int(time.time())
    for second in range(now - 30, now):
        store_of(house).add(second, {"cpu": 5.0})
    found = await house.get("/api/metrics?names=cpu")
    assert found["step"] == 60
    assert 3600 <= found["to"] - found["from"] <= 3720
    assert any(row["mean"] == 5 for row in found["figures"][0]["rows"])


WRONG = (
    ("from=yesterday", "invalid_parameter", "RFC 3339"),
    ("from=NaN", "invalid_parameter", "finite"),
    ("from=-1", "invalid_parameter", "greater than or equal to 0"),
    ("from=1e40", "invalid_parameter", "less than"),
    ("from=2026-01-01T00:00:00", "invalid_parameter", "RFC 3339"),
    ("step=7", "invalid_parameter", "'60'"),
    (f"from={NOON}&to={NOON - 1}", "invalid_range", "ends before"),
    (f"from={NOON}&to={NOON}", "invalid_range", "ends before"),
    (f"from={NOON}&to={NOON + 60_000}&step=1", "too_many_points", "60,000 rows; at most 50,000"),
    (f"from={NOON}&to={NOON + 30_000}&step=1&names=cpu,load", "too_many_points", "60,000 rows"),
    ("from=0&step=3600", "too_many_points", "at most 50,000"),
    ("from=0&step=auto", "too_many_points", "at most 50,000"),
    ("names=cpu,nonsense", "unknown_name", "'nonsense'"),
    ("names=queue:", "unknown_name", "'queue:'"),
    ("until=5", "invalid_parameter", "'until'"),
)


async def test_what_cannot_be_asked(house: House) -> None:
    for query, code, words in WRONG:
        found = await refused(house, query)
        assert found["code"] == code, query
        assert words in found["detail"], query


async def test_all_figures_together_have_a_bound_too(house: House) -> None:
    store_of(house).add(NOON, {f"core{number}": 1.0 for number in range(30)})
    assert "90,000 rows" in (await refused(house, f"from={NOON}&to={NOON + 3000}&step=1"))["detail"]


async def test_without_a_store_it_says_so(house: House) -> None:
    from api.keys import SERVICES

    house.application._state[SERVICES] = replace(house.services, metric_store=None)
    async with house.http.get(house.url + "/api/metrics") as response:
        assert response.status == 503


async def exposed(house: House) -> Mapping[str, str]:
    async with house.http.get(house.url + "/metrics") as response:
        lines = (await response.text()).splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


async def test_prometheus_reads_the_same_figures(house: House) -> None:
    metrics = house.services.machine
    assert isinstance(metrics, MetricsSampler)
    assert not any(name.startswith("chainbot_machine") for name in await exposed(house)), "nothing was measured yet"
    reading = replace(
        CALM,
        at=metrics.clock(),
        frequency=1800.0,
        throttling=Throttling(0x50000),
        wear=Wear(30.0, 1),
        agents={"a-1": 25_000_000, 'odd "name"': 1_000_000},
        database=12_500_000,
        own_pss=90_000_000,
    )
    metrics._skew = lambda: -7.5
    metrics.take(reading)
    found = await exposed(house)
    for name, value in {
        "machine_cpu_usage_percent": "12.0",
        "machine_cpu_frequency_megahertz": "1800.0",
        'machine_core_usage_percent{core="1"}': "14.0",
        "machine_temperature_celsius": "52.0",
        "machine_undervoltage": "0.0",
        "machine_throttled": "0.0",
        "machine_undervoltage_since_start": "1.0",
        "machine_throttled_since_start": "1.0",
        "machine_flash_wear_percent": "30.0",
        'agent_memory_megabytes{agent="a-1"}': "25.0",
        'agent_memory_megabytes{agent="odd \\"name\\""}': "1.0",
        "database_megabytes": "12.5",
        "clock_skew_seconds": "-7.5",
        "own_pss_megabytes": "90.0",
    }.items():
        assert found[f"chainbot_{name}"] == value, name
    assert set(metrics.names) >= {"cpu", "core1", "agent_memory:a-1"}
    metrics._skew = lambda: None
    metrics.take(replace(reading, at=metrics.clock()))
    assert "chainbot_clock_skew_seconds" not in await exposed(house), "nothing is known, and a figure is given"
    metrics.take(replace(reading, at=metrics.clock() - 60))
    assert not any(name.startswith("chainbot_machine") for name in await exposed(house)), "a figure of a minute ago is not now"


async def test_the_list_of_names_is_the_one_that_is_documented(house: House) -> None:
    items = (await house.get("/api/metrics/names"))["items"]
    assert [item["name"] for item in items] == [*FIGURES, *(family.name for family in FAMILIES)]
    text = DOCUMENT.read_text(encoding="utf-8")
    for item in items:
        assert f"| `{item['name']}` | {item['unit'] or '–'} | {item['meaning']} | `{item['exposed']}` |" in text
