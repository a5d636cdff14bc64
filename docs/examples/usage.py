"""How an application uses the guard: this file is type-checked under mypy --strict."""

from __future__ import annotations

import os
from collections.abc import Callable

from guard import Answer, AsyncMemoryGuard, MemoryGuard, Settings, build, build_async


def make_guard() -> MemoryGuard:
    """One for each process, at start."""
    return build(Settings.from_env(os.environ))


def chat_turn(guard: MemoryGuard, thread_id: str, text: str, answer: Callable[[str, str], str]) -> str:
    """Read memory, answer, remember."""
    context = guard.fetch_context(thread_id, recent=lambda: last_messages(thread_id))
    known = context.text or "\n".join(str(message["content"]) for message in context.recent)
    if context.answer is Answer.UNAVAILABLE:
        known = f"(long-term memory is unavailable: {context.trace['reason']})\n{known}"
    reply = answer(known, text)
    said = [{"role": "user", "content": text}, {"role": "assistant", "content": reply}]
    guard.add_messages(thread_id, said, client_msg_id=message_id(), context=context)
    return reply


async def async_turn(thread_id: str, text: str) -> str | None:
    """The same, awaited."""
    guard: AsyncMemoryGuard = build_async(Settings.from_env(os.environ))
    async with guard:
        context = await guard.fetch_context(thread_id)
        await guard.add_messages(thread_id, [{"role": "user", "content": text}], context=context)
        return context.text


def last_messages(_thread_id: str) -> list[dict[str, object]]:
    """Your database has these."""
    return []


def message_id() -> str:
    """Yours too."""
    return os.urandom(8).hex()
