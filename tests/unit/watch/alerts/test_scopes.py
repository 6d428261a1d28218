"""What a rule was shown goes when the moment is over: thousands of them come in a minute."""

from __future__ import annotations

import gc
import weakref

import pytest

from chainbot_desktop.core.events import Recorded
from chainbot_desktop.core.events.panel import AttentionRequired
from chainbot_desktop.watch.alerts.expressions import Condition
from chainbot_desktop.watch.alerts.scopes import EventScope, LogScope, Scope
from chainbot_desktop.watch.logs.document import LogRow

FIGURES = {"cpu": 95.0, "temperature": None}


def scopes() -> list[Scope]:
    event = AttentionRequired.model_validate({"data": {"reason": "hot"}})
    row = LogRow(1, 2.0, 40, "program", "house", "it is hot")
    return [
        Scope(FIGURES, 1.0),
        EventScope(Recorded(1, event, "0" * 64, "1" * 64), FIGURES),
        LogScope(row, {"what": "hot"}, FIGURES, 1.0),
    ]


@pytest.mark.parametrize("number", range(3))
def test_a_moment_that_was_judged_is_not_kept(number: int) -> None:
    scope = scopes()[number]
    assert Condition('cpu > 90.0 && figures["cpu"] > 90.0', ("cpu", "figures")).holds(scope.context({"room": "hall"})) is True
    gone = weakref.ref(scope)
    del scope
    gc.collect()
    assert gone() is None
