"""One request on its way through the gateway."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from chaos.gateway.log import Entry
from chaos.gateway.rules import Decision
from chaos.gateway.shaping import Shaper
from chaos.gateway.upstream import Upstream

REPLAY_BYTES = 64 * 2**10
"""A request up to this size may be sent twice, and may wait here for its connection."""
REPEATABLE = frozenset(("GET", "HEAD", "PUT", "DELETE", "OPTIONS"))
"""Idempotent methods (RFC 9110, 9.2.2); a write may have been stored before the connection died."""

HOP_BY_HOP = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"expect"))

Headers = list[tuple[bytes, bytes]]
"""As they came: names in the client's spelling."""


def head(
    method: str, target: bytes, headers: Headers, host: bytes | None
) -> tuple[bytes, dict[bytes, bytes]]:
    """Return the head of a request as upstream is told it, and its fields by lower-case name.

    `host` replaces the client's.  One walk over the headers: every request pays for it.
    """
    lines, fields = [method.encode("latin1") + b" " + target + b" HTTP/1.1"], {}
    for name, value in headers:
        lower = name.lower()
        fields[lower] = value
        if lower not in HOP_BY_HOP and (host is None or lower != b"host"):
            lines.append(name + b": " + value)
    if host is not None:
        lines.append(b"Host: " + host)
    return b"\r\n".join(lines) + b"\r\n\r\n", fields


@dataclass(eq=False, slots=True)
class Exchange:
    """One request and what has become of it."""

    method: str
    entry: Entry
    decision: Decision
    keep_alive: bool
    chunked: bool
    waits_for_continue: bool
    raw: bytearray
    """What upstream has to be told; bytes already sent stay here while a replay is possible."""
    complete: bool = False
    held: bool = False
    """A fault has swallowed it: there will be no answer."""
    over: bool = False
    sent_bytes: int = 0
    asked_at: float = 0.0
    upstream: Upstream | None = None
    starting: asyncio.Task[None] | None = None
    shaper: Shaper | None = None
    """What spoils the answer on its way."""

    def begin(self, upstream: Upstream, now: float) -> None:
        """Send what is here."""
        self.upstream, self.asked_at = upstream, now
        self.sent_bytes = len(self.raw)
        upstream.transport.write(bytes(self.raw))

    def pass_on(self, data: bytes) -> None:
        """Send more, or keep it until there is a connection."""
        if self.upstream is None or self.sent_bytes + len(data) <= REPLAY_BYTES:
            self.raw += data
        if self.upstream:
            self.sent_bytes += len(data)
            self.upstream.transport.write(data)

    @property
    def crowded(self) -> bool:
        """Whether more than a request's worth waits for a connection."""
        return self.upstream is None and not self.over and len(self.raw) > REPLAY_BYTES

    def may_repeat(self, dead: Upstream) -> bool:
        """Tell whether to ask again after a kept-open connection died without a word."""
        whole = self.complete and self.sent_bytes <= REPLAY_BYTES
        return dead.used and whole and self.method in REPEATABLE

    def forget(self) -> None:
        """Free everything: nobody waits for the answer any more."""
        self.over = True
        if self.starting:
            self.starting.cancel()
        if self.shaper:
            self.shaper.cancel()
        if self.upstream:
            self.upstream.abandon()
