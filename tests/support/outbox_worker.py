"""One worker of the outbox's soak: writes turn after turn, thread by thread, and notes what was acknowledged.

python outbox_worker.py ACKS SLOT THREADS TURNS PAUSE_S: settings from the environment.  Killed and
started anew it goes on behind what its file says; what was not acknowledged is repeated, under the same id.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

from guard import MemoryGuard, Settings, build

AGAIN_S = 0.05


def main(acks: str, slot: str, threads: str, turns: str, pause_s: str) -> None:
    logging.getLogger("guard").setLevel(logging.CRITICAL)
    file = Path(acks)
    done = set(file.read_text().split("\n")) if file.exists() else set()
    with build(Settings.from_env(os.environ)) as guard, file.open("a", buffering=1) as out:
        print("writing", flush=True)  # noqa: T201 - for the soak that started this
        for turn in range(int(turns)):
            for n in range(int(threads)):
                thread = f"thread-{slot}-{n}"
                if f"{thread} {turn}" not in done:
                    acknowledged(guard, thread, turn)
                    out.write(f"{thread} {turn}\n")
                    time.sleep(float(pause_s))
        print("written", flush=True)  # noqa: T201
        sys.stdin.read()  # stays, for its background worker


def acknowledged(guard: MemoryGuard, thread: str, turn: int) -> None:
    said = [{"role": "user", "content": f"{turn} of ann@example.com"}]
    while not guard.add_messages(thread, said, client_msg_id=f"{thread} {turn}").acknowledged:
        time.sleep(AGAIN_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
