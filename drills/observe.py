"""Watching a target from outside: its answers as the load sees them, its metrics, its operations command."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from drills.evidence import DEGRADED, OK, READ_WRITE
from drills.history import History
from drills.target import Target, TargetError

LOOK_EVERY_S = 0.1
"""How often stop conditions are looked at while waiting."""
RECENT = 25
"""Answers that must be good in a row to call it steady: half a second of load."""
SLOW_SHARE = 0.05
"""Beyond it the p95 is."""
HTTP_TIMEOUT_S = 2.0
METRICS = ("memory_", "circuit_")

Line = dict[str, Any]


class StopConditionError(Exception):
    """The drill must end now, to spare the users."""


@dataclass(slots=True)
class Seen:
    """What the answers have shown so far; read it under the audience's lock."""

    recent: deque[Line] = field(default_factory=lambda: deque(maxlen=RECENT))
    mode: dict[str | None, str] = field(default_factory=dict)
    """The latest mode by worker (None: a target without trace.worker)."""
    reason: dict[str | None, str | None] = field(default_factory=dict)
    answers: int = 0
    errors: int = 0
    degraded: dict[str | None, int] = field(default_factory=dict)
    """Answers in a degraded mode, by worker."""
    load_ended: bool = False

    def take(self, line: Line) -> str | None:
        """Note an answer; returns the worker's mode when it is a new one."""
        self.answers += 1
        self.recent.append(line)
        self.errors += line["status"] != OK
        worker, mode = line["worker"], line["mode"]
        if mode is None:
            return None
        self.reason[worker] = line["reason"]
        if mode in DEGRADED:
            self.degraded[worker] = self.degraded.get(worker, 0) + 1
        changed = self.mode.get(worker) != mode
        self.mode[worker] = mode
        return mode if changed else None

    def steady(self) -> bool:
        return (
            len(self.recent) == RECENT and all(_good(line) for line in self.recent) and self.everywhere_back()
        )

    def p95_beyond(self, limit_ms: float) -> bool:
        """Tell whether more than one in twenty of the latest answers took longer."""
        slow = sum(line["ms"] > limit_ms for line in self.recent)
        return len(self.recent) == RECENT and slow > SLOW_SHARE * RECENT

    def any_degraded(self) -> bool:
        return any(mode in DEGRADED for mode in self.mode.values())

    def everywhere_degraded(self) -> bool:
        return bool(self.mode) and all(mode in DEGRADED for mode in self.mode.values())

    def everywhere_back(self) -> bool:
        return bool(self.mode) and all(mode == READ_WRITE for mode in self.mode.values())


class Audience:
    """Gets every line of the load, journals it, and lets the runner wait for what it shows."""

    def __init__(
        self,
        history: History,
        drill: str,
        stop: Callable[[Seen], None],
        look: Callable[[Seen], None] = lambda _seen: None,
    ) -> None:
        self._history = history
        self._drill = drill
        self._stop = stop
        self._look = look
        self._changed = threading.Condition()
        self.seen = Seen()

    def hear(self, line: Line) -> None:
        """Take one line of the load; runs in the load's thread."""
        self._history.append({**line, "drill": self._drill})
        with self._changed:
            if line["kind"] == "load":
                self.seen.load_ended = True
            elif line["kind"] == "request":
                mode = self.seen.take(line)
                if mode:
                    self._mode_changed(line, mode)
            self._changed.notify_all()

    def until(self, condition: Callable[[Seen], bool], within_s: float) -> bool:
        """Wait until `condition` holds; False when it did not within `within_s` seconds.

        Raises what the stop conditions raise, looked at every 100 ms; a signal interrupts it.
        """
        deadline = time.monotonic() + within_s
        with self._changed:
            while not condition(self.seen):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return False
                self._changed.wait(min(LOOK_EVERY_S, left_s))
                self._stop(self.seen)
                self._look(self.seen)
            return True

    def forget_recent(self) -> None:
        """Begin a new row of good answers."""
        with self._changed:
            self.seen.recent.clear()

    def forget_workers(self) -> None:
        """Processes come and go: who does not answer again is not waited for."""
        with self._changed:
            self.seen.mode.clear()
            self.seen.reason.clear()
            self.seen.degraded.clear()

    def _mode_changed(self, line: Line, mode: str) -> None:
        self._history.write(
            "mode",
            when=line["t"] + line["ms"] / 1000,
            drill=self._drill,
            worker=line["worker"],
            mode=mode,
            reason=line["reason"],
            source="trace",
        )


class Instruments:
    """The target's own account of itself: marker, metrics, a chat turn."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._http = httpx.Client(timeout=HTTP_TIMEOUT_S, trust_env=False)
        self._bearer = {"Authorization": f"Bearer {target.token}"}

    def close(self) -> None:
        self._http.close()

    def check_marker(self) -> None:
        """Raise `TargetError` unless the target says that it may be broken."""
        url, wanted = self._target.marker_url, self._target.marker_value
        try:
            answer = self._http.get(url)
        except httpx.HTTPError as error:
            raise TargetError(f"no marker at {url} ({type(error).__name__}): is the target up?") from error
        if answer.status_code != OK or answer.text.strip() != wanted:
            raise TargetError(
                f"{url} answers {answer.status_code} and not the marker {wanted!r}: "
                "this target may not be drilled"
            )

    def metrics(self) -> dict[str, float]:
        """Return counters added up over all metrics_urls, gauges averaged; {} when they cannot be had."""
        try:
            pages = [self._page(url) for url in self._target.metrics_urls]
        except (httpx.HTTPError, ValueError):
            return {}
        keys = sorted({key for page in pages for key in page})
        return {key: _folded(key, [page.get(key, 0.0) for page in pages]) for key in keys}

    def say(self, text: str, thread: str) -> Line:
        """Take one chat turn; returns status, ms and what the trace says of memory."""
        began = time.monotonic()
        try:
            answer = self._http.post(
                self._target.chat_url, json={"message": text, "thread_id": thread}, headers=self._bearer
            )
            status, trace = answer.status_code, _trace(answer)
        except httpx.HTTPError:
            status, trace = None, {}
        return {"status": status, "ms": round((time.monotonic() - began) * 1000, 2), **trace}

    def texts(self) -> dict[str, str]:
        """Return what can be read of Zep's messages, the application's logs and its metrics."""
        found = {f"log {path.name}": path.read_text(errors="replace") for path in self._target.logs}
        urls = {"metrics": self._target.metrics_urls, "zep": [u for u in [self._target.stored_url] if u]}
        for place, addresses in urls.items():
            with contextlib.suppress(httpx.HTTPError):
                pages = [self._http.get(url, headers=self._bearer).raise_for_status() for url in addresses]
                if pages:
                    found[place] = "".join(page.text for page in pages)
        return found

    def _page(self, url: str) -> dict[str, float]:
        answer = self._http.get(url, headers=self._bearer)
        answer.raise_for_status()
        samples = (s for family in text_string_to_metric_families(answer.text) for s in family.samples)
        return {
            series(s.name, s.labels): s.value
            for s in samples
            if s.name.startswith(METRICS) and not s.name.endswith(("_bucket", "_created"))
        }


def series(name: str, labels: dict[str, str]) -> str:
    """Write a series as Prometheus does, labels in order: ``name{a="1",b="2"}``."""
    inside = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name


def _folded(key: str, values: list[float]) -> float:
    total = sum(values)
    return total / len(values) if key.startswith("memory_mode_gauge") else total


def _good(line: Line) -> bool:
    return line["status"] == OK and line["mode"] == READ_WRITE and bool(line["used"])


def _trace(answer: httpx.Response) -> Line:
    """Pick what the journal keeps from an answer; anything may be missing."""
    try:
        trace = answer.json()["trace"]
        memory = trace["memory"]
        kept = {
            name: memory[name] for name in ("mode", "source", "used", "cached", "reason") if name in memory
        }
        return {**kept, "worker": str(trace.get("worker") or "")}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
