"""Breaks something and heals it, and sends itself a signal at the N-th line of a stage.

argv: HOW (hand, drill) KIND GATEWAY TOXIPROXY PROXY STAGE LINE SIGNAL.  With line 0 nothing is sent, and the
number of lines of each stage is printed: the test picks its points from those.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from chaos.faults import Down, Status, Toxic
from chaos.hand import holding
from chaos.injectors.l4 import L4
from chaos.injectors.l7 import Gateway
from chaos.stack.keeper import Keeper
from drills.history import History
from drills.inject import Faults, Injectors
from drills.target import Target

COUNTED = ("/chaos/", "/drills/", "/httpcore/", "/urllib3/", "/http/client.py")
HELD_S = 0.3


class Stages:
    """Counts the lines that run in each stage; at the chosen one the signal is sent."""

    def __init__(self, stage: str, line: int, signum: int) -> None:
        self.current = ""
        self.counts: Counter[str] = Counter()
        self._at, self._signum = (stage, line), signum

    def begin(self, stage: str) -> None:
        self.current = stage
        frame = sys._getframe(2)
        while frame:
            frame.f_trace = self._on_line
            frame = frame.f_back
        sys.settrace(self._on_call)

    def _on_call(self, frame, _event, _arg):
        return self._on_line if any(part in frame.f_code.co_filename for part in COUNTED) else None

    def _on_line(self, _frame, event, _arg):
        if event == "line" and self.current:
            self.counts[self.current] += 1
            if (self.current, self.counts[self.current]) == self._at:
                say({"killed": time.monotonic()})
                os.kill(os.getpid(), self._signum)
        return self._on_line

    def watch(self, owner: type, method: str, before: str, after: str = "") -> None:
        real = getattr(owner, method)

        def staged(*args, **kwargs):
            self.begin(before)
            result = real(*args, **kwargs)
            self.current = after or before
            return result

        setattr(owner, method, staged)


def say(line: dict[str, float]) -> None:
    os.write(1, json.dumps(line).encode() + b"\n")


def by_hand(kind: str, gateway: str, toxiproxy: str, proxy: str) -> None:
    tcp = ["--proxy", proxy] if kind in ("timeout", "down") else []
    where = ["--gateway", gateway, "--toxiproxy", toxiproxy]
    sys.exit(holding.main([kind, "--for", f"{HELD_S}s", *where, *tcp]))


def by_drill(kind: str, gateway: str, toxiproxy: str, proxy: str) -> None:
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.default_int_handler)  # as the plugin has it
    nowhere = dict.fromkeys(("name", "chat_url", "token", "marker_url", "marker_value"), "")
    target = Target(**nowhere, hold_s=1, gateway_admin=gateway, toxiproxy_url=toxiproxy, zep_proxy=proxy)
    hold = Toxic(proxy="zep", type="timeout")
    fault = {"status": Status(), "down": Down(proxy="zep"), "timeout": hold}[kind]
    with tempfile.TemporaryDirectory() as folder, History(Path(folder)) as history, Keeper() as keeper:
        faults = Faults(Injectors(target), keeper, history, "d", "r")
        with faults:
            faults.apply(fault)
            history.write("note", text="applied")
            time.sleep(HELD_S / 10)


def main() -> None:
    how, kind, gateway, toxiproxy, proxy, stage, line, signum = sys.argv[1:]
    stages = Stages(stage, int(line), int(signum))
    stages.watch(Keeper, "arm", "arming")
    for injector in (Gateway, L4):
        stages.watch(injector, "apply", "arming", "applied")
        stages.watch(injector, "heal", "healing")
    try:
        {"hand": by_hand, "drill": by_drill}[how](kind, gateway, toxiproxy, proxy)
    finally:
        sys.settrace(None)
        say(stages.counts)


if __name__ == "__main__":
    main()
