"""Views to route to: metrics for Prometheus, and the marker that drills look for."""

from __future__ import annotations

import os

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from guard.django.wiring import memory, settings


def metrics(_request: HttpRequest) -> HttpResponse:
    """Prometheus text: of all workers when PROMETHEUS_MULTIPROC_DIR is set, else of this one."""
    memory()
    fresh = generate_latest(REGISTRY)  # also moves this process's counts to where the collector below reads
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return HttpResponse(fresh, content_type=CONTENT_TYPE_LATEST)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@require_GET
def marker(_request: HttpRequest) -> HttpResponse:
    """GUARD_MARKER as text; without one this installation is nobody's to break: 404."""
    name = settings().marker
    return HttpResponse(name or "no marker\n", content_type="text/plain", status=200 if name else 404)
