"""zep-cloud 4.x: threads and users go by UUIDs of Zep's making, writes by idempotency keys."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from guard.errors import Kind, MemoryFailure
from guard.ports import Directory, Message, Reading
from guard.zep.flow import Ask, Flow, LookUp, missing

CONFLICT = 409


class V4:
    """Implements `Dialect`."""

    API_PATH = "/api/v4"
    CLOUD_URL = "https://api.getzep.com/api/v4"
    idempotent = True

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    @staticmethod
    def client(*, base_url: str, api_key: str, http: Any, asynchronous: bool) -> Any:
        """Return the SDK's client; by default it retries, and sleeps out a Retry-After of 60 s (measured)."""
        from zep_cloud.client import AsyncZep, Zep  # noqa: PLC0415 - 0.4 s, and this file is read on v3 too

        kind: Any = AsyncZep if asynchronous else Zep
        return kind(base_url=base_url, api_key=api_key, httpx_client=http, max_retries=0)

    def read(self, thread_id: str) -> Flow[Reading]:
        """Ask for a thread's context; one that nobody has written to has none, without asking Zep."""
        uuid = yield self._look_up("thread", thread_id)
        if uuid is None:
            return Reading(None, asked=False)
        try:
            answer = yield Ask(lambda zep: zep.thread.get_context(uuid))
        except MemoryFailure as failure:
            yield from self._forget(thread_id, failure)
            raise
        return Reading(answer.context)

    def write(
        self, thread_id: str, messages: list[Message], user_id: str, key: str, *, return_context: bool
    ) -> Flow[str | None]:
        """Store messages; the key makes a repetition store once."""
        uuid = yield from self._thread(thread_id, user_id)
        try:
            answer = yield Ask(
                lambda zep: zep.thread.add_messages(
                    uuid,
                    messages=[_message(message) for message in messages],
                    return_context=return_context,
                    idempotency_key=_header(key),
                )
            )
        except MemoryFailure as failure:
            yield from self._forget(thread_id, failure)
            raise
        context: str | None = answer.context
        return context

    def probe(self, thread_id: str, options: Any) -> Flow[None]:
        """Read the thread that failed last, else the project: both need key and storage.

        A project that answers says less: a worker that has just started asks Redis patiently for the thread.
        """
        try:
            uuid = yield LookUp(lambda: self._directory.get("thread", thread_id, patient=True))
        except MemoryFailure:
            uuid = None
        if uuid:
            yield Ask(lambda zep: zep.thread.get_context(uuid, request_options=options))
        else:
            yield Ask(lambda zep: zep.project.get(request_options=options))

    def _look_up(self, kind: str, name: str) -> LookUp:
        return LookUp(lambda: self._directory.get(kind, name))

    def _claim(self, kind: str, name: str, made: Any) -> LookUp:
        if not made.uuid_:
            raise MemoryFailure(Kind.BAD_RESPONSE)
        return LookUp(lambda: self._directory.claim(kind, name, str(made.uuid_)))

    def _forget(self, thread_id: str, failure: MemoryFailure) -> Flow[None]:
        if missing(failure):
            yield LookUp(lambda: self._directory.forget("thread", thread_id))

    def _thread(self, thread_id: str, user_id: str) -> Flow[str]:
        known = yield from self._known("thread", thread_id)
        if known:
            return known
        user = (yield from self._known("user", user_id)) or (yield from self._create_user(user_id))
        # The key makes workers that race for a new thread get the same one.
        key = _header(f"thread:{user}:{thread_id}")
        made = yield Ask(lambda zep: zep.thread.create(user_uuid=user, idempotency_key=key))
        uuid: str = yield self._claim("thread", thread_id, made)
        return uuid

    def _known(self, kind: str, name: str) -> Flow[str | None]:
        """Without Redis a write goes on: creating anew under the same key gives the same UUID."""
        try:
            uuid: str | None = yield self._look_up(kind, name)
        except MemoryFailure:
            return None
        return uuid

    def _create_user(self, user_id: str) -> Flow[str]:
        try:
            made = yield Ask(
                lambda zep: zep.user.create(user_id=user_id, idempotency_key=_header(f"user:{user_id}"))
            )
        except MemoryFailure as failure:
            if failure.status_code != CONFLICT:  # Zep knows the user, our directory forgot it
                raise
            made = yield Ask(lambda zep: zep.user.lookup(user_id=user_id))
        uuid: str = yield self._claim("user", user_id, made)
        return uuid


def _header(key: str) -> str:
    """Return a key that may stand in a header: ids may hold anything, headers only ASCII."""
    return quote(key, safe=":")


def _message(message: Message) -> Any:
    from zep_cloud.types import AddMessage  # noqa: PLC0415 - v4 only

    return AddMessage(**{key: value for key, value in message.items() if value is not None})  # type: ignore[arg-type]
