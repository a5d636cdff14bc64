"""Options of a fault, made from its fields: what `--help` shows is what the fault has."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import Field, fields
from typing import Any

from chaos.faults import HTTP_FAULTS, HttpFault

GATEWAY = "http://127.0.0.1:8475"
TOXIPROXY = "http://127.0.0.1:8474"
KINDS = {kind.kind: kind for kind in HTTP_FAULTS}
TIMED_BY_HAND = ("after_s", "for_s")
"""`--for` says how long a fault is held, so its own window is left alone."""
DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)?")
UNITS_S = {"s": 1, "m": 60, "h": 3600, None: 1}


def add_servers(parser: argparse.ArgumentParser) -> None:
    """Declare where the injectors are."""
    gateway, toxiproxy = (
        os.environ.get("ZEP_CHAOS_GATEWAY", GATEWAY),
        os.environ.get("TOXIPROXY_URL", TOXIPROXY),
    )
    parser.add_argument(
        "--gateway", metavar="URL", default=gateway, help=f"its admin API (default {gateway})"
    )
    parser.add_argument(
        "--toxiproxy", metavar="URL", default=toxiproxy, help=f"its API (default {toxiproxy})"
    )


def add_fields(parser: argparse.ArgumentParser, kind: type[Any]) -> None:
    """Declare an option for each field of a fault or a toxic."""
    for field in fields(kind):
        if field.name not in TIMED_BY_HAND:
            name = "--" + field.name.replace("_", "-")
            parser.add_argument(
                name, type=_type(field), default=field.default, help=f"default {field.default}"
            )


def chosen(kind: type[Any], options: argparse.Namespace) -> dict[str, Any]:
    """Return the fields' values."""
    return {f.name: getattr(options, f.name) for f in fields(kind) if f.name not in TIMED_BY_HAND}


def duration_s(text: str) -> float:
    """Read 60, 60s, 5m or 1h; raise ArgumentTypeError for anything else."""
    match = DURATION.fullmatch(text)
    if not match or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration: give 60s, 5m or 1h")
    return float(match[1]) * UNITS_S[match[2]]


def parameters(kind: type[HttpFault]) -> dict[str, Any]:
    """Return what a kind has beyond what all have, with defaults."""
    shared = {field.name for field in fields(HttpFault)}
    return {field.name: field.default for field in fields(kind) if field.name not in shared}


def _type(field: Field[Any]) -> type:
    return {"int": int, "float": float}.get(str(field.type).removesuffix(" | None"), str)
