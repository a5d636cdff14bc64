"""A wall clock that can be shifted while a process runs: libfaketime, where it is installed."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping
from pathlib import Path

LIBRARIES = ("usr/lib/*/faketime/libfaketime.so.1", "usr/lib/faketime/libfaketime.so.1")
OFFSET_FILE = "FAKETIME_TIMESTAMP_FILE"
STRAIGHT = "+0\n"


def environment(folder: Path) -> dict[str, str]:
    """Return what a process needs so that its clock follows a file in `folder`; nothing without the library.

    It looks at the file at every call, which takes CPU.  The monotonic clock stays as it is.
    """
    library = _library()
    if library is None:
        return {}
    folder.mkdir()
    (folder / "all").write_text(STRAIGHT)
    return {
        "LD_PRELOAD": library,
        OFFSET_FILE: str(folder / "all"),
        "FAKETIME_NO_CACHE": "1",  # a cache of 1 s is looked at after up to 2 s
        "DONT_FAKE_MONOTONIC": "1",
    }


def available() -> bool:
    """Tell whether the library is installed."""
    return _library() is not None


def _library() -> str | None:
    return next((str(found) for pattern in LIBRARIES for found in Path("/").glob(pattern)), None)


def folder_of(environ: Mapping[str, str]) -> Path | None:
    """Return where the clocks of a process with this environment are; None without any."""
    return Path(environ[OFFSET_FILE]).parent if OFFSET_FILE in environ else None


def mend_sleep() -> None:
    """Sleep by select: libfaketime 0.9.10 says EINVAL to the absolute times of Python 3.11's time.sleep."""
    if OFFSET_FILE in os.environ:
        time.sleep = _sleep  # type: ignore[assignment]  # a number is all we are given


def own_file() -> None:
    """Give this process, forked a moment ago, a file of its own, named by its pid."""
    if shared := os.environ.get(OFFSET_FILE):
        own = Path(shared).with_name(str(os.getpid()))
        own.write_text(STRAIGHT)
        os.environ[OFFSET_FILE] = str(own)


def _sleep(seconds: float) -> None:
    select.select([], [], [], seconds)
