"""Gunicorn's settings: a real server with real worker processes, on a port of the kernel's choice."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from prometheus_client import multiprocess

from chaos.stack import clock

bind = os.environ.get("ASSISTANT_BIND", "127.0.0.1:0")
workers = int(os.environ.get("ASSISTANT_WORKERS", "2"))
worker_class = "gthread"
threads = 8
keepalive = 0  # each request is accepted anew, so that both workers get some
graceful_timeout = 1
control_socket_disable = True
clock.mend_sleep()


def when_ready(server: Any) -> None:
    """Print the one ready line that the stack's processes print."""
    host, port = server.LISTENERS[0].sock.getsockname()
    sys.stdout.write(json.dumps({"ready": "assistant", "listen": f"{host}:{port}"}) + "\n")
    sys.stdout.flush()


def post_fork(_server: Any, _worker: Any) -> None:
    """Let a drill shift the clock of one worker."""
    clock.own_file()


def child_exit(_server: Any, worker: Any) -> None:
    """Let prometheus forget the gauges of a worker that has ended."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
