"""`/metrics`: what the program knows of itself, for Prometheus. Read at scrape time from memory and from /proc."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.counts import EventCounts, RequestCounts
from api.services import ApiServices
from chainbot_desktop import __version__
from chainbot_desktop.watch.figures import FIGURES, Family, family_of

_HEALTHY = {"healthy": 1.0, "degraded": 0.5}


class Sockets(Protocol):
    @property
    def count(self) -> int: ...
    @property
    def opened(self) -> int: ...
    @property
    def sent(self) -> int: ...
    @property
    def dropped(self) -> int: ...


class HouseCollector(Collector):
    """Counts that are kept elsewhere, in the form Prometheus reads."""

    def __init__(self, services: ApiServices, requests: RequestCounts, events: EventCounts, sockets: Sockets) -> None:
        self._services = services
        self._requests = requests
        self._events = events
        self._sockets = sockets

    def collect(self) -> Iterable[Metric]:
        yield from self._of_requests()
        yield from self._of_the_journal()
        yield from self._of_sockets()
        yield from self._of_the_machine()

    def _of_requests(self) -> Iterable[Metric]:
        counts = CounterMetricFamily("chainbot_http_requests", "Requests answered", labels=("method", "path", "status"))
        seconds = SummaryMetricFamily("chainbot_http_request_seconds", "Time to answer", labels=("method", "path", "status"))
        for (method, path, status), (count, spent) in self._requests.by_route.items():
            counts.add_metric((method, path, str(status)), count)
            seconds.add_metric((method, path, str(status)), count_value=int(count), sum_value=spent)
        yield counts
        yield seconds
        yield CounterMetricFamily("chainbot_webhooks_refused", "Webhooks refused", value=self._services.intake.refused)

    def _of_the_journal(self) -> Iterable[Metric]:
        counts = CounterMetricFamily("chainbot_events", "Events recorded since the start", labels=("type", "severity"))
        for labels, count in self._events.by_type.items():
            counts.add_metric(labels, count)
        yield counts
        yield GaugeMetricFamily(
            "chainbot_journal_head", "Sequence number of the newest event", value=self._services.journal.head_seq
        )
        agents = self._services.agents.agents
        known = GaugeMetricFamily("chainbot_agents", "Agents known, by origin and state", labels=("origin", "state"))
        kinds = [(agent.origin.value, agent.state.value) for agent in agents]
        for kind in sorted(set(kinds)):
            known.add_metric(kind, kinds.count(kind))
        yield known
        link = self._services.link.status
        state = GaugeMetricFamily("chainbot_alexos_link", "1 for the present state of the link to ALEX OS", labels=("state",))
        state.add_metric((link.state.value,), 1)
        yield state
        yield GaugeMetricFamily("chainbot_outbox_pending", "Events that wait for ALEX OS", value=link.outbox_pending)
        yield GaugeMetricFamily("chainbot_outbox_given_up", "Events that ALEX OS refused for good", value=link.outbox_given_up)

    def _of_sockets(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("chainbot_websocket_clients", "WebSocket clients", value=self._sockets.count)
        yield CounterMetricFamily(
            "chainbot_websocket_connections", "WebSocket clients since the start", value=self._sockets.opened
        )
        yield CounterMetricFamily("chainbot_websocket_frames_sent", "Frames sent to clients", value=self._sockets.sent)
        yield CounterMetricFamily(
            "chainbot_websocket_frames_dropped", "Frames that slow clients lost", value=self._sockets.dropped
        )

    def _of_the_machine(self) -> Iterable[Metric]:
        yield from _newest(self._services.machine.figures)
        lag = self._services.lag()
        if lag is not None:
            yield GaugeMetricFamily("chainbot_loop_lag_seconds", "Lateness of the event loop, p95", value=lag)
        status = str(self._services.health().get("status_id", ""))
        yield GaugeMetricFamily("chainbot_healthy", "1 healthy, 0.5 degraded, 0 not", value=_HEALTHY.get(status, 0.0))
        info = GaugeMetricFamily("chainbot_info", "The program", labels=("version", "mode"))
        info.add_metric((__version__, self._services.mode), 1)
        yield info


def _newest(figures: Mapping[str, float | None]) -> Iterable[Metric]:
    """What `/api/metrics` gives over time, as it is now."""
    families: dict[Family, GaugeMetricFamily] = {}
    for name, value in figures.items():
        figure, found = FIGURES.get(name), family_of(name)
        if value is None:
            continue
        if figure is not None:
            yield GaugeMetricFamily(f"chainbot_{figure.exposed}", figure.meaning, value=value)
        elif found is not None:
            family, member = found
            if family not in families:
                families[family] = GaugeMetricFamily(f"chainbot_{family.exposed}", family.meaning, labels=(family.label,))
            families[family].add_metric((member,), value)
    yield from families.values()


def make_registry(services: ApiServices, requests: RequestCounts, events: EventCounts, sockets: Sockets) -> CollectorRegistry:
    """A registry of its own: nothing that another library counts gets in, and two servers in one process do not collide."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(HouseCollector(services, requests, events, sockets))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return registry
