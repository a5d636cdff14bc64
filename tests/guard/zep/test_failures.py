"""For each way Zep can fail, what the guard makes of what the real SDK raises: one request, one kind."""

from __future__ import annotations

import pytest
from raw_zep import answer, hang, reset, send

from guard.directory import LocalDirectory
from guard.errors import Kind, MemoryFailure, SettingsError
from guard.zep.memory import ZepMemory

V4_ERROR = {"error": {"code": "some_code", "message": "some message"}}
HTML = "<html>bad gateway</html>"

TABLE = [
    ("401 JSON", answer(401, V4_ERROR), Kind.AUTH, 401),
    ("401 text", answer(401, "no", "text/plain"), Kind.AUTH, 401),
    ("401 empty", answer(401, ""), Kind.AUTH, 401),
    ("403", answer(403, V4_ERROR), Kind.AUTH, 403),
    ("400", answer(400, V4_ERROR), Kind.CLIENT, 400),
    ("404 JSON", answer(404, V4_ERROR), Kind.CLIENT, 404),
    ("404 text: a dead route", answer(404, "404 page not found", "text/plain"), Kind.BAD_RESPONSE, 404),
    ("408", answer(408, V4_ERROR), Kind.TIMEOUT, 408),
    ("409", answer(409, V4_ERROR), Kind.CLIENT, 409),
    ("422", answer(422, V4_ERROR), Kind.CLIENT, 422),
    ("429", answer(429, V4_ERROR, headers="Retry-After: 60\r\n"), Kind.RATE_LIMITED, 429),
    ("500 JSON", answer(500, V4_ERROR), Kind.SERVER, 500),
    ("500 with an array", answer(500, [1]), Kind.SERVER, 500),
    ("502 HTML", answer(502, HTML, "text/html"), Kind.SERVER, 502),
    ("503", answer(503, V4_ERROR), Kind.SERVER, 503),
    ("504", answer(504, ""), Kind.SERVER, 504),
    ("hang", hang, Kind.TIMEOUT, None),
    ("RST after the request", reset, Kind.SERVER, None),
    ("clean close", send(b""), Kind.SERVER, None),
    ("truncated body", send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), Kind.SERVER, None),
    ("not HTTP", send(b"SSH-2.0-OpenSSH_9.2\r\n"), Kind.SERVER, None),
    ("200 HTML", answer(200, HTML, "text/html"), Kind.BAD_RESPONSE, 200),
    ("200 empty", answer(200, ""), Kind.BAD_RESPONSE, 200),
    ("200 array", answer(200, [1]), Kind.BAD_RESPONSE, 200),
    ("200 wrong shape", answer(200, {"context": {"a": 1}}), Kind.BAD_RESPONSE, 200),
    ("302", answer(302, "", headers="Location: ftp://nowhere\r\n"), Kind.BAD_RESPONSE, 302),
]


@pytest.mark.parametrize(
    ("script", "kind", "status"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_a_failure_is_one_request_and_one_kind(raw_zep, memory, script, kind, status):
    raw_zep.script = script
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert (failure.value.kind, failure.value.status_code) == (kind, status)
    assert len(raw_zep.requests) == 1


def test_retry_after_is_told_and_never_slept(raw_zep, memory):
    raw_zep.script = answer(429, V4_ERROR, headers="Retry-After: 60\r\n")
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert failure.value.retry_after_s == 60


def test_an_empty_object_is_an_empty_memory(raw_zep, memory):
    raw_zep.script = answer(200, {})
    assert memory.read("t", timeout_ms=250).text is None


def test_a_refused_connection_is_a_server_failure(unused_port):
    memory = ZepMemory(f"http://127.0.0.1:{unused_port}/api/v4", "a-key", _directory())
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert failure.value.kind is Kind.SERVER
    memory.close()


def test_nothing_of_the_answer_or_the_key_is_in_the_failure(raw_zep, memory):
    raw_zep.script = answer(401, {"error": {"code": "x", "message": "key a-key of ann@example.com"}})
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    shown = f"{failure.value!r} {failure.value} {failure.value.__cause__}"
    assert "a-key" not in shown
    assert "example" not in shown


@pytest.mark.parametrize("key", ["", " ", "a\n", "schlüssel"])
def test_an_unusable_key_is_refused_by_name_before_anything_is_sent(key):
    with pytest.raises(SettingsError, match="ZEP_API_KEY"):
        ZepMemory("http://127.0.0.1:1/api/v4", key, LocalDirectory())


def test_a_thread_that_zep_forgot_is_forgotten_here_too(raw_zep):
    directory = _directory()
    memory = ZepMemory(raw_zep.url, "a-key", directory)
    raw_zep.script = answer(404, V4_ERROR)
    with pytest.raises(MemoryFailure):
        memory.read("t", timeout_ms=250)
    assert directory.get("thread", "t") is None
    memory.close()


def _directory() -> LocalDirectory:
    directory = LocalDirectory()
    directory.claim("thread", "t", "0192-uuid")
    return directory
