"""A drill's timeline as inline SVG; colours come from the page's CSS, for light and dark alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from markupsafe import Markup, escape

from reports.record import DrillRecord
from reports.timeline import BUCKET_S, Mark, bands, buckets, fault_windows, latencies, marks

WIDTH = 960
LEFT, RIGHT = 108, 16
LABEL_ROWS, LABEL_H = 3, 16
LANE_H, LANE_GAP = 18, 6
CHART_H, CHART_GAP = 72, 30
TICK_STEPS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
MAX_TICKS = 12
CHAR_W = 6.4
"""Width of a label's character at 11 px, rounded up."""


def timeline(drill: DrillRecord) -> Markup:
    """Return the whole timeline of one drill."""
    begins, ends = drill.since, max(drill.until, drill.since + 1.0)

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (at - begins) / (ends - begins)

    lanes_top = LABEL_ROWS * LABEL_H + 12
    outcomes_top = lanes_top + max(1, len(drill.workers)) * (LANE_H + LANE_GAP) + 18
    latency_top = outcomes_top + CHART_H + CHART_GAP
    bottom = latency_top + CHART_H
    happened = marks(drill)
    parts = [
        *_windows(drill, x, lanes_top, bottom),
        *_lanes(drill, x, lanes_top),
        *_outcomes(drill, x, outcomes_top),
        *_latency(drill, x, latency_top),
        *_axis(begins, ends, x, bottom),
        *_labels(happened, x, bottom),
    ]
    title = f"Timeline of {drill.name}"
    told = "; ".join(f"{mark.text} at {mark.at - begins:.1f} s" for mark in happened)
    return Markup(
        '<svg class="timeline" viewBox="0 0 {w} {h}" role="img" aria-label="{title}">'
        "<title>{title}</title><desc>{told}</desc>{parts}</svg>"
    ).format(w=WIDTH, h=round(bottom + 26), title=title, told=told, parts=Markup("").join(parts))


X = Callable[[float], float]


def _windows(drill: DrillRecord, x: X, top: float, bottom: float) -> Iterable[Markup]:
    for since, until in fault_windows(drill):
        yield _rect("fault", x(since), top - 4, x(until) - x(since), bottom - top + 4)


def _lanes(drill: DrillRecord, x: X, top: float) -> Iterable[Markup]:
    for row, worker in enumerate(drill.workers):
        y = top + row * (LANE_H + LANE_GAP)
        yield _text("lane", LEFT - 8, y + 13, f"worker {worker[-6:]}", anchor="end")
        for band in bands(drill, worker):
            width = max(1.0, x(band.until) - x(band.since))
            yield _rect(
                f"mode-{band.mode}" if band.mode.isidentifier() else "mode", x(band.since), y, width, LANE_H
            )
            if width > len(band.mode) * CHAR_W + 8:
                yield _text("in-band", x(band.since) + 5, y + 13, band.mode)


def _outcomes(drill: DrillRecord, x: X, top: float) -> Iterable[Markup]:
    counted = buckets(drill)
    highest = max((b.with_memory + b.without_memory + b.errors for b in counted), default=1)
    yield _text("lane", LEFT - 8, top + 12, "answers", anchor="end")
    yield _text("unit", LEFT - 8, top + 26, f"per 100 ms, top {highest}", anchor="end")
    for bucket in counted:
        base = top + CHART_H
        width = max(0.8, x(bucket.at + BUCKET_S) - x(bucket.at) - 0.6)
        for name, count in (
            ("ok", bucket.with_memory),
            ("bare", bucket.without_memory),
            ("error", bucket.errors),
        ):
            height = CHART_H * count / highest
            base -= height
            if count:
                yield _rect(name, x(bucket.at), base, width, height)


def _latency(drill: DrillRecord, x: X, top: float) -> Iterable[Markup]:
    points = latencies(drill)
    highest = max((p95 for _, _, p95 in points), default=1.0) or 1.0
    yield _text("lane", LEFT - 8, top + 12, "latency", anchor="end")
    yield _text("unit", LEFT - 8, top + 26, f"top {highest:.0f} ms", anchor="end")
    for name, which in (("p95", 2), ("p50", 1)):
        line = " ".join(f"{x(p[0]):.1f},{top + CHART_H * (1 - p[which] / highest):.1f}" for p in points)
        yield Markup('<polyline class="{}" points="{}"/>').format(name, line)


def _axis(begins: float, ends: float, x: X, bottom: float) -> Iterable[Markup]:
    step = next((s for s in TICK_STEPS_S if (ends - begins) / s <= MAX_TICKS), TICK_STEPS_S[-1])
    yield Markup('<path class="axis" d="M{:.1f} {:.1f}H{}"/>').format(LEFT, bottom, WIDTH - RIGHT)
    for n in range(int((ends - begins) / step) + 1):
        at = x(begins + n * step)
        yield Markup('<path class="axis" d="M{:.1f} {:.1f}v4"/>').format(at, bottom)
        yield _text("unit", at, bottom + 17, f"{n * step:g} s", anchor="middle")


def _labels(happened: list[Mark], x: X, bottom: float) -> Iterable[Markup]:
    """Stagger labels over rows; one that finds no room keeps its line, and its text is in the details."""
    free_from = [0.0] * LABEL_ROWS
    for mark in happened:
        at, width = x(mark.at), len(mark.text) * CHAR_W
        left = min(at + 4, WIDTH - RIGHT - width)
        row = next((r for r in range(LABEL_ROWS) if free_from[r] <= left), None)
        top = LABEL_ROWS * LABEL_H if row is None else row * LABEL_H + 4
        yield Markup('<path class="mark" d="M{:.1f} {:.1f}V{:.1f}"/>').format(at, top, bottom)
        if row is not None:
            free_from[row] = left + width + 8
            yield _text("event", left, row * LABEL_H + 13, mark.text)


def _rect(name: str, left: float, top: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        name, left, top, width, height
    )


def _text(name: str, left: float, top: float, text: str, *, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        name, left, top, anchor, escape(text)
    )
