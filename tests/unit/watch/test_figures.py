from __future__ import annotations

import re

from chainbot_desktop.watch.figures import AGENT_MEMORY, CORE, FAMILIES, FIGURES, QUEUE, Family, Figure, family_of, unit_of


def test_each_name_is_there_once_and_fit_for_prometheus() -> None:
    known: list[Figure | Family] = [*FIGURES.values(), *FAMILIES]
    exposed = [one.exposed for one in known]
    assert len(set(exposed)) == len(exposed)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in exposed)
    assert all(one.meaning for one in known)


def test_members_are_known_by_their_family() -> None:
    assert family_of("core12") == (CORE, "12")
    assert family_of("queue:outbox") == (QUEUE, "outbox")
    assert family_of("agent_memory:a:b") == (AGENT_MEMORY, "a:b")
    for name in ("cpu", "core", "corex", "queue:", "other:thing", ""):
        assert family_of(name) is None
    assert (unit_of("cpu"), unit_of("core3"), unit_of("agent_memory:x"), unit_of("what")) == ("%", "%", "MB", "")
