"""OpenTelemetry sees each call to Zep, and the guard's counters; never what was said."""

from __future__ import annotations

import asyncio
import sys

import pytest
from prometheus_client import CollectorRegistry

otel = pytest.importorskip("opentelemetry.sdk", reason="pip install 'zep-guard[otel]' opentelemetry-sdk")

from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402 - after the skip
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402

from guard import Kind, Mode, Settings, build  # noqa: E402
from guard.errors import SettingsError  # noqa: E402
from guard.metrics import Metrics  # noqa: E402
from guard.otel import AsyncTracedMemory, TracedMemory, observe  # noqa: E402
from guard.testing import AsyncScriptedMemory, ScriptedMemory, World  # noqa: E402

# Zep is scripted: what a span says of its answers is the point.

SECRET = "I live in Kars"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider.get_tracer("test")
    provider.shutdown()


def test_a_span_for_each_call_and_none_for_a_blocked_one(tracer, exporter):
    memory = ScriptedMemory()
    world = World(memory=TracedMemory(memory, tracer))
    world.guard.fetch_context("thread-7")
    world.guard.add_messages("thread-7", [{"role": "user", "content": SECRET}], user_id="ann")
    memory.fails(Kind.AUTH, status_code=401)
    world.guard.fetch_context("thread-7")
    world.guard.fetch_context("thread-7")
    world.advance(300)
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["zep.read", "zep.write", "zep.read", "zep.probe"]
    assert [span.status.is_ok for span in spans] == [True, True, False, False]
    assert dict(spans[0].attributes) == {"zep.timeout_ms": 250.0, "zep.found": True}
    assert spans[2].attributes["error.type"] == "auth"
    assert spans[2].attributes["http.response.status_code"] == 401
    told = "".join(span.to_json() for span in spans)
    assert not [word for word in (SECRET, "thread-7", "ann") if word in told]


def test_what_a_backend_raises_is_told_by_its_kind_alone(tracer, exporter):
    memory = ScriptedMemory()
    memory._answer = ValueError(SECRET)
    world = World(memory=TracedMemory(memory, tracer))
    world.guard.fetch_context("t")
    (span,) = exporter.get_finished_spans()
    assert span.attributes["error.type"] == "bad_response"
    assert SECRET not in span.to_json()


def test_asyncio_has_the_same_spans(tracer, exporter):
    memory = AsyncTracedMemory(AsyncScriptedMemory(ScriptedMemory()), tracer)

    async def calls() -> None:
        await memory.read("t", timeout_ms=250)
        await memory.write("t", [], timeout_ms=9, user_id=None, idempotency_key="k", return_context=False)
        await memory.aclose()

    asyncio.run(calls())
    assert [span.name for span in exporter.get_finished_spans()] == ["zep.read", "zep.write"]


def test_counters_are_seen_by_their_names_and_labels():
    reader, metrics = InMemoryMetricReader(), Metrics(CollectorRegistry())
    provider = MeterProvider([reader])
    observe(metrics, provider.get_meter("test"))
    metrics.reads.n += 2
    metrics.count("memory_zep_downgrades", "auth")
    (resource,) = reader.get_metrics_data().resource_metrics
    found = {
        (metric.name, tuple(point.attributes.items())): point.value
        for metric in resource.scope_metrics[0].metrics
        for point in metric.data.data_points
    }
    assert found["memory_zep_read_requests", (("op", "context"),)] == 2
    assert found["memory_zep_downgrades", (("reason", "auth"),)] == 1
    provider.shutdown()


def test_it_is_asked_for_by_a_setting_and_names_what_is_missing(monkeypatch):
    settings = Settings(base_mode=Mode.READ_WRITE, otel=True)
    with build(settings, Metrics(CollectorRegistry()), ScriptedMemory()) as guard:
        assert isinstance(guard._memory, TracedMemory)
    with build(Settings(), Metrics(CollectorRegistry()), ScriptedMemory()) as guard:
        assert not isinstance(guard._memory, TracedMemory)
    assert Settings.from_env({"GUARD_OTEL": "on"}).otel
    monkeypatch.delitem(sys.modules, "guard.otel")
    monkeypatch.delattr("guard.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(SettingsError, match=r"zep-guard\[otel\]"):
        build(settings, Metrics(CollectorRegistry()), ScriptedMemory())
