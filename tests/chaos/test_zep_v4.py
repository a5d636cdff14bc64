"""The double's v4 API, pinned by the SDK that it doubles for: zep-cloud 4.x over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from sdk import SDK
from zep_cloud.client import Zep
from zep_cloud.core.api_error import ApiError

if SDK != "V4":
    pytest.skip("of zep-cloud 4.x", allow_module_level=True)

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


@pytest.mark.parametrize("content", [None, ""])
def test_a_message_without_content_is_refused(client, thread, content):
    assert refused(lambda: say(client, thread, content)).status_code == 400


def test_a_refused_write_stores_nothing_and_may_be_repeated(client, thread):
    refused(lambda: say(client, thread, "fine", "x" * 4097, idempotency_key="k"))
    say(client, thread, "fine", idempotency_key="k")
    assert [m.content for m in client.thread.list_messages(thread)] == ["fine"]


def test_the_same_user_with_the_same_key_is_the_same_user(client):
    made = [client.user.create(user_id="bob", idempotency_key="k").uuid_ for _ in range(2)]
    assert made[0] == made[1]
    assert client.user.get(made[0]).user_id == "bob"


def test_what_does_not_exist_is_not_found(client, thread):
    unknown = "00000000-0000-4000-8000-000000000000"
    for call in (
        lambda: client.user.get(unknown),
        lambda: client.user.lookup(user_id="nobody"),
        lambda: client.thread.create(user_uuid=unknown),
        lambda: client.thread.get(unknown),
        lambda: client.thread.lookup(thread_id="mine"),
        lambda: client.thread.delete(unknown),
        lambda: client.thread.list_messages(unknown),
        lambda: say(client, unknown, "hello"),
    ):
        assert refused(call).status_code == 404


def test_every_answer_tells_the_rate_limit(zep, client):
    for path in ("/api/v4/project", "/api/v4/nothing"):
        answer = httpx.get(f"http://{zep}{path}", trust_env=False)  # without a key
        assert answer.status_code == 401
        assert answer.headers["x-ratelimit-remaining"]
    refused_context = refused(lambda: client.thread.get_context("no-such-thread"))
    assert "x-ratelimit-limit" in {name.lower() for name in refused_context.headers}


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": "hello"}', b'{"messages": ["hello"]}'])
def test_a_body_that_makes_no_sense_is_a_400(zep, thread, body):
    url = f"http://{zep}/api/v4/threads/{thread}/messages"
    answer = httpx.post(url, content=body, headers={"Authorization": "Api-Key a-key"}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


def test_the_ledger_file_has_what_the_ledger_has_and_no_key(launch, tmp_path):
    file = tmp_path / "ledger.ndjson"
    address = launch("zep", "--listen", "127.0.0.1:0", "--ledger", str(file), ZEP_API_KEY="a-key")["listen"]
    with httpx.Client(base_url=f"http://{address}", trust_env=False) as http:
        http.get("/api/v4/project", headers={"Authorization": "Api-Key a-key"})
        http.get("/api/v4/project?key=a-key", headers={"Authorization": "Api-Key another"})
        assert http.get("/_double/ledger").text == file.read_text()
        assert http.get("/_double/nothing").status_code == 404
    assert [json.loads(line)["status"] for line in file.read_text().splitlines()] == [200, 401]
    assert "key" not in file.read_text()
