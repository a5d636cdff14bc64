"""The double's API of the last self-hosted server: pinned by that server's own client, and over plain HTTP.

Not the server itself: neither its image nor its Go module is served here (docs/zep-versions.md).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import httpx
import pytest

with warnings.catch_warnings(action="ignore"):  # it warns of itself
    zep_python = pytest.importorskip("zep_python")  # `make` installs it, beside what its pins would replace
    from zep_python import APIError, NotFoundError, ZepClient
    from zep_python.exceptions import AuthError
    from zep_python.memory import Memory, Session
    from zep_python.message import Message
    from zep_python.user import CreateUserRequest


@pytest.fixture
def client(zep) -> Iterator[ZepClient]:
    client = ZepClient(f"http://{zep}", "a-key")
    yield client
    client.close()


@pytest.fixture
def http(zep) -> Iterator[httpx.Client]:
    headers = {"Authorization": "Bearer a-key"}
    with httpx.Client(base_url=f"http://{zep}/api/v1", headers=headers, trust_env=False) as http:
        yield http


def said(*contents: str) -> Memory:
    return Memory(messages=[Message(role="user", content=content) for content in contents])


def test_its_own_client_gets_what_it_expects(client):
    client.user.add(CreateUserRequest(user_id="ann"))
    assert client.memory.add_session(Session(session_id="s", user_id="ann")).session_id == "s"
    assert client.memory.add_memory("s", said("one", "two")) == "OK"
    assert [message.content for message in client.memory.get_memory("s").messages] == ["one", "two"]
    assert [message.content for message in client.memory.get_memory("s", lastn=1).messages] == ["two"]
    assert [session.session_id for session in client.memory.list_sessions()] == ["s"]
    client.memory.delete_memory("s")
    with pytest.raises(NotFoundError):
        client.memory.get_memory("s")


def test_messages_make_their_session(client):
    client.memory.add_memory("new", said("hi"))
    assert client.memory.get_session("new").session_id == "new"


def test_its_own_client_tells_a_refused_token_and_a_user_that_exists(zep, client):
    other = ZepClient(f"http://{zep}", "another-key")
    with pytest.raises(AuthError):
        other.memory.get_memory("s")
    other.close()
    client.user.add(CreateUserRequest(user_id="ann"))
    with pytest.raises(APIError, match="400"):
        client.user.add(CreateUserRequest(user_id="ann"))


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/sessions/nobody/memory", 404, "not found\n"),
        ("GET", "/sessions/nobody", 404, "not found\n"),
        ("GET", "/nowhere", 404, "404 page not found\n"),
        ("POST", "/sessions", 400, "sessionID cannot be empty\n"),
    ],
)
def test_errors_are_plain_text(http, method, path, status, text):
    answer = http.request(method, path, json={} if method == "POST" else None)
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers["content-type"].startswith("text/plain")
