from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.helpers.stores import open_store


async def test_blobs_are_kept_once_by_their_digest(tmp_path: Path) -> None:
    body = bytes(range(256)) * 100
    async with open_store(tmp_path) as store:
        assert await store.blobs.put(body) == sha256(body).hexdigest()
        assert await store.blobs.put(body) == sha256(body).hexdigest()
    async with open_store(tmp_path) as store:
        assert await store.blobs.get(sha256(body).hexdigest()) == body
        assert await store.blobs.get("0" * 64) is None


async def test_snapshots_and_preferences_keep_the_last_value(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        assert await store.snapshots.load("agents") is None
        await store.snapshots.save("agents", 5, {"a": [1, None]})
        await store.snapshots.save("agents", 9, {"a": [2]})
        await store.preferences.set("theme", "dark")
        await store.preferences.set("theme", {"name": "light"})
    async with open_store(tmp_path) as store:
        assert await store.snapshots.load("agents") == (9, {"a": [2]})
        assert await store.preferences.get("theme") == {"name": "light"}
        assert await store.preferences.get("nothing") is None
        assert await store.preferences.all() == {"theme": {"name": "light"}}
