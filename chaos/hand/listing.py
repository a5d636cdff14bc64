"""`zep-chaos list`: every fault there is, and those in place."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from typing import Any

from chaos.faults import Full, Loading, Pause, ReadOnly
from chaos.hand.options import KINDS, add_servers, parameters
from chaos.web import Parser

EXAMPLE = "example: zep-chaos list --json"


def main(argv: list[str]) -> int:
    """Print the catalogue; with `--active` what the gateway has in place."""
    parser = Parser("zep-chaos list", description="Show the faults there are.", epilog=EXAMPLE)
    parser.add_argument("--active", action="store_true", help="show those in place instead")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_servers(parser)
    options = parser.parse_args(argv)
    from chaos.toxiproxy.toxics import BY_TYPE  # noqa: PLC0415 - --help answers without these

    if options.active:
        return _active(options.gateway, as_json=options.json)
    shown: list[dict[str, Any]] = [
        {"fault": name, "layer": "http", "parameters": parameters(kind), "about": _about(kind)}
        for name, kind in KINDS.items()
    ]
    for name, toxic in BY_TYPE.items():
        names = {field.name: field.default for field in fields(toxic)}
        shown.append({"fault": name, "layer": "tcp", "parameters": names, "about": _about(toxic)})
    shown.append({"fault": "down", "layer": "tcp", "parameters": {}, "about": "The proxy is switched off."})
    for beyond in (Pause, ReadOnly, Full, Loading):
        needs = {"pid": "N"} if beyond is Pause else {"redis": "URL"}
        layer = "process" if beyond is Pause else "redis"
        shown.append({"fault": beyond.kind, "layer": layer, "parameters": needs, "about": _about(beyond)})
    sys.stdout.write(json.dumps(shown) + "\n" if options.json else "".join(map(_line, shown)))
    return 0


def _active(url: str, *, as_json: bool) -> int:
    from chaos.injectors import InjectorError  # noqa: PLC0415 - see main
    from chaos.injectors.l7 import Gateway  # noqa: PLC0415

    gateway = Gateway(url)
    try:
        names = gateway.active()
    except InjectorError as error:
        sys.stderr.write(f"zep-chaos list: {error}\n")
        return 2
    finally:
        gateway.close()
    sys.stdout.write(json.dumps(names) + "\n" if as_json else "\n".join(names or ["none"]) + "\n")
    return 0


def _about(kind: type[Any]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def _line(row: dict[str, Any]) -> str:
    options = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in row["parameters"].items())
    return f"{row['layer']:<8}{row['fault']:<11}{row['about']}\n{'':19}{options or 'no parameters'}\n"
