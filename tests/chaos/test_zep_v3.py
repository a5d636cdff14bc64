"""The double's v3 API: over plain HTTP, and pinned by zep-cloud 3.x where that is installed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from sdk import SDK

NAMES = ["t1", "a b", "../users/u1", "ö"]


@pytest.fixture
def http(zep) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Api-Key a-key"}
    with httpx.Client(base_url=f"http://{zep}/api/v2", headers=headers, trust_env=False) as client:
        client.post("/users", json={"user_id": "ann"})
        client.post("/threads", json={"thread_id": "t1", "user_id": "ann"})
        yield client


def say(http: httpx.Client, *contents: str, **options) -> httpx.Response:
    messages = [{"role": "user", "content": content} for content in contents]
    return http.post("/threads/t1/messages", json={"messages": messages, **options})


def test_what_was_said_is_in_the_context_and_in_the_list(http):
    assert http.get("/threads/t1/context").json() == {"context": None}
    assert say(http, "one", "two").json().keys() == {"message_uuids"}
    assert "two" in http.get("/threads/t1/context").json()["context"]
    listed = http.get("/threads/t1/messages", params={"lastn": 1}).json()
    assert [message["content"] for message in listed["messages"]] == ["two"]
    assert listed["total_count"] == 2
    assert "three" in say(http, "three", return_context=True).json()["context"]


def test_the_same_write_twice_is_stored_twice(http):
    for _ in range(2):
        http.post(
            "/threads/t1/messages",
            json={"messages": [{"role": "user", "content": "again"}]},
            headers={"Idempotency-Key": "k"},
        )
    assert http.get("/threads/t1/messages").json()["total_count"] == 2


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/threads/nobody/context", None, 404),
        ("POST", "/threads", {"thread_id": "t2", "user_id": "nobody"}, 404),
        ("POST", "/threads", {"thread_id": "t1", "user_id": "ann"}, 400),
        ("POST", "/users", {"user_id": "ann"}, 400),
        ("POST", "/threads/t1/messages", {"messages": [{"role": "user", "content": "x" * 4097}]}, 400),
        ("POST", "/threads/t1/messages", {"messages": [{"role": "user", "content": "x"}] * 31}, 400),
        ("POST", "/threads/t1/messages", ["no object"], 400),
    ],
)
def test_what_zep_refuses_is_refused_with_its_body(http, method, path, body, status):
    answer = http.request(method, path, json=body)
    assert (answer.status_code, list(answer.json())) == (status, ["message"])


def test_a_wrong_key_and_a_dead_route(http):
    assert http.get("/projects/info", headers={"Authorization": "Api-Key other"}).status_code == 401
    dead = http.get("/nowhere")
    assert (dead.status_code, dead.headers["content-type"]) == (404, "text/plain")


def test_a_deleted_thread_is_gone_and_its_name_free(http):
    assert http.delete("/threads/t1").status_code == 200
    assert http.get("/threads/t1/context").status_code == 404
    assert http.post("/threads", json={"thread_id": "t1", "user_id": "ann"}).status_code == 201


def test_the_ledger_and_the_messages_are_those_of_v4(http, zep):
    say(http, "hi")
    entries = [json.loads(line) for line in httpx.get(f"http://{zep}/_double/ledger").text.splitlines()]
    assert [m["content"] for entry in entries for m in entry.get("stored", [])] == ["hi"]
    (message,) = httpx.get(f"http://{zep}/_double/messages", params={"thread": "t1"}).json()
    assert message["content"] == "hi"


@pytest.mark.skipif(SDK != "V3", reason=f"zep-cloud is {SDK} here")
@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_gets_what_it_expects(zep, name):
    from urllib.parse import quote

    from zep_cloud.client import Zep
    from zep_cloud.types import Message

    with httpx.Client(trust_env=False) as http:
        client = Zep(base_url=f"http://{zep}/api/v2", api_key="a-key", httpx_client=http)
        assert client.project.get().project.name == "double"
        assert client.user.add(user_id=f"user of {name}").user_id == f"user of {name}"
        assert client.thread.create(thread_id=name, user_id=f"user of {name}").thread_id == name
        path = quote(name, safe="")
        said = [Message(role="user", content="I live in Kars")]
        added = client.thread.add_messages(path, messages=said, return_context=True)
        assert (len(added.message_uuids), "Kars" in added.context) == (1, True)
        assert "Kars" in client.thread.get_user_context(path).context
        assert client.thread.get(path).messages[0].content == "I live in Kars"
        assert client.graph.search(query="Kars", user_id=f"user of {name}").edges == []
        client.thread.delete(path)
