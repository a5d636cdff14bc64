"""A drill's timeline as inline SVG; colours come from the page's CSS, for light and dark alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from markupsafe import Markup, escape

from reports.record import DrillRecord
from reports.timeline import Mark, Page, bands, bucket_s, buckets, fault_windows, latencies, marks, pages

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
    depth_top = latency_top + CHART_H + CHART_GAP
    paged_top = (depth_top if drill.depths else latency_top) + CHART_H + LANE_GAP
    paged, happened = pages(drill), marks(drill)
    bottom = paged_top + len(paged) * (LANE_H + LANE_GAP) - (0 if paged else LANE_GAP)
    parts = [
        *_windows(drill, x, lanes_top, bottom),
        *_lanes(drill, x, lanes_top),
        *_outcomes(drill, x, outcomes_top),
        *_latency(drill, x, latency_top),
        *_depth(drill, x, depth_top),
        *_pages(paged, x, paged_top, ends),
        *_axis(begins, ends, x, bottom),
        *_labels(happened, x, bottom),
    ]
    title = f"Timeline of {drill.name}"
    told = "; ".join(
        [f"{mark.text} at {mark.at - begins:.1f} s" for mark in happened]
        + [f"{page.told} at {page.since - begins:.1f} s" for page in paged]
    )
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
    counted, seconds = buckets(drill), bucket_s(drill)
    highest = max((b.with_memory + b.without_memory + b.errors for b in counted), default=1)
    yield _text("lane", LEFT - 8, top + 12, "answers", anchor="end")
    yield _text("unit", LEFT - 8, top + 26, f"per {_duration(seconds)}, top {highest}", anchor="end")
    bars: dict[str, list[str]] = {"ok": [], "bare": [], "error": []}
    for bucket in counted:
        base = top + CHART_H
        width = max(0.8, x(bucket.at + seconds) - x(bucket.at) - 0.6)
        for name, count in zip(bars, (bucket.with_memory, bucket.without_memory, bucket.errors), strict=True):
            height = CHART_H * count / highest
            if count:
                bars[name].append(f"M{x(bucket.at):.1f} {base:.1f}h{width:.1f}v{-height:.1f}h{-width:.1f}z")
            base -= height
    for name, drawn in bars.items():  # one path each: a rect for every bar would be most of the page
        if drawn:
            yield Markup('<path class="{}" d="{}"/>').format(name, "".join(drawn))


def _latency(drill: DrillRecord, x: X, top: float) -> Iterable[Markup]:
    points = latencies(drill)
    highest = max((p95 for _, _, p95 in points), default=1.0) or 1.0
    yield _text("lane", LEFT - 8, top + 12, "latency", anchor="end")
    yield _text("unit", LEFT - 8, top + 26, f"top {highest:.0f} ms", anchor="end")
    for name, which in (("p95", 2), ("p50", 1)):
        line = " ".join(f"{x(p[0]):.1f},{top + CHART_H * (1 - p[which] / highest):.1f}" for p in points)
        yield Markup('<polyline class="{}" points="{}"/>').format(name, line)


def _depth(drill: DrillRecord, x: X, top: float) -> Iterable[Markup]:
    if not drill.depths:
        return
    highest = max(1.0, *(depth for _, depth in drill.depths))
    yield _text("lane", LEFT - 8, top + 12, "outbox", anchor="end")
    yield _text("unit", LEFT - 8, top + 26, f"top {highest:.0f} waiting", anchor="end")
    line = " ".join(f"{x(at):.1f},{top + CHART_H * (1 - depth / highest):.1f}" for at, depth in drill.depths)
    yield Markup('<polyline class="depth" points="{}"/>').format(line)


def _pages(paged: list[Page], x: X, top: float, ends: float) -> Iterable[Markup]:
    """A row each: they may come at once, and what they are called must be read."""
    if paged:
        yield _text("lane", LEFT - 8, top + 13, "pages", anchor="end")
    for row, page in enumerate(paged):
        y = top + row * (LANE_H + LANE_GAP) + LANE_H
        since, until = x(page.since), x(ends if page.until is None else page.until)
        severity = page.severity if page.severity.isidentifier() else "unknown"
        yield Markup('<path class="page {}" d="M{:.1f} {:.1f}H{:.1f}"/>').format(severity, since, y, until)
        yield Markup('<circle class="page {}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(severity, since, y)
        if page.until is not None:
            yield Markup('<path class="page {}" d="M{:.1f} {:.1f}v8"/>').format(severity, until, y - 4)
        room = since + 7 + len(page.told) * CHAR_W < WIDTH - RIGHT
        at, anchor = (since + 7, "start") if room else (float(WIDTH - RIGHT), "end")
        yield _text("event", at, y - 5, page.told, anchor=anchor)


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


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:g} s"


def _rect(name: str, left: float, top: float, width: float, height: float) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
        name, left, top, width, height
    )


def _text(name: str, left: float, top: float, text: str, *, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        name, left, top, anchor, escape(text)
    )
