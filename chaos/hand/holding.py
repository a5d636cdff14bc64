"""`zep-chaos apply`: break one thing for a while, and put it right whatever happens to us.

The keeper is armed before anything is broken and outlives a `kill -9`; the gateway's lease is a second net.
"""

from __future__ import annotations

import secrets
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from types import FrameType
from typing import Any

from chaos.faults import Down, HttpFault, Toxic
from chaos.hand.options import KINDS, add_fields, add_servers, chosen, duration_s, on_loopback
from chaos.injectors import InjectorError
from chaos.stack import undo
from chaos.stack.keeper import Keeper, KeeperError
from chaos.web import Parser

EXAMPLE = "example: zep-chaos apply status --code 503 --percent 30 --for 60s"
LEASE_S, RENEW_S = 5.0, 1.0
USAGE, NOT_UNDONE, INTERRUPTED = 2, 14, 130


@dataclass(frozen=True, slots=True)
class Held:
    """A fault and how to handle it, whichever injector has it."""

    undo: dict[str, Any]
    apply: Callable[[], None]
    renew: Callable[[], None]
    heal: Callable[[], None]
    gone: Callable[[], bool]
    hits: Callable[[], int | None]


def main(argv: list[str]) -> int:
    """Hold one fault until its time is over or a signal comes; 14 when its undo could not be verified."""
    kind = argv[0] if argv else ""
    tcp = any(word.split("=")[0] == "--proxy" for word in argv)
    options = _parser(kind, tcp=tcp).parse_args(argv)
    name = f"hand-{secrets.token_hex(3)}"
    try:
        _permit(options.toxiproxy if tcp else options.gateway, options)
        with ExitStack() as stack:
            held = _tcp(name, options) if tcp else _http(name, options, stack)
            keeper = stack.enter_context(Keeper())
            return _hold(name, held, keeper, options.for_s)
    except (InjectorError, KeeperError, ValueError) as error:
        undone = "not undone" not in " ".join([str(error), *getattr(error, "__notes__", [])])
        sys.stderr.write(f"zep-chaos apply: {error}\n")
        return USAGE if undone else NOT_UNDONE


def _parser(kind: str, *, tcp: bool) -> Parser:
    from chaos.toxiproxy.toxics import BY_TYPE  # noqa: PLC0415 - only who applies by hand pays

    kinds: dict[str, Any] = {**BY_TYPE, "down": None} if tcp else dict(KINDS)
    parser = Parser(f"zep-chaos apply {kind}".strip(), description=__doc__, epilog=EXAMPLE)
    parser.add_argument("kind", choices=kinds, help="the fault: see zep-chaos list")
    parser.add_argument("--for", dest="for_s", type=duration_s, required=True, metavar="60s", help="how long")
    parser.add_argument("--proxy", metavar="NAME", help="a TCP fault on this proxy of Toxiproxy")
    parser.add_argument("--marker-url", metavar="URL", help="must answer --marker-value")
    parser.add_argument("--marker-value", metavar="TEXT")
    add_servers(parser)
    if tcp:
        parser.add_argument("--stream", choices=["downstream", "upstream"], default="downstream")
        parser.add_argument("--toxicity", type=float, default=1.0, help="share of CONNECTIONS, default 1")
    if kinds.get(kind):
        add_fields(parser, kinds[kind])
    return parser


def _permit(server: str, options: Any) -> None:
    """Refuse what is not marked as breakable; a server on this machine's loopback is the caller's own."""
    url, value = options.marker_url, options.marker_value
    if not url:
        if on_loopback(server):
            return
        raise ValueError(f"{server} is not on loopback: give --marker-url and --marker-value")
    import httpx  # noqa: PLC0415 - 0.1 s

    try:
        said = httpx.get(url, timeout=2.0, trust_env=False).text.strip()
    except httpx.HTTPError as error:
        raise ValueError(f"the marker at {url} does not answer ({type(error).__name__})") from None
    if not value or said != value:
        raise ValueError(f"the marker at {url} is not {value!r}: nothing was broken")


def _http(name: str, options: Any, stack: ExitStack) -> Held:
    from chaos.injectors.l7 import Gateway  # noqa: PLC0415 - httpx takes 0.1 s

    fault: HttpFault = KINDS[options.kind](**chosen(KINDS[options.kind], options))
    gateway = stack.enter_context(closing(Gateway(options.gateway)))
    return Held(
        undo=undo.l7_fault(options.gateway, name),
        apply=lambda: gateway.apply(name, fault, LEASE_S),
        renew=lambda: gateway.renew(name, LEASE_S),
        heal=lambda: gateway.heal(name),
        gone=lambda: name not in gateway.active(),
        hits=lambda: gateway.hits(name),
    )


def _tcp(name: str, options: Any) -> Held:
    from chaos.injectors.l4 import L4  # noqa: PLC0415 - requests takes 0.2 s
    from chaos.toxiproxy.toxics import BY_TYPE  # noqa: PLC0415

    fault: Toxic | Down = Down(proxy=options.proxy)
    if options.kind != "down":
        attributes = chosen(BY_TYPE[options.kind], options)
        fault = Toxic(
            proxy=options.proxy,
            type=options.kind,
            attributes=attributes,
            stream=options.stream,
            toxicity=options.toxicity,
        )
    l4 = L4(options.toxiproxy)
    l4.learn(options.proxy)
    return Held(
        undo=undo.l4_fault(options.toxiproxy, name, fault),
        apply=lambda: l4.apply(name, fault),
        renew=lambda: None,
        heal=lambda: l4.heal(name, fault),
        gone=lambda: not l4.in_force(name, fault),
        hits=lambda: None,
    )


def _hold(name: str, held: Held, keeper: Keeper, for_s: float) -> int:
    stop = _stopped_by_signals()
    keeper.arm(name, held.undo)
    held.apply()
    _say(f"{name}: in place for {for_s:g} s; Ctrl-C heals it now")
    until = time.monotonic() + for_s
    while (left_s := until - time.monotonic()) > 0 and not stop.wait(min(RENEW_S, left_s)):
        held.renew()
    held.heal()
    if not held.gone():
        raise KeeperError(f"not undone: {name} is still in place")
    keeper.disarm(name)
    hits = held.hits()
    _say(f"{name}: healed, and read back" + ("" if hits is None else f"; it hit {hits} requests"))
    return INTERRUPTED if stop.is_set() else 0


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()

    def note(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, note)
    return stop


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
