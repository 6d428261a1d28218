"""Operations by name: what they need, what they know and what values may be is looked at before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.agents.kinds.api.operations import Operations
from chainbot_desktop.core.errors import ChainBotError, InvalidInput
from tests.helpers.api_agents import agent, do
from tests.helpers.raw_http import raw_server

MODERN: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/things/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}],
            "get": {
                "operationId": "getThing",
                "parameters": [
                    {
                        "name": "region",
                        "in": "query",
                        "required": True,
                        "description": "Where  the thing\nstands.",
                        "schema": {"$ref": "#/components/schemas/Region"},
                    },
                    {"name": "X-Tenant", "in": "header", "required": True, "example": "acme", "schema": {"type": "string"}},
                    {"name": "verbose", "in": "query", "schema": {"type": "boolean"}},
                    {"name": "page", "in": "query", "schema": {"type": "integer", "default": 1, "exclusiveMaximum": 100}},
                    {"name": "code", "in": "query", "schema": {"type": "string", "pattern": "^[A-Z]{2}$"}},
                    {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string", "maxLength": 3}}},
                    {"name": "ids", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "integer"}}},
                    {"name": "Accept", "in": "header", "schema": {"type": "string"}},
                ],
            },
        },
        "/things": {"post": {"operationId": "makeThing", "requestBody": {"required": True, "content": {}}}},
    },
    "components": {"schemas": {"Region": {"$ref": "#/components/schemas/Names"}, "Names": {"enum": ["north", "south"]}}},
}
NEEDED: dict[str, Any] = {"id": 7, "region": "north", "X-Tenant": "acme"}


def filled(parameters: dict[str, Any], document: dict[str, Any] = MODERN, name: str = "getThing") -> Any:
    return Operations(json.dumps(document)).get(name).fill({**(NEEDED if document is MODERN else {}), **parameters})


async def test_what_is_missing_is_named_with_its_meaning_and_an_example(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(MODERN))
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", openapi="spec.json") as (house, agent_id):
        row = await do(house, agent_id, "Get it", operation="getThing", parameters={"id": 7})
        assert row.reason == (
            "The operation getThing needs the parameter 'region' (in the query: Where the thing stands.; for example "
            '"north") and \'X-Tenant\' (in the header; for example "acme").'
        )
        assert "'id' (in the path; for example 1)" in (await do(house, agent_id, "getThing")).reason
        assert "needs a body" in (await do(house, agent_id, "makeThing")).reason
        assert not api.arrived
        row = await do(house, agent_id, "Get it", operation="getThing", parameters=NEEDED)
        assert row.state == "succeeded"
        [arrived] = api.arrived
        assert arrived.target == "/v1/things/7?region=north&page=1", "the default is used"
        assert arrived.header("X-Tenant") == ["acme"]


async def test_a_header_that_the_configuration_sets_is_neither_needed_nor_taken(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text(json.dumps(MODERN))
    config: dict[str, Any] = {"openapi": "spec.json", "headers": {"x-tenant": "fixed"}}
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", **config) as (house, agent_id):
        taken = await do(house, agent_id, "Get it", operation="getThing", parameters=NEEDED)
        assert "set by the configuration" in taken.reason
        assert not api.arrived
        given = {"id": 7, "region": "north"}
        assert (await do(house, agent_id, "Get it", operation="getThing", parameters=given)).state == "succeeded"
        assert api.arrived[0].header("X-Tenant") == ["fixed"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"regoin": "north"}, "has no parameter 'regoin'. Near it: region."),
        ({"nonsense": 1}, "It has: X-Tenant, code, id, ids, page, region, tags, verbose."),
        ({"id": "seven"}, "'id' is wrong: 'seven' is not of type 'integer'"),
        ({"id": 0}, "'id' is wrong: 0 is less than the minimum of 1"),
        ({"id": "0"}, "'id' is wrong: 0 is less than the minimum of 1"),
        ({"id": True}, "'id' is wrong: True is not of type 'integer'"),
        ({"region": "west"}, "'region' is wrong: \"west\" is none of north, south"),
        ({"page": 100}, "'page' is wrong: 100 is greater than or equal to"),
        ({"code": "de"}, "'code' is wrong: 'de' does not match '^[A-Z]{2}$'"),
        ({"verbose": "yes"}, "'verbose' is wrong"),
        ({"tags": ["a", "long"]}, "'tags' is wrong: 'long' is too long"),
        ({"region": ["north"]}, "'region' is wrong"),
        ({"Accept": "text/plain"}, "has no parameter 'Accept'"),
        ({"X-Tenant": "a\r\nX-Evil: 1"}, "'X-Tenant' cannot be sent as a header"),
        ({"code": "\ud800"}, "'code'"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_sent(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        filled(parameters)
    assert words in str(refused.value)


def test_text_is_what_a_request_carries() -> None:
    assert filled({"id": "7", "page": "2", "verbose": "true"}).query == (
        ("region", "north"),
        ("verbose", "true"),
        ("page", "2"),
    )
    assert filled({"X-Tenant": 12}).headers == {"X-Tenant": "12"}
    assert filled({"tags": ["a", "b,c"]}).query[2:] == (("tags", "a"), ("tags", "b,c"))
    assert filled({"ids": [1, "2"]}).query[2:] == (("ids", "1,2"),)


def _with(parameter: dict[str, Any], openapi: str = "3.0.3", **more: Any) -> dict[str, Any]:
    version = {"swagger": "2.0"} if openapi == "2.0" else {"openapi": openapi}
    return {**version, **more, "paths": {"/x/{p}": {"get": {"operationId": "x", "parameters": [parameter]}}}}


@pytest.mark.parametrize(
    ("document", "value", "said"),
    [
        (
            _with({"name": "n", "in": "query", "schema": {"type": "integer", "minimum": 0, "exclusiveMinimum": True}}),
            0,
            "minimum",
        ),
        (_with({"name": "n", "in": "query", "type": "string", "enum": ["a"], "required": True}, "2.0"), "b", "none of a"),
        (
            _with({"name": "n", "in": "query", "type": "array", "items": {"type": "string"}}, "2.0"),
            ["a,b"],
            "separates its parts",
        ),
        (_with({"name": "n", "in": "query", "style": "deepObject", "schema": {}}), "b", "deepObject"),
        (_with({"name": "n", "in": "cookie", "required": True, "schema": {}}), "b", "cookie"),
        (_with({"name": "n", "in": "query", "schema": {"type": "nothing"}}), "b", "cannot be checked"),
        (_with({"name": "n", "in": "query", "schema": {"pattern": "("}}), "b", "cannot be checked"),
        (_with({"name": "n", "in": "query", "schema": {"pattern": "^(a|a)*$"}}), "a" * 60 + "b", "cannot be checked"),
        (_with({"name": "n", "in": "query", "schema": {"enum": [1, {"a": 2}]}}), 3, "none of 1"),
    ],
)
def test_documents_of_every_age_and_of_strangers(document: dict[str, Any], value: Any, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        filled({"p": "here", "n": value}, document, "x")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"$ref": "#/components/schemas/Loop"},
        {"anyOf": [{"$ref": "#/components/schemas/Loop"}]},
        {"type": "string", "required": True, "properties": 7},
        {"$dynamicRef": "http://127.0.0.1:1/"},
    ],
)
def test_a_document_fetches_nothing_and_ends(schema: dict[str, Any]) -> None:
    loop = {"allOf": [{"$ref": "#/components/schemas/Loop"}, {"$ref": "#/components/schemas/Loop"}]}
    document = _with({"name": "n", "in": "query", "schema": schema}, "3.1.0", components={"schemas": {"Loop": loop}})
    assert filled({"p": "here", "n": "b"}, document, "x").query == (("n", "b"),)


def test_a_yaml_document_with_dates_and_anchors_that_hold_themselves() -> None:
    operations = Operations(
        "openapi: 3.1.0\npaths:\n  /x/{day}:\n    get:\n      operationId: x\n      parameters:\n"
        "        - {name: day, in: path, required: true, schema: &s {allOf: [*s]}, example: 2026-01-31}\n"
    )
    with pytest.raises(InvalidInput, match="needs the parameter 'day'"):
        operations.get("x").fill({})
    assert operations.get("x").fill({"day": "2026-01-31"}).path == "/x/2026-01-31"


def test_names_near_an_operation_are_told() -> None:
    with pytest.raises(ChainBotError, match="Near it: getThing"):
        Operations(json.dumps(MODERN)).get("getThings")


@pytest.mark.parametrize("empty", ["", ".", "..", "../x", "%2e%2e", "a\nb"])
def test_a_path_parameter_that_would_make_another_path_is_refused(empty: str) -> None:
    with pytest.raises(InvalidInput, match="'p'"):
        filled({"p": empty}, _with({"name": "n", "in": "query", "schema": {}}), "x")
