"""Traffic in Prometheus text, under Toxiproxy's names; counts move while a connection is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from chaos.toxiproxy.proxy import Proxy

LABELS = ("direction", "listener", "proxy", "upstream")


@dataclass(slots=True)
class Meter:
    """Bytes of one direction of a proxy: taken from the sender, and handed to the receiver."""

    received: int = 0
    sent: int = 0


class Traffic(Collector):
    """Reads the meters when asked."""

    def __init__(self, proxies: Mapping[str, Proxy]) -> None:
        self._proxies = proxies

    def collect(self) -> Iterable[Metric]:
        for what in ("received", "sent"):
            family = CounterMetricFamily(f"toxiproxy_proxy_{what}_bytes", "", labels=LABELS)
            for proxy in self._proxies.values():
                for direction, meter in proxy.meters.items():
                    labels = (direction, proxy.listen, proxy.name, proxy.upstream)
                    family.add_metric(labels, getattr(meter, what))
            yield family


def exposition(proxies: Mapping[str, Proxy]) -> bytes:
    """Return what GET /metrics answers."""
    registry = CollectorRegistry()
    registry.register(Traffic(proxies))
    return generate_latest(registry)
