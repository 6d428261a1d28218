"""Nothing is asked of a model that would exceed a limit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chainbot_desktop.agents.kind import Limits, Usage
from chainbot_desktop.agents.runtime import budget as budgets
from chainbot_desktop.agents.runtime.budget import Ledger, LimitReached, RunBudget
from chainbot_desktop.core.settings import AgentsSettings
from chainbot_desktop.store.agents import UsageTable
from tests.helpers.agent_house import open_agent_house
from tests.helpers.stores import open_store

ME = "user:tester"
OPEN = AgentsSettings(run_tokens=None, run_cost=None, day_tokens=None, day_cost=None)


def unpaused() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_a_task_is_refused_the_request_that_would_exceed_its_tokens(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ledger = Ledger(UsageTable(store.database), OPEN)
        await ledger.open()
        budget = RunBudget("ada", Limits(run_tokens=100), ledger, None, unpaused())
        await budget.reserve(60)
        with pytest.raises(LimitReached, match="60 are used"):
            await budget.reserve(50)
        await budget.spend(Usage("m", 10, 10))
        assert budget.remaining_tokens() == 80
        await budget.reserve(80)
        budget.close()
        assert budget.remaining_tokens() == 80
        assert (budget.input_tokens, budget.output_tokens, budget.cost) == (10, 10, None)


async def test_agents_that_are_called_use_the_limit_of_the_caller(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ledger = Ledger(UsageTable(store.database), OPEN)
        await ledger.open()
        parent = RunBudget("ada", Limits(run_tokens=100), ledger, None, unpaused())
        child = RunBudget("bea", Limits(), ledger, parent, unpaused())
        await child.reserve(70)
        with pytest.raises(LimitReached, match="This task"):
            await parent.reserve(40)
        await child.spend(Usage("m", 70, 0, 0.5))
        with pytest.raises(LimitReached, match="This task"):
            await child.reserve(40)
        assert parent.own.sums.cost == 0.5


async def test_a_day_has_limits_that_a_restart_does_not_forget(tmp_path: Path) -> None:
    limits = OPEN.model_copy(update={"day_cost": 1.0})
    async with open_store(tmp_path) as store:
        ledger = Ledger(UsageTable(store.database), limits)
        await ledger.open()
        budget = RunBudget("ada", Limits(day_tokens=1000), ledger, None, unpaused())
        await budget.spend(Usage("m", 900, 0, 0.8))
    async with open_store(tmp_path) as store:
        ledger = Ledger(UsageTable(store.database), limits)
        await ledger.open()
        ada = RunBudget("ada", Limits(day_tokens=1000), ledger, None, unpaused())
        with pytest.raises(LimitReached, match="This agent, today"):
            await ada.reserve(200)
        bea = RunBudget("bea", Limits(), ledger, None, unpaused())
        await bea.reserve(200)
        with pytest.raises(LimitReached, match="All agents together"):
            await bea.reserve(1, cost=0.3)


async def test_a_new_day_gives_a_new_allowance_and_a_clock_set_back_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = ["2026-01-02"]
    monkeypatch.setattr(budgets, "_today", lambda: day[0])
    async with open_store(tmp_path) as store:
        ledger = Ledger(UsageTable(store.database), OPEN)
        await ledger.open()
        budget = RunBudget("ada", Limits(day_tokens=100), ledger, None, unpaused())
        await budget.spend(Usage("m", 90, 0))
        day[0] = "2026-01-01"
        with pytest.raises(LimitReached):
            await budget.reserve(20)
        day[0] = "2026-01-03"
        await budget.reserve(20)


async def test_the_limit_ends_a_run_with_its_sentence(tmp_path: Path) -> None:
    async with open_agent_house(tmp_path) as house:
        agent_id = await house.service.spawn("scripted", "Ada", {"limits": {"run_tokens": 10}}, actor=ME)
        await house.becomes(agent_id, "idle")
        row = await house.service.wait(await house.service.execute(agent_id, "spend 11", actor=ME))
        assert row.state == "failed"
        assert "This task may use 10 tokens" in row.reason
        row = await house.service.wait(await house.service.execute(agent_id, "spend 9", actor=ME))
        assert (row.state, row.input_tokens, row.cost) == ("succeeded", 9, 0.01)


async def test_a_paused_agent_asks_no_model(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        ledger = Ledger(UsageTable(store.database), OPEN)
        await ledger.open()
        gate = asyncio.Event()
        budget = RunBudget("ada", Limits(), ledger, None, gate)
        waiting = asyncio.ensure_future(budget.reserve(1))
        await asyncio.sleep(0)
        assert not waiting.done()
        gate.set()
        await waiting
