"""The whole program notices that somebody guesses tokens, and remembers what a person said of it when it is killed."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request
from pathlib import Path

from tests.helpers.program import Running, program


def guess(running: Running) -> int:
    request = urllib.request.Request(f"{running.url}/api/agents", headers={"Authorization": "Bearer guessed"})
    try:
        urllib.request.urlopen(request, timeout=10)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_a_rule_is_tried_on_what_was_measured_before_the_program_was_started_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    rule = {"name": "any", "title": "Any", "kind": "threshold", "metric": "memory", "compare": "at_least", "value": 0}
    with program("--headless", data=data) as running:
        figures = running.until(
            "/api/metrics?names=memory&step=1", lambda found: any(row["mean"] for row in found["figures"][0]["rows"])
        )
        first = next(row["time"] for row in figures["figures"][0]["rows"] if row["mean"])
        running.stop(signal.SIGTERM)
    with program("--headless", data=data) as running:
        tried = running.post("/api/alert-rules/try", rule)
        assert [look["step"] for look in tried["looks"]] == [1]
        assert (tried["since"], tried["fired"]) == (first, [first])


def test_wrong_tokens_become_an_alert_that_outlives_the_program(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with program("--headless", data=data) as running:
        assert [item["error"] for item in running.get("/api/alert-rules")["items"] if item["error"]] == []
        assert [guess(running) for _ in range(6)] == [401] * 6
        found = running.until(
            "/api/alerts?state=active&rule=login-failures", lambda page: any(a["state"] == "firing" for a in page["items"])
        )
        [alert] = found["items"]
        assert (alert["labels"], alert["summary"]) == ({"address": "127.0.0.1"}, "Wrong tokens from 127.0.0.1")
        running.post(f"/api/alerts/{alert['id']}/acknowledge", {})
        running.stop(signal.SIGKILL)
    with program("--headless", data=data) as running:
        again = running.get(f"/api/alerts/{alert['id']}")
        assert (again["state"], again["acknowledged_by"]) == ("acknowledged", "user:admin")
        assert running.get("/api/audit/verify")["ok"]
