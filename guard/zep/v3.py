"""zep-cloud 3.x: threads and users go by our own ids, and a write that is repeated is stored twice."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from guard.errors import Kind, MemoryFailure
from guard.ports import Directory, Message, Reading
from guard.zep.flow import Ask, Flow, missing


class V3:
    """Implements `Dialect`."""

    API_PATH = "/api/v2"
    CLOUD_URL = "https://api.getzep.com/api/v2"
    idempotent = False

    def __init__(self, directory: Directory) -> None:
        """Our ids are Zep's: nothing to look up."""

    @staticmethod
    def client(*, base_url: str, api_key: str, http: Any, asynchronous: bool) -> Any:
        """Return the SDK's client by its base class: `Zep` lets ZEP_API_URL override a given base_url."""
        from zep_cloud.base_client import (  # noqa: PLC0415 - 0.4 s, and this file is read on v4 too
            AsyncBaseClient,
            BaseClient,
        )

        kind: Any = AsyncBaseClient if asynchronous else BaseClient
        return kind(base_url=base_url, api_key=api_key, httpx_client=http)

    def read(self, thread_id: str) -> Flow[Reading]:
        """Ask for a thread's context; a thread that Zep does not know is a new one."""
        name = _escaped(thread_id)
        try:
            answer = yield Ask(lambda zep: zep.thread.get_user_context(name))
        except MemoryFailure as failure:
            if missing(failure):
                return Reading(None)
            raise
        return Reading(answer.context)

    def write(
        self,
        thread_id: str,
        messages: list[Message],
        user_id: str,
        key: str,  # noqa: ARG002 - v3 has no idempotency keys
        *,
        return_context: bool,
    ) -> Flow[str | None]:
        """Store messages; a repetition stores them again."""
        add = _add(thread_id, messages, return_context=return_context)
        try:
            answer = yield add
        except MemoryFailure as failure:
            if not missing(failure):
                raise
            yield from self._create(thread_id, user_id)
            answer = yield add
        context: str | None = answer.context
        return context

    def probe(self, thread_id: str, options: Any) -> Flow[None]:
        """Read the thread that failed last, else the project: both need key and storage."""
        if thread_id:
            name = _escaped(thread_id)
            yield Ask(lambda zep: zep.thread.get_user_context(name, request_options=options))
        else:
            yield Ask(lambda zep: zep.project.get(request_options=options))

    def _create(self, thread_id: str, user_id: str) -> Flow[None]:
        """Make user and thread; that another worker was faster at either, Zep tells as a wrong request."""
        for make in (
            Ask(lambda zep: zep.user.add(user_id=user_id)),
            Ask(lambda zep: zep.thread.create(thread_id=thread_id, user_id=user_id)),
        ):
            try:
                yield make
            except MemoryFailure as failure:
                if failure.kind is not Kind.CLIENT or missing(failure):
                    raise


def _add(thread_id: str, messages: list[Message], *, return_context: bool) -> Ask:
    name = _escaped(thread_id)
    return Ask(
        lambda zep: zep.thread.add_messages(
            name, messages=[_message(message) for message in messages], return_context=return_context
        )
    )


def _message(message: Message) -> Any:
    from zep_cloud.types import Message as ZepMessage  # noqa: PLC0415 - v3's own shape

    return ZepMessage(**{key: value for key, value in message.items() if value is not None})  # type: ignore[arg-type]


def _escaped(thread_id: str) -> str:
    """Return an id that stays in its path: the SDK escapes nothing (facts: `../users/u1` gets out)."""
    if thread_id in ("", ".", ".."):
        raise MemoryFailure(Kind.CLIENT)
    return quote(thread_id, safe="")
