"""The double, pinned by the SDK that it doubles for: zep-cloud 4.x over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from zep_cloud.client import Zep
from zep_cloud.core.api_error import ApiError
from zep_cloud.types import AddMessage


@pytest.fixture
def connect(zep) -> Iterator[object]:
    clients: list[httpx.Client] = []

    def make(api_key: str = "a-key", path: str = "/api/v4") -> Zep:
        clients.append(httpx.Client(trust_env=False))
        return Zep(base_url=f"http://{zep}{path}", api_key=api_key, httpx_client=clients[-1], max_retries=0)

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect) -> Zep:
    return connect()


@pytest.fixture
def thread(client) -> str:
    user = client.user.create(user_id="ann")
    return client.thread.create(user_uuid=user.uuid_).uuid_


def say(client: Zep, thread: str, *contents: str, **options):
    messages = [AddMessage(role="user", content=content) for content in contents]
    return client.thread.add_messages(thread, messages=messages, **options)


def refused(call) -> ApiError:
    with pytest.raises(ApiError) as error:
        call()
    return error.value


def test_what_was_said_is_in_the_context(client, thread):
    assert client.thread.get_context(thread).context is None
    say(client, thread, "I live in Famagusta")
    assert "I live in Famagusta" in client.thread.get_context(thread).context


def test_a_write_brings_the_context_when_asked(client, thread):
    assert say(client, thread, "one").context is None
    assert "two" in say(client, thread, "two", return_context=True).context


def test_the_same_idempotency_key_stores_once(client, thread):
    first = say(client, thread, "once", idempotency_key="k1")
    again = say(client, thread, "once", idempotency_key="k1")
    assert first.messages[0].uuid_ == again.messages[0].uuid_
    assert [m.content for m in client.thread.list_messages(thread)] == ["once"]


def test_messages_are_listed_in_order_page_by_page(client, thread):
    said = [str(n) for n in range(7)]
    say(client, thread, *said)
    assert [m.content for m in client.thread.list_messages(thread, page_size=3)] == said


def test_users_and_threads_are_found_again(client, thread):
    found = client.thread.get(thread)
    assert client.user.lookup(user_id="ann").uuid_ == found.user_uuid
    assert refused(lambda: client.user.create(user_id="ann")).status_code == 409


def test_a_deleted_thread_is_gone(client, thread):
    client.thread.delete(thread)
    error = refused(lambda: client.thread.get_context(thread))
    assert error.status_code == 404
    assert error.headers["content-type"] == "application/json"


def test_zeps_limits(client, thread):
    assert refused(lambda: say(client, thread, "x" * 4097)).status_code == 400
    assert refused(lambda: say(client, thread, *["x"] * 31)).status_code == 400
    say(client, thread, *["x" * 4096] * 30)


def test_a_wrong_key_is_refused_with_zeps_body(connect):
    error = refused(connect("another").project.get)
    assert error.status_code == 401
    assert error.body.error.code == "unauthorized"


def test_a_dead_route_is_plain_text_as_zeps_is(connect):
    error = refused(connect(path="/api/v9").project.get)
    assert (error.status_code, error.headers["content-type"]) == (404, "text/plain")


def test_the_ledger_tells_all_and_keeps_the_key_out(zep, client, thread, connect):
    say(client, thread, "hello")
    refused(connect("another").project.get)
    ledger = httpx.get(f"http://{zep}/_double/ledger", trust_env=False).text
    entries = [json.loads(line) for line in ledger.splitlines()]
    assert [(e["method"], e["status"]) for e in entries] == [
        ("POST", 201),
        ("POST", 201),
        ("POST", 202),
        ("GET", 401),
    ]
    assert entries[2]["stored"][0]["content"] == "hello"
    assert "a-key" not in ledger
    stored = httpx.get(f"http://{zep}/_double/messages", params={"thread": thread}, trust_env=False).json()
    assert [m["content"] for m in stored] == ["hello"]
