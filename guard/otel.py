"""OpenTelemetry: a span around every call to Zep, and the guard's counters as instruments (extra `[otel]`).

Spans stand around the backend, not in the guard: without them nothing is paid, with them a blocked or cached
read still has none, for Zep was not asked.  No text, no thread and no user is in a span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import metrics as otel_metrics
from opentelemetry import trace
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer

from guard.errors import failure_of
from guard.metrics import COUNTERS, Metrics
from guard.ports import AsyncMemory, Memory, Message, Probe, Reading

SCOPE = "zep-guard"


class TracedMemory:
    """Implements `ports.Memory` around another one."""

    def __init__(self, memory: Memory, tracer: Tracer | None = None) -> None:
        self._memory = memory
        self._tracer = tracer or trace.get_tracer(SCOPE)
        self.idempotent = memory.idempotent
        self.probe: Probe = _traced_probe(memory.probe, self._tracer)

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """Read under a span."""
        with _span(self._tracer, "zep.read", timeout_ms) as span:
            return _noted(span, self._memory.read(thread_id, timeout_ms=timeout_ms))

    def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """Write under a span."""
        with _span(self._tracer, "zep.write", timeout_ms) as span:
            span.set_attribute("zep.messages", len(messages))
            return self._memory.write(
                thread_id,
                messages,
                timeout_ms=timeout_ms,
                user_id=user_id,
                idempotency_key=idempotency_key,
                return_context=return_context,
            )

    def close(self) -> None:
        """Close the other one."""
        self._memory.close()


class AsyncTracedMemory:
    """Implements `ports.AsyncMemory` around another one."""

    def __init__(self, memory: AsyncMemory, tracer: Tracer | None = None) -> None:
        self._memory = memory
        self._tracer = tracer or trace.get_tracer(SCOPE)
        self.idempotent = memory.idempotent
        self.probe: Probe = _traced_probe(memory.probe, self._tracer)

    async def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        """Read under a span."""
        with _span(self._tracer, "zep.read", timeout_ms) as span:
            return _noted(span, await self._memory.read(thread_id, timeout_ms=timeout_ms))

    async def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        """Write under a span."""
        with _span(self._tracer, "zep.write", timeout_ms) as span:
            span.set_attribute("zep.messages", len(messages))
            return await self._memory.write(
                thread_id,
                messages,
                timeout_ms=timeout_ms,
                user_id=user_id,
                idempotency_key=idempotency_key,
                return_context=return_context,
            )

    async def aclose(self) -> None:
        """Close the other one."""
        await self._memory.aclose()


def observe(metrics: Metrics, meter: Meter | None = None) -> None:
    """Show the counters to OpenTelemetry, by their names in Prometheus; read when they are exported."""
    meter = meter or otel_metrics.get_meter(SCOPE)
    for name, (text, labels) in COUNTERS.items():
        meter.create_observable_counter(name, [_reader(metrics, name, labels)], description=text)


def _reader(
    metrics: Metrics, name: str, labels: tuple[str, ...]
) -> Callable[[CallbackOptions], Iterable[Observation]]:
    def read(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(n, dict(zip(labels, values, strict=True))) for values, n in metrics.totals(name)]

    return read


def _traced_probe(probe: Probe, tracer: Tracer) -> Probe:
    def traced(thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        with _span(tracer, "zep.probe", timeout_ms):
            probe(thread_id, timeout_ms=timeout_ms, connect_ms=connect_ms)

    return traced


@contextmanager
def _span(tracer: Tracer, name: str, timeout_ms: float) -> Iterator[Span]:
    """A failure is told by its kind: what was raised may hold text of a message."""
    with tracer.start_as_current_span(
        name, kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
    ) as span:
        span.set_attribute("zep.timeout_ms", timeout_ms)
        try:
            yield span
        except Exception as error:
            failure = failure_of(error)
            span.set_attribute("error.type", str(failure.kind))
            if failure.status_code:
                span.set_attribute("http.response.status_code", failure.status_code)
            span.set_status(StatusCode.ERROR)
            raise


def _noted(span: Span, reading: Reading) -> Reading:
    span.set_attribute("zep.found", bool(reading.text))
    return reading
