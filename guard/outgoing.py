"""What a write sends: nothing empty, nothing beyond Zep's limits, nothing cut off.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Message = Mapping[str, object]

MAX_CONTENT = 4096
"""Characters of a message that Zep takes (facts: the SDK's documented limit)."""
MAX_MESSAGES = 30
"""Messages of a call that Zep takes."""


def worth_sending(messages: Sequence[Message]) -> list[Message]:
    """Drop messages without text."""
    return [message for message in messages if str(message.get("content") or "").strip()]


def batches(messages: Sequence[Message]) -> list[list[Message]]:
    """Return what to send, call by call: long messages split, long lists chunked, order kept."""
    parts = [part for message in messages for part in _parts(message)]
    return [parts[i : i + MAX_MESSAGES] for i in range(0, len(parts), MAX_MESSAGES)]


def _parts(message: Message) -> Iterator[Message]:
    content = str(message["content"])
    if len(content) <= MAX_CONTENT:
        yield message
        return
    for piece in split(content):
        yield {**message, "content": piece}


def split(text: str) -> list[str]:
    """Cut at the last white space that fits, or in the middle of a word that alone is too long.

    The pieces put together are the text.
    """
    pieces = []
    while len(text) > MAX_CONTENT:
        at = max(text.rfind(space, 0, MAX_CONTENT) for space in " \n\t") + 1
        at = at or MAX_CONTENT
        pieces.append(text[:at])
        text = text[at:]
    return [*pieces, text]
