"""The journal: one append-only NDJSON file, the only source of verdict, report and exit code."""

from __future__ import annotations

import base64
import html
import json
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TextIO
from urllib.parse import quote, quote_plus

SECRET_HEADERS = {"authorization", "cookie", "set-cookie", "proxy-authorization", "x-api-key"}
MASK = "[SECRET]"
URL_SAFE = str.maketrans("+/", "-_")
SPELT_FROM = 6
"""Characters; shorter secrets are masked as they are only: their Base64 could be part of anything."""
FILE_NAME = "journal.ndjson"

Line = dict[str, Any]


class Redactor:
    """Masks secrets by value wherever they stand and however spelt, and headers that carry them by name."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = _longest_first({text for s in secrets if s for text in _spellings(s)})

    def add(self, secret: str) -> None:
        """Mask this value too from now on."""
        if secret:
            self._secrets = _longest_first({*self._secrets, *_spellings(secret)})

    def __call__(self, value: Any) -> Any:
        """Return `value`, JSON-like, without its secrets."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            return {self._text(str(k)): MASK if _secret_header(k) else self(v) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self(item) for item in value]
        return value

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


class History:
    """Writes a run's journal line by line; usable from several threads.

    `t` is monotonic seconds since `t0` (by default the moment of opening).  A kill loses at most the line
    that is being written.
    """

    def __init__(self, folder: Path, redactor: Redactor | None = None, *, t0: float | None = None) -> None:
        self.path = folder / FILE_NAME
        self.t0 = time.monotonic() if t0 is None else t0
        self._wall0 = time.time() - self.now()
        self.redactor = redactor or Redactor()
        self._lock = threading.Lock()
        self._file: TextIO = self.path.open("a", buffering=1, encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> float:
        """Return the seconds since the run began."""
        return time.monotonic() - self.t0

    def write(self, kind: str, *, when: float | None = None, **fields: Any) -> None:
        """Append one line; `when` is the moment it tells of, in seconds of the run (default: now)."""
        moment = self.now() if when is None else when
        self.append({"t": round(moment, 4), "wall": _iso(self._wall0 + moment), "kind": kind, **fields})

    def append(self, line: Mapping[str, Any]) -> None:
        """Append a line that is complete."""
        text = json.dumps(self.redactor(line), ensure_ascii=False, separators=(",", ":"))
        with self._lock:
            if not self._file.closed:
                self._file.write(text + "\n")

    def close(self) -> None:
        """Close the file; what other threads still write is dropped."""
        with self._lock:
            self._file.close()


def lines_of(path: Path, drill: str) -> list[Line]:
    """Read the lines of one drill back; a line that was cut short is skipped."""
    found = (parsed(text) for text in path.read_text(encoding="utf-8").splitlines())
    return [line for line in found if line.get("drill") == drill]


def wall_clock() -> str:
    """Return now in UTC, ISO 8601 with milliseconds."""
    return _iso(time.time())


def _iso(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parsed(text: str) -> Line:
    """Return a line of a journal; {} when it was cut short."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _longest_first(secrets: Iterable[str]) -> list[str]:
    return sorted(secrets, key=len, reverse=True)  # one may contain another


def _spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it may stand in an address, in JSON, on a page, in a header."""
    yield secret
    if len(secret) < SPELT_FROM:
        return
    for safe in ("", "/"):
        yield from (quote(secret, safe=safe), quote_plus(secret, safe=safe))
    yield json.dumps(secret)[1:-1]
    yield from (html.escape(secret), html.escape(secret, quote=False))
    for before in range(3):
        code = base64.b64encode(b"\0" * before + secret.encode())
        own = code[-(-before * 8 // 6) : len(code) - 4 if code.endswith(b"=") else None].decode()
        yield from (own, own.translate(URL_SAFE))


def _secret_header(name: object) -> bool:
    return isinstance(name, str) and name.lower() in SECRET_HEADERS
