"""What every page shares: templates, and numbers as people read them."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

WORDS = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
MS_BELOW_S = 0.1


def environment() -> Environment:
    """Return the templates with what they call."""
    found = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals.update(word=word, figure=figure)
    return found


def figure(value: object, unit: str = "") -> str:
    """Return a number as people read it: three digits that matter, with its unit."""
    if value is None:
        return "\N{EN DASH}"
    if unit == "s" and isinstance(value, (int, float)) and 0 < value < MS_BELOW_S:
        return f"{value * 1000:.0f} ms"
    shown = str(value) if isinstance(value, (str, int)) else f"{value:.3g}"
    return f"{shown} {unit}".strip()


def word(verdict: str) -> str:
    """Return a verdict as a word of a sentence."""
    return WORDS.get(verdict, verdict)
