"""What the double remembers: users, threads, messages.  Pure: ids and time are passed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

MAX_MESSAGES = 30
MAX_CONTENT = 4096
"""Zep's limits: messages a call, characters a message."""
RECENT = 6
"""Messages that make up a context (our choice; the real one is a graph's summary)."""


class ZepError(Exception):
    """Zep says no: a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Thread:
    """One thread and its messages."""

    about: dict[str, Any]
    messages: list[dict[str, Any]] = field(default_factory=list)


class Store:
    """All of one double's data, in memory."""

    def __init__(self, new_uuid: Callable[[], str], timestamp: Callable[[], str]) -> None:
        self._new_uuid = new_uuid
        self._timestamp = timestamp
        self._users: dict[str, dict[str, Any]] = {}
        self._uuids: dict[str, str] = {}
        self._threads: dict[str, Thread] = {}
        self._thread_uuids: dict[str, str] = {}
        self._done: dict[str, Any] = {}

    def once(self, key: str, action: Callable[[], Any]) -> Any:
        """Run `action`, or return what it returned before under the same idempotency key."""
        if not key:
            return action()
        if key not in self._done:
            self._done[key] = action()
        return self._done[key]

    def create_user(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Add a user; 409 when the `user_id` is taken."""
        user_id = str(fields.get("user_id") or "")
        if user_id in self._uuids:
            raise ZepError(409, "user already exists")
        user = {**fields, **self._stamp()}
        self._users[user["uuid"]] = user
        if user_id:
            self._uuids[user_id] = user["uuid"]
        return user

    def user(self, uuid: str) -> dict[str, Any]:
        """Return a user by UUID."""
        return _found(self._users.get(uuid), "user")

    def user_by_id(self, user_id: str) -> dict[str, Any]:
        """Return a user by the developer's id."""
        return self.user(self._uuids.get(user_id, ""))

    def create_thread(self, user_uuid: str, thread_id: str = "") -> dict[str, Any]:
        """Add a thread of a user; 409 when the `thread_id` (v3's own names) is taken."""
        self.user(user_uuid)
        if thread_id in self._thread_uuids:
            raise ZepError(409, "thread already exists")
        about = {"user_uuid": user_uuid, **self._stamp()}
        if thread_id:
            about["thread_id"] = thread_id
            self._thread_uuids[thread_id] = about["uuid"]
        self._threads[about["uuid"]] = Thread(about)
        return about

    def threads(self) -> list[dict[str, Any]]:
        """Return what is known about each thread, oldest first."""
        return [thread.about for thread in self._threads.values()]

    def thread(self, uuid: str) -> Thread:
        """Return a thread by UUID."""
        return _found(self._threads.get(uuid), "thread")

    def thread_uuid(self, thread_id: str) -> str:
        """Return the UUID of a thread by the developer's id."""
        return _found(self._thread_uuids.get(thread_id), "thread")

    def thread_by_any_name(self, name: str) -> Thread:
        """Return a thread by UUID or by the developer's id."""
        return self.thread(self._thread_uuids.get(name, name))

    def messages(self) -> list[dict[str, Any]]:
        """Return all that was stored, thread by thread."""
        return [message for thread in self._threads.values() for message in thread.messages]

    def delete_thread(self, uuid: str) -> None:
        """Remove a thread and its messages."""
        self._thread_uuids.pop(self.thread(uuid).about.get("thread_id", ""), None)
        del self._threads[uuid]

    def add_messages(self, uuid: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Store messages within Zep's limits; 400 beyond them."""
        thread = self.thread(uuid)
        if not 0 < len(messages) <= MAX_MESSAGES:
            raise ZepError(400, f"messages must number from 1 to {MAX_MESSAGES}")
        for message in messages:
            _check(message)
        stored = [
            {**message, **self._stamp(), "thread_uuid": uuid, "processed": True} for message in messages
        ]
        thread.messages += stored
        return stored

    def context(self, uuid: str) -> str | None:
        """Return a context block made of the thread's latest messages; None for an empty thread."""
        recent = self.thread(uuid).messages[-RECENT:]
        if not recent:
            return None
        lines = [f"- {message.get('role', 'user')}: {message['content']}" for message in recent]
        return "\n".join(["# Recent messages of this thread", *lines])

    def _stamp(self) -> dict[str, str]:
        return {"uuid": self._new_uuid(), "created_at": self._timestamp()}


def _check(message: dict[str, Any]) -> None:
    content = message.get("content")
    if not isinstance(content, str) or not content:
        raise ZepError(400, "a message has no content")
    if len(content) > MAX_CONTENT:
        raise ZepError(400, f"a message is longer than {MAX_CONTENT} characters")


def _found(value: T | None, what: str) -> T:
    if value is None:
        raise ZepError(404, f"{what} not found")
    return value
