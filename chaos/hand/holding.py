"""`zep-chaos apply`: break one thing for a while, and put it right whatever happens to us.

The keeper is armed before anything is broken and outlives a `kill -9`; the gateway's lease is a second net.
"""

from __future__ import annotations

import secrets
import signal
import sys
import threading
import time
from contextlib import ExitStack
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from chaos import allowed
from chaos.faults import Pause
from chaos.hand.held import HOLD, IN_REDIS, Held
from chaos.hand.options import KINDS, add_fields, add_servers, duration_s
from chaos.injectors import InjectorError
from chaos.stack.keeper import Keeper, KeeperError
from chaos.web import Parser

EXAMPLE = "example: zep-chaos apply status --code 503 --percent 30 --for 60s"
RENEW_S = 1.0
USAGE, NOT_UNDONE, INTERRUPTED = 2, 14, 130


def main(argv: list[str]) -> int:
    """Hold one fault until its time is over or a signal comes; 14 when its undo could not be verified."""
    kind = argv[0] if argv else ""
    layer = _layer(kind, argv)
    options = _parser(kind, layer).parse_args(argv)
    name = f"hand-{secrets.token_hex(3)}"
    try:
        _permit(_server(layer, options), options)
        with ExitStack() as stack:
            held = HOLD[layer](name, options, stack)
            keeper = stack.enter_context(Keeper())
            return _hold(name, held, keeper, options.for_s)
    except (InjectorError, KeeperError, ValueError) as error:
        undone = "not undone" not in " ".join([str(error), *getattr(error, "__notes__", [])])
        sys.stderr.write(f"zep-chaos apply: {error}\n")
        return USAGE if undone else NOT_UNDONE


def _layer(kind: str, argv: list[str]) -> str:
    """A toxic may be called as an HTTP fault is: `--proxy` tells them apart."""
    if any(word.split("=")[0] == "--proxy" for word in argv):
        return "tcp"
    return {Pause.kind: "process", **dict.fromkeys(IN_REDIS, "redis")}.get(kind, "http")


def _server(layer: str, options: Any) -> str | None:
    servers = {"tcp": options.toxiproxy, "http": options.gateway, "redis": getattr(options, "redis", None)}
    return servers.get(layer)


def _parser(kind: str, layer: str) -> Parser:
    from chaos.toxiproxy.toxics import BY_TYPE  # noqa: PLC0415 - only who applies by hand pays

    tcp = layer == "tcp"
    elsewhere = {Pause.kind: None, **IN_REDIS}
    kinds: dict[str, Any] = {**BY_TYPE, "down": None} if tcp else {**KINDS, **elsewhere}
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
    if layer == "process":
        parser.add_argument(
            "--pid", type=int, action="append", required=True, help="of a process on this host"
        )
    if layer == "redis":
        parser.add_argument(
            "--redis", metavar="URL", required=True, help="of the server itself, not of a proxy"
        )
    if kinds.get(kind):
        add_fields(parser, kinds[kind])
    return parser


def _permit(server: str | None, options: Any) -> None:
    """Refuse what is not marked as breakable; what is on this machine is the caller's own."""
    allowed.check(server or "")
    url, value = options.marker_url, options.marker_value
    if not url:
        if server is None or allowed.on_loopback(urlsplit(server).hostname or ""):
            return
        shown = urlsplit(server)._replace(netloc=urlsplit(server).netloc.rpartition("@")[2]).geturl()
        raise ValueError(f"{shown} is not on loopback: give --marker-url and --marker-value")
    import httpx  # noqa: PLC0415 - 0.1 s

    try:
        said = httpx.get(url, timeout=2.0, trust_env=False).text.strip()
    except httpx.HTTPError as error:
        raise ValueError(f"the marker at {url} does not answer ({type(error).__name__})") from None
    if not value or said != value:
        raise ValueError(f"the marker at {url} is not {value!r}: nothing was broken")


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
