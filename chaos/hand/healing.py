"""`zep-chaos heal`: take back one fault, or everything."""

from __future__ import annotations

import sys
from contextlib import closing

from chaos.hand.options import add_servers
from chaos.injectors import InjectorError
from chaos.web import Parser

EXAMPLE = "example: zep-chaos heal --all"
NOT_UNDONE = 14


def main(argv: list[str]) -> int:
    """Heal, and read it back; 14 when something is still in place."""
    parser = Parser("zep-chaos heal", description="Take faults back.", epilog=EXAMPLE)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("name", nargs="?", help="a fault of the gateway, as zep-chaos list --active shows it")
    what.add_argument("--all", action="store_true", help="all of the gateway, and every toxic of Toxiproxy")
    add_servers(parser)
    options = parser.parse_args(argv)
    try:
        left = _gateway(options.gateway, options.name)
        if options.all:
            left += _toxiproxy(options.toxiproxy)
    except InjectorError as error:
        sys.stderr.write(f"zep-chaos heal: {error}\n")
        return NOT_UNDONE
    sys.stdout.write("healed\n" if not left else f"still in place: {', '.join(left)}\n")
    return NOT_UNDONE if left else 0


def _gateway(url: str, name: str | None) -> list[str]:
    from chaos.injectors.l7 import Gateway  # noqa: PLC0415 - httpx takes 0.1 s

    with closing(Gateway(url)) as gateway:
        if name is None:
            gateway.heal_all()
            return gateway.active()
        gateway.heal(name)
        return [name] if name in gateway.active() else []


def _toxiproxy(url: str) -> list[str]:
    from chaos.injectors.l4 import L4  # noqa: PLC0415 - requests takes 0.2 s

    l4 = L4(url)
    l4.reset()
    return l4.active()
