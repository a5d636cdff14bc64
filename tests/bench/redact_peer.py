"""Time one peer on texts from stdin, in the interpreter that has it: `redact_peer.py NAME`.  JSON out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {
    "datafog-core": "datafog-core",
    "depii": "depii",
    "presidio": "presidio-analyzer",
    "scrubadub": "scrubadub",
}


def datafog_core() -> Callable[[str], object]:
    from datafog_core import scan

    return scan


def depii() -> Callable[[str], object]:
    """Patterns only, as ours."""
    from depii import Redactor

    return Redactor(locales=("us", "tr"), contextual=False, propagate=False, quasi_threshold=None).redact


def presidio() -> Callable[[str], object]:
    """Patterns only: no model."""
    from presidio_analyzer.predefined_recognizers import (
        CreditCardRecognizer,
        EmailRecognizer,
        IbanRecognizer,
        IpRecognizer,
        PhoneRecognizer,
        UsSsnRecognizer,
    )

    kinds = (
        CreditCardRecognizer,
        EmailRecognizer,
        IbanRecognizer,
        IpRecognizer,
        PhoneRecognizer,
        UsSsnRecognizer,
    )
    recognizers = [kind() for kind in kinds]
    return lambda text: [one.analyze(text, one.supported_entities, None) for one in recognizers]


def scrubadub() -> Callable[[str], object]:
    import scrubadub as peer

    scrubber = peer.Scrubber()
    return scrubber.clean


MAKE = {"datafog-core": datafog_core, "depii": depii, "presidio": presidio, "scrubadub": scrubadub}


def took_us(redact: Callable[[str], object], text: str, rounds: int) -> float:
    """Return the best CPU time of some rounds."""
    best = float("inf")
    for _ in range(rounds):
        began = time.process_time_ns()
        redact(text)
        best = min(best, time.process_time_ns() - began)
    return best / 1000


def main() -> None:
    name, job = sys.argv[1], json.load(sys.stdin)
    try:
        found = version(PACKAGES[name])
    except PackageNotFoundError:
        print(json.dumps({"missing": PACKAGES[name]}))
        return
    began = time.process_time_ns()
    redact = MAKE[name]()
    redact("hello ann@example.com")
    ready_ms = (time.process_time_ns() - began) / 1e6
    took = {
        kind: [took_us(redact, text, job["rounds"]) for text in texts] for kind, texts in job["texts"].items()
    }
    print(json.dumps({"version": found, "ready_ms": ready_ms, "us": took}))


if __name__ == "__main__":
    main()
