"""What Prometheus may know of the gateway: whether it is being drilled, and what its faults hit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Counts(Collector):
    """Numbers of one moment."""

    def __init__(self, requests: int, hits: Mapping[str, int], *, drilled: bool) -> None:
        self._requests, self._hits, self._drilled = requests, hits, drilled

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "zep_gateway_drilled", "1 while a run of drills holds this gateway", value=int(self._drilled)
        )
        yield CounterMetricFamily("zep_gateway_requests", "Requests that came", value=self._requests)
        hits = sum(self._hits.values())
        yield CounterMetricFamily("zep_gateway_fault_hits", "Requests that faults hit", value=hits)


def exposition(requests: int, hits: Mapping[str, int], *, drilled: bool) -> bytes:
    """Return what GET /metrics answers."""
    registry = CollectorRegistry()
    registry.register(Counts(requests, hits, drilled=drilled))
    return generate_latest(registry)
