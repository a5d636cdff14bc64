"""`zep-chaos`: servers and faults by hand; a subcommand's module is imported when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = {
    "toxiproxy": ("chaos.toxiproxy.server", "TCP proxy with faults, driven by Toxiproxy's HTTP API"),
    "gateway": ("chaos.gateway.server", "HTTP proxy with faults, and a log of every request"),
    "zep": ("chaos.zep.server", "a double of Zep Cloud's thread APIs, v3 and v4"),
    "pager": ("chaos.pager.server", "takes PagerDuty's events, wakes nobody and shows them"),
    "drill-speed": ("chaos.hand.speeding", "production's alert rules and routing, 180 times as fast"),
    "list": ("chaos.hand.listing", "the faults there are, or those in place"),
    "apply": ("chaos.hand.holding", "hold one fault for a while, healed whatever happens"),
    "heal": ("chaos.hand.healing", "take back one fault, or everything"),
    "watch": ("chaos.hand.watching", "what the gateway lets pass and what its faults hit, live"),
}


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; return its exit code."""
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_usage())
        return 0 if words else 2
    if words[0] not in COMMANDS:
        sys.stderr.write(f"zep-chaos: unknown command {words[0]!r}: use one of {', '.join(COMMANDS)}\n")
        return 2
    try:
        module = import_module(COMMANDS[words[0]][0])
    except ModuleNotFoundError as error:
        sys.stderr.write(f"zep-chaos: {error.name} is missing: pip install 'zep-guard[drills]'\n")
        return 2
    code: int = module.main(words[1:])
    return code


def _usage() -> str:
    rows = "".join(f"  {name:<10} {text}\n" for name, (_, text) in COMMANDS.items())
    example = (
        "zep-chaos gateway --listen 127.0.0.1:8080 --upstream http://127.0.0.1:8000 --admin 127.0.0.1:8475"
    )
    return f"usage: zep-chaos COMMAND [--help]\n\n{rows}\nexample: {example}\n"


if __name__ == "__main__":
    sys.exit(main())
