"""The envelope: what goes in comes out, whatever version or program wrote it."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from chainbot_desktop.core import events
from chainbot_desktop.core.events import EVENT_CLASSES, Event, UnknownEvent, WorkflowStarted, parse_event
from chainbot_desktop.core.events.envelope import chain_hash, hashed_envelope, hashed_fields
from chainbot_desktop.core.json_codec import canonical_json, parse_json

labels = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=50)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(labels, inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


def envelope_of(event: Event) -> dict[str, Any]:
    fields = hashed_fields(1, event, event.data_json())
    del fields["seq"]
    return {**fields, "data": parse_json(event.data_json())}


@given(labels, st.dictionaries(labels.map(lambda name: "x-" + name), plain, max_size=3))
def test_a_stored_event_reads_back_as_it_was(workflow: str, extra: dict[str, Any]) -> None:
    event = WorkflowStarted.model_validate({"subject": workflow, "data": {"workflow_id": workflow, **extra}})
    again = parse_event(envelope_of(event))
    assert again == event
    assert again.data_json() == event.data_json()


@given(labels, plain)
def test_a_type_that_nobody_knows_is_kept_as_it_is(name: str, data: Any) -> None:
    stored = {**envelope_of(WorkflowStarted(data={"workflow_id": "w"})), "type": "future_" + name, "data": data}
    event = parse_event(stored)
    assert isinstance(event, UnknownEvent)
    assert envelope_of(event) == stored


def test_a_newer_version_is_kept_raw() -> None:
    stored = {**envelope_of(WorkflowStarted(data={"workflow_id": "w"})), "version": 99}
    assert isinstance(parse_event(stored), UnknownEvent)


def test_an_older_version_is_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fact(BaseModel):
        name: str

    class Renamed(Event):
        type: Literal["workflow_started"] = "workflow_started"
        version: int = 3
        data: Fact

        @classmethod
        def lift(cls, version: int, data: dict[str, Any]) -> dict[str, Any]:
            return {"name": data["workflow_id"]} if version < 3 else data

    monkeypatch.setitem(EVENT_CLASSES, "workflow_started", Renamed)
    monkeypatch.setattr(events, "_known", TypeAdapter(Renamed))
    lifted = parse_event(envelope_of(WorkflowStarted(data={"workflow_id": "w-7"})))
    assert isinstance(lifted, Renamed)
    assert lifted.version == 3
    assert lifted.data == Fact(name="w-7")


def test_every_class_of_the_union_names_its_own_type() -> None:
    assert len(set(EVENT_CLASSES)) == len(EVENT_CLASSES)
    for name, cls in EVENT_CLASSES.items():
        assert cls.model_fields["type"].default == name
        assert cls.__doc__ is None or "TODO" not in cls.__doc__


def test_a_changed_field_changes_the_hash() -> None:
    event = WorkflowStarted(data={"workflow_id": "w"})
    fields = hashed_fields(1, event, event.data_json())
    whole = chain_hash("0" * 64, canonical_json(fields))
    assert whole == chain_hash("0" * 64, hashed_envelope(1, event))
    for name in fields:
        changed = {**fields, name: "another"}
        assert chain_hash("0" * 64, canonical_json(changed)) != whole, name
    assert chain_hash("1" * 64, canonical_json(fields)) != whole


@pytest.mark.parametrize("actor", ["", "admin", "user:", "user:a\nb", "root:x"])
def test_an_actor_says_what_it_is(actor: str) -> None:
    with pytest.raises(ValidationError):
        WorkflowStarted(actor=actor, data={"workflow_id": "w"})
