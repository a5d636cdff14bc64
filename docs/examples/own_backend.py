"""Another memory behind the guard: SQLite.  Any class with these names will do (guard/ports.py, Memory)."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

from guard import Kind, MemoryFailure
from guard.ports import Message, Reading


class SqliteMemory:
    """Keeps messages in a file; a thread's context is its last six messages."""

    idempotent = True  # the same key is stored once: see the primary key

    def __init__(self, path: str) -> None:
        self._path = path
        with closing(self._open(5000)) as db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS said"
                " (key TEXT, n INT, thread TEXT, content TEXT, PRIMARY KEY (key, n))"
            )

    def read(self, thread_id: str, *, timeout_ms: float) -> Reading:
        try:
            with closing(self._open(timeout_ms)) as db:
                query = "SELECT content FROM said WHERE thread = ? ORDER BY rowid DESC LIMIT 6"
                lines = [f"- {content}" for (content,) in db.execute(query, (thread_id,))]
        except sqlite3.Error as error:
            raise _failure(error) from None
        return Reading("\n".join(reversed(lines)) or None)

    def write(
        self,
        thread_id: str,
        messages: Sequence[Message],
        *,
        timeout_ms: float,
        user_id: str | None,
        idempotency_key: str,
        return_context: bool,
    ) -> str | None:
        rows = [(idempotency_key, n, thread_id, message["content"]) for n, message in enumerate(messages)]
        try:
            with closing(self._open(timeout_ms)) as db, db:
                db.executemany("INSERT OR IGNORE INTO said VALUES (?, ?, ?, ?)", rows)
        except sqlite3.Error as error:
            raise _failure(error) from None
        return self.read(thread_id, timeout_ms=timeout_ms).text if return_context else None

    def probe(self, thread_id: str, *, timeout_ms: float, connect_ms: float) -> None:
        self.read(thread_id, timeout_ms=timeout_ms)

    def close(self) -> None:
        """Nothing stays open."""

    def _open(self, timeout_ms: float) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=timeout_ms / 1000)


def _failure(error: sqlite3.Error) -> MemoryFailure:
    """Only the kind: the text of an error may quote what somebody said."""
    locked = "locked" in str(error)
    return MemoryFailure(Kind.TIMEOUT if locked else Kind.SERVER)
