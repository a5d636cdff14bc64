"""For each way Zep can fail, what the guard makes of what the real SDK raises: one request, one kind."""

from __future__ import annotations

import pytest
from raw_zep import answer, hang, reset, send
from sdk import CONTEXT_PATH, PATH, SDK, only_sdk, only_v1, only_v3, only_v4, own_ids

from guard.errors import Kind, MemoryFailure, SettingsError

V4_ERROR = {"error": {"code": "some_code", "message": "some message"}}
HTML = "<html>bad gateway</html>"

TABLE = [
    ("401 JSON", answer(401, V4_ERROR), Kind.AUTH, 401),
    ("401 text", answer(401, "no", "text/plain"), Kind.AUTH, 401),
    ("401 empty", answer(401, ""), Kind.AUTH, 401),
    ("403", answer(403, V4_ERROR), Kind.AUTH, 403),
    ("400", answer(400, V4_ERROR), Kind.CLIENT, 400),
    ("404 text: a dead route", answer(404, "404 page not found", "text/plain"), Kind.BAD_RESPONSE, 404),
    ("408", answer(408, V4_ERROR), Kind.TIMEOUT, 408),
    ("409", answer(409, V4_ERROR), Kind.CLIENT, 409),
    ("422", answer(422, V4_ERROR), Kind.CLIENT, 422),
    ("429", answer(429, V4_ERROR, headers="Retry-After: 60\r\n"), Kind.RATE_LIMITED, 429),
    ("500 JSON", answer(500, V4_ERROR), Kind.SERVER, 500),
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
    ("302", answer(302, "", headers="Location: ftp://nowhere\r\n"), Kind.BAD_RESPONSE, 302),
    ("500 with an array", answer(500, [1]), Kind.SERVER, 500),
    ("200 array", answer(200, [1]), Kind.BAD_RESPONSE, 200),
    ("200 wrong shape", answer(200, {"context": {"a": 1}, "messages": [1]}), Kind.BAD_RESPONSE, 200),
]


WRONG_SHAPES = ("500 with an array", "200 array", "200 wrong shape")


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_a_failure_is_one_request_and_one_kind(raw_zep, memory, api, row):
    what, raw_zep.script, *expected = row
    if api == "V3" and what in WRONG_SHAPES:
        expected = [Kind.BAD_RESPONSE, None]  # 3.x raises pydantic's own error, which has no status
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert [failure.value.kind, failure.value.status_code] == expected
    assert len(raw_zep.requests) == 1


def test_retry_after_is_told_and_never_slept(raw_zep, memory):
    raw_zep.script = answer(429, V4_ERROR, headers="Retry-After: 60\r\n")
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert failure.value.retry_after_s == 60


def test_an_empty_object_is_an_empty_memory(raw_zep, memory):
    raw_zep.script = answer(200, {})
    assert memory.read("t", timeout_ms=250).text is None


def test_a_refused_connection_is_a_server_failure(unused_port, make_memory):
    memory = make_memory(f"http://127.0.0.1:{unused_port}")
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert failure.value.kind is Kind.SERVER


def test_nothing_of_the_answer_or_the_key_is_in_the_failure(raw_zep, memory):
    raw_zep.script = answer(401, {"error": {"code": "x", "message": "key a-key of ann@example.com"}})
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    shown = f"{failure.value!r} {failure.value} {failure.value.__cause__}"
    assert "a-key" not in shown
    assert "example" not in shown


@pytest.mark.parametrize("key", ["", " ", "a\n", "schlüssel"])
def test_an_unusable_key_is_refused_by_name_before_anything_is_sent(make_memory, key):
    with pytest.raises(SettingsError, match="ZEP_API_KEY"):
        make_memory("http://127.0.0.1:1", key)


@only_v4
def test_a_thread_that_zep_forgot_is_forgotten_here_too(raw_zep, memory, directory):
    raw_zep.script = answer(404, V4_ERROR)
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert (failure.value.kind, failure.value.status_code) == (Kind.CLIENT, 404)
    assert directory.get("thread", "t") is None


@only_v3
def test_a_thread_that_zep_does_not_know_is_a_new_one(raw_zep, memory):
    raw_zep.script = answer(404, {"message": "not found"})
    assert memory.read("t", timeout_ms=250).text is None


@own_ids
@pytest.mark.parametrize("thread_id", ["", ".", ".."])
def test_an_id_that_would_leave_its_path_is_never_sent(raw_zep, memory, thread_id):
    with pytest.raises(MemoryFailure) as failure:
        memory.read(thread_id, timeout_ms=250)
    assert failure.value.kind is Kind.CLIENT
    assert raw_zep.requests == []


@own_ids
def test_other_ids_stay_in_theirs(raw_zep, memory, api):
    raw_zep.script = answer(200, {})
    memory.read("../users/u1 ö", timeout_ms=250)
    path = CONTEXT_PATH[api].replace("/t/", "/..%2Fusers%2Fu1%20%C3%B6/")
    assert raw_zep.requests[0].startswith(f"GET {path} ".encode())


@only_v3
def test_the_environment_does_not_override_the_url_that_was_given(raw_zep, make_memory, monkeypatch):
    monkeypatch.setenv("ZEP_API_URL", "http://127.0.0.1:1")
    assert make_memory(raw_zep.url).read("t", timeout_ms=250).text == "facts"


@only_sdk
def test_a_host_gets_its_apis_path_and_a_full_url_stays(raw_zep, make_memory):
    for path in ("", "/", PATH[SDK]):
        make_memory(raw_zep.url, path=path).read("t", timeout_ms=250)
    assert {request.split(b" ")[1].decode() for request in raw_zep.requests} == {CONTEXT_PATH[SDK]}


@only_sdk
def test_the_other_apis_path_is_refused_rather_than_read_as_empty(raw_zep, make_memory):
    other = {"V4": "V3", "V3": "V4"}[SDK]
    with pytest.raises(SettingsError, match="the installed zep-cloud speaks"):
        make_memory(raw_zep.url, path=PATH[other])


@only_v1
def test_a_session_that_the_server_does_not_know_is_a_new_one_and_a_route_that_it_lacks_is_not(
    raw_zep, memory
):
    """Both are a 404 of text/plain."""
    raw_zep.script = answer(404, "not found\n", "text/plain; charset=utf-8")
    assert memory.read("t", timeout_ms=250).text is None
    raw_zep.script = answer(404, "404 page not found\n", "text/plain; charset=utf-8")
    with pytest.raises(MemoryFailure) as failure:
        memory.read("t", timeout_ms=250)
    assert failure.value.kind is Kind.BAD_RESPONSE


@only_v1
def test_a_memory_is_the_summary_and_what_was_said_since(raw_zep, memory):
    said = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    raw_zep.script = answer(200, {"messages": said, "summary": {"content": "They met."}})
    assert memory.read("t", timeout_ms=250).text == "They met.\nuser: hi\nassistant: hello"
