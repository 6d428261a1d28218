"""Headers of the configuration: sent with every request, refused where they cannot be meant, and secrets never shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chainbot_desktop.agents.runtime.kinds import Kinds
from chainbot_desktop.core.errors import InvalidInput
from tests.helpers.api_agents import ME, agent, api_kind, do, said
from tests.helpers.raw_http import Arrived, http, raw_server

SECRET = 's3cr3t/"value"+ö'.encode("ascii", "ignore").decode()


async def test_they_are_sent_and_secrets_come_from_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("shop-key", SECRET)
    monkeypatch.setenv("shop-tenant", "tenant-number-7")
    config: dict[str, Any] = {
        "headers": {"Accept": "application/json", "Content-Type": "application/merge-patch+json"},
        "secret_headers": {"X-Tenant": "shop-tenant"},
        "auth": {"type": "bearer", "secret": "shop-key"},
        "allowed_methods": ["PATCH"],
    }
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", **config) as (house, agent_id):
        await do(house, agent_id, "Change it", method="PATCH", path="/things/7", body={"a": None})
        [arrived] = api.arrived
        assert arrived.header("Accept") == ["application/json"]
        assert arrived.header("Content-Type") == ["application/merge-patch+json"]
        assert arrived.header("X-Tenant") == ["tenant-number-7"]
        assert arrived.header("Authorization") == [f"Bearer {SECRET}"]
        assert arrived.body == b'{"a": null}'


def _repeats(arrived: Arrived) -> dict[str, bytes]:
    """The key, in all the ways in which an API can repeat it."""
    key = arrived.header("X-Tenant")[0]
    escaped = json.dumps({"given": key}).encode()
    return {
        "/plain": http(body=key.encode(), content_type="text/plain"),
        "/json": http(body=escaped),
        "/broken-json": http(body=escaped + b","),
        "/reason": http(f"400 {key}", b""),
        "/body": http("400 Bad", escaped),
        "/type": http(body=b"\x00\xff", content_type=f"image/{key.replace('/', '.')}"),
        "/head": http(X_Echo=key),
        "/away": http("302 Found", Location=f"http://127.0.0.1:1/{key}"),
        "/near": http("302 Found", b"", Location="/v1/plain"),
    }


@pytest.mark.parametrize("path", ["/plain", "/json", "/broken-json", "/reason", "/body", "/type", "/head", "/away", "/near"])
@pytest.mark.parametrize("key", [SECRET, "back\\slash\\key", "sp ace key"])
async def test_no_answer_shows_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, key: str) -> None:
    monkeypatch.setenv("shop-tenant", key)
    async with (
        raw_server() as api,
        agent(tmp_path, f"http://{api.host}/v1", secret_headers={"X-Tenant": "shop-tenant"}) as (house, agent_id),
    ):
        api.answers = lambda arrived: _repeats(arrived)[arrived.target.removeprefix("/v1")]
        row = await do(house, agent_id, f"{'HEAD' if path == '/head' else 'GET'} {path}")
        shown = json.dumps([row.result, row.reason, dict(row.data), said(house, agent_id)], ensure_ascii=False)
        assert api.arrived[-1].header("X-Tenant") == [key]
        for form in (key, json.dumps(key)[1:-1], json.dumps(json.dumps(key)[1:-1])[1:-1]):
            assert form not in shown
        assert "…" in shown or path == "/type"


@pytest.mark.parametrize("key", ["line\nbreak", "größer", " edge", "tab\tbed"])
async def test_a_secret_that_no_header_carries_is_named_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("shop-tenant", key)
    async with raw_server() as api:
        fields: list[dict[str, Any]] = [
            {"secret_headers": {"X-Tenant": "shop-tenant"}},
            {"auth": {"type": "bearer", "secret": "shop-tenant"}},
        ]
        for field in fields:
            folder = tmp_path / next(iter(field))
            folder.mkdir()
            async with agent(folder, f"http://{api.host}/v1", **field) as (house, agent_id):
                row = await do(house, agent_id, "GET /")
                assert "The secret 'shop-tenant' cannot be sent in a header" in row.reason
                assert key not in row.reason + said(house, agent_id)
                assert not house.failures
        assert not api.arrived


async def test_nobody_is_asked_before_the_keys_are_there(tmp_path: Path) -> None:
    async with (
        raw_server() as api,
        agent(tmp_path, f"http://{api.host}/v1", secret_headers={"X-Tenant": "nowhere"}) as (
            house,
            agent_id,
        ),
    ):
        assert "secret set nowhere" in (await do(house, agent_id, "DELETE /things/7")).reason
        assert not await house.desk.pending()


async def test_who_approves_sees_all_that_is_sent_but_the_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("shop-tenant", SECRET)
    config: dict[str, Any] = {"headers": {"X-Dry-Run": "no"}, "secret_headers": {"X-Tenant": "shop-tenant"}}
    async with raw_server() as api, agent(tmp_path, f"http://{api.host}/v1", **config) as (house, agent_id):
        run_id = await house.service.execute(agent_id, "DELETE /things/7", actor=ME)
        request = await house.asked()
        assert request.detail == (f"DELETE http://{api.host}/v1/things/7\nX-Dry-Run: no\nX-Tenant: (the secret shop-tenant)")
        await house.desk.decide(request.id, request.nonce, "approve", actor=ME)
        assert (await house.service.wait(run_id)).state == "succeeded"


BEARER = {"type": "bearer", "secret": "key"}


@pytest.mark.parametrize(
    ("config", "field", "words"),
    [
        ({"headers": {"X-A": "a\r\nX-B: c"}}, "headers", "the value of X-A cannot be sent"),
        ({"headers": {"X-A\r\nX-B": "c"}}, "headers", "is no name of a header"),
        ({"headers": {"X A": "c"}}, "headers", "is no name of a header"),
        ({"headers": {"": "c"}}, "headers", "is no name of a header"),
        ({"headers": {"X-A": ""}}, "headers", "it is empty"),
        ({"headers": {"X-A": "größer"}}, "headers", "printable ASCII"),
        ({"headers": {"X-A": "x" * 9000}}, "headers", "more than 8,000"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "headers", "x-a is there twice"),
        ({"headers": {f"X-{number}": "1" for number in range(51)}}, "headers", "more than 50"),
        *(
            ({field: {name: "a"}}, field, f"the program sets {name} itself")
            for name in ("Host", "content-length", "Transfer-Encoding", "CONNECTION", "Accept-Encoding")
            for field in ("headers", "secret_headers")
        ),
        ({"headers": {"X-HTTP-Method-Override": "DELETE"}}, "headers", "after it was approved"),
        ({"headers": {"Authorization": "Bearer s3cr3t-value"}}, "headers", "name it in secret_headers"),
        ({"headers": {"x-api-key": "s3cr3t-value"}}, "headers", "name it in secret_headers"),
        ({"secret_headers": {"Authorization": "a"}, "auth": BEARER}, "secret_headers", "is set already"),
        ({"secret_headers": {"x-a": "a"}, "headers": {"X-A": "b"}}, "secret_headers", "is set already"),
        ({"secret_headers": {"X-A": ""}}, "secret_headers", "at least 1 character"),
        ({"auth": {"type": "bearer"}}, "auth", "the name of a secret"),
        ({"auth": {"type": "header", "secret": "key", "header": "Host"}}, "auth.header", "the program sets Host itself"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(config: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Kinds([api_kind()]).check("api", {"base_url": "http://api.test/v1", **config})
    assert f"'{field}" in str(refused.value)
    assert words in str(refused.value)
    assert "s3cr3t" not in str(refused.value)
