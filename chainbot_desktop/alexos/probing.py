"""Finding out what the other side understands, by asking for real: a registration, a health report, a listing.

Each step is a request that is meant, so a probe leaves nothing behind that would not have been sent anyway. The documented way is
always tried first; the observed ones only where the documented path is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chainbot_desktop.alexos.answers import AlexOsHttp, Answer
from chainbot_desktop.alexos.board import LinkBoard
from chainbot_desktop.alexos.envelopes import health_row
from chainbot_desktop.alexos.identity import Identity
from chainbot_desktop.core.json_codec import JsonObject

DOCUMENTED_REGISTER = "/api/agents/register"
DOCUMENTED_WEBHOOKS = "/api/webhooks/chainbot/"
DOCUMENTED_HEALTH = DOCUMENTED_WEBHOOKS + "health"
DOCUMENTED_INDEX = "/api/agents"
OBSERVED_AGENTS = ("/api/agents/", "/api/agents/api/agents/")
OBSERVED_EVENTS = ("/api/events/", "/api/events/api/events/")
OBSERVED_INDEX = "/api/agents/"
HEALTH = "/api/health"

_ALREADY_THERE = "UNIQUE constraint failed"


@dataclass(frozen=True, slots=True)
class Routes:
    """What works now. `events` is the documented prefix, or the observed path; `register` the path that registered us."""

    style: Literal["documented", "observed"]
    register: str | None = None
    events: str | None = None
    index: str | None = None

    @property
    def dialect(self) -> str:
        if self.style == "documented":
            return "documented"
        return "repaired" if self.register is not None else "observed"


@dataclass(frozen=True, slots=True)
class Findings:
    """The outcome of a probe. `reachable`: something answered. `reason`: why there is no registration."""

    routes: Routes
    reachable: bool
    registered: bool
    already: bool
    impossible: bool
    """The other side has no working way to register anybody: asking again soon is of no use."""
    report_failed: bool
    """It registered us, and did not take the health report that followed, though it may later."""
    reason: str


class Prober:
    def __init__(self, http: AlexOsHttp, board: LinkBoard, identity: Identity, report: Callable[[], JsonObject]) -> None:
        self._http = http
        self._board = board
        self.identity = identity
        self._report = report

    async def probe(self) -> Findings:
        answer = await self._http.post(DOCUMENTED_REGISTER, self.identity.documented())
        self._board.note("registration", DOCUMENTED_REGISTER, answer)
        if answer.status is None:
            return Findings(Routes("documented"), False, False, False, False, False, answer.problem)
        if not answer.absent:
            return await self._documented(answer)
        return await self._observed(answer)

    async def _documented(self, answer: Answer) -> Findings:
        index = await self._index((DOCUMENTED_INDEX, OBSERVED_INDEX))
        reported = await self._http.post(DOCUMENTED_HEALTH, self._report())
        self._board.note("health", DOCUMENTED_HEALTH, reported)
        # Whoever is registered and answered 404 may be unknown to one part of it; any other refusal may meet every event too.
        there = reported.accepted or (answer.accepted and reported.status == 404)
        events = DOCUMENTED_WEBHOOKS if there else None
        routes = Routes("documented", DOCUMENTED_REGISTER if answer.accepted else None, events, index)
        reason = "" if answer.accepted else f"ALEX OS does not register us: POST {DOCUMENTED_REGISTER} {answer.words}"
        failed = answer.accepted and not reported.accepted
        return Findings(routes, True, answer.accepted, False, False, failed, reason)

    async def _observed(self, documented: Answer) -> Findings:
        register, already, answers = await self._register_observed()
        index = await self._index((DOCUMENTED_INDEX, OBSERVED_INDEX))
        documented_health = await self._http.post(DOCUMENTED_HEALTH, self._report())
        self._board.note("health", DOCUMENTED_HEALTH, documented_health)
        events = await self._events_path() if not documented_health.accepted else DOCUMENTED_WEBHOOKS
        style: Literal["documented", "observed"] = "documented" if documented_health.accepted else "observed"
        routes = Routes(style, register, events, index)
        tried = {DOCUMENTED_REGISTER: documented, **answers}
        said = ", ".join(f"POST {path} {answer.words}" for path, answer in tried.items())
        impossible = register is None and all(_cannot(answer) for answer in tried.values())
        reason = "" if register else f"ALEX OS cannot register us ({said})."
        return Findings(routes, True, register is not None, already, impossible, False, reason)

    async def _register_observed(self) -> tuple[str | None, bool, dict[str, Answer]]:
        answers: dict[str, Answer] = {}
        for path in OBSERVED_AGENTS:
            answer = answers[path] = await self._http.post(path, self.identity.observed())
            already = is_already_there(answer)
            if already:
                self._board.note_works("registration", path, answer.status, "registered already")
            else:
                self._board.note("registration", path, answer)
            if answer.accepted or already:
                return path, already, answers
        return None, False, answers

    async def _events_path(self) -> str | None:
        for path in OBSERVED_EVENTS:
            answer = await self._http.post(path, health_row(self.identity, self._report()))
            self._board.note("events", path, answer)
            if answer.accepted:
                return path
        return None

    async def _index(self, paths: tuple[str, ...]) -> str | None:
        for path in paths:
            answer = await self._http.get(path)
            self._board.note("index", path, answer)
            if answer.status is not None and not answer.absent:
                return path
        return None


def is_already_there(answer: Answer) -> bool:
    """The observed ALEX OS refuses an id that it has with 400 and the words of its database."""
    return answer.status == 400 and _ALREADY_THERE in answer.text


def _cannot(answer: Answer) -> bool:
    # 500 in plain text is what the path under the doubled prefix answers to everybody; a server that is ill speaks so too,
    # which is why "impossible" needs the other paths to be absent, and is asked again after a while.
    return answer.absent or (answer.status == 500 and not answer.is_json)
