"""The guard's adapter and the Zep double: threads are made when missing, what is written comes back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from sdk import only_v4, own_ids

from guard import Kind, MemoryFailure

SAID = [{"role": "user", "content": "I live in Kars", "name": "ann", "metadata": {"lang": "en"}}]


@pytest.fixture(scope="module")
def zep_url() -> Iterator[str]:
    argv = [sys.executable, "-m", "chaos.cli", "zep", "--listen", "127.0.0.1:0", "--api-key", "a-key"]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    yield f"http://{json.loads(process.stdout.readline())['listen']}"
    process.terminate()
    process.communicate(timeout=5)


@pytest.fixture
def memory(zep_url, make_memory):
    return make_memory(zep_url)


def write(memory, thread_id: str, key: str = "k", **options) -> str | None:
    chosen = {"user_id": None, "return_context": False, **options}
    return memory.write(thread_id, SAID, timeout_ms=5000, idempotency_key=key, **chosen)


def ledger(zep_url: str, thread_hint: str) -> list[str]:
    lines = httpx.get(f"{zep_url}/_double/ledger", trust_env=False).text.splitlines()
    entries = [json.loads(line) for line in lines]
    return [f"{e['method']} {e['status']}" for e in entries if thread_hint in e["path"]]


@pytest.mark.parametrize("thread_id", ["plain", "with / slash and ö"])
def test_a_new_thread_is_made_by_its_first_write(memory, api, thread_id):
    thread_id = f"{thread_id} {id(memory)}"
    assert memory.read(thread_id, timeout_ms=5000).text is None
    assert write(memory, thread_id) is None
    assert "I live in Kars" in memory.read(thread_id, timeout_ms=5000).text
    context = write(memory, thread_id, key="k2", return_context=True)
    assert context is None if api == "V1" else "I live in Kars" in context
    memory.probe(thread_id, timeout_ms=5000, connect_ms=5000)
    memory.probe("", timeout_ms=5000, connect_ms=5000)


def test_a_user_may_have_many_threads_and_workers_may_race(zep_url, make_memory):
    one, other = make_memory(zep_url), make_memory(zep_url)
    for n, memory in enumerate((one, other, one)):
        write(memory, f"race {id(one)} {n % 2}", key=str(n), user_id=f"user {id(one)}")
    assert one.read(f"race {id(one)} 0", timeout_ms=5000).text.count("Kars") == 2


@only_v4
def test_the_same_key_is_stored_once(memory):
    for _ in range(3):
        write(memory, f"once {id(memory)}")
    assert memory.read(f"once {id(memory)}", timeout_ms=5000).text.count("Kars") == 1
    assert memory.idempotent


@own_ids
def test_there_are_no_keys_and_the_adapter_says_so(memory):
    assert not memory.idempotent


def test_forked_processes_share_no_connection(memory):
    """On a shared one they would read each other's answers, or nothing."""
    for name in ("parent", "child 0", "child 1"):
        memory.write(
            f"{name} {id(memory)}",
            [{"role": "user", "content": f"I am {name}"}],
            timeout_ms=5000,
            user_id=None,
            idempotency_key=name,
            return_context=False,
        )
    waiting, gun = os.pipe()
    children = [_forked(memory, f"child {n}", waiting, gun) for n in range(2)]
    os.close(gun)  # off they go, all at once
    assert _read_often(memory, "parent")
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    os.close(waiting)


def _read_often(memory, name: str) -> bool:
    return all(f"I am {name}" in memory.read(f"{name} {id(memory)}", timeout_ms=5000).text for _ in range(50))


def _forked(memory, name: str, waiting: int, gun: int) -> int:
    parents = getattr(memory, "_http", None)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            # httpx may notice foreign bytes on a shared socket and quietly open another: look at it too
            assert parents is None or memory._http is not parents
            os.close(gun)
            os.read(waiting, 1)
            getattr(memory, "new_loop", lambda: None)()
            code = 0 if _read_often(memory, name) else 2
        finally:
            os._exit(code)
    return child


def test_a_wrong_key_is_refused(zep_url, make_memory):
    memory = make_memory(zep_url, "another-key")
    with pytest.raises(MemoryFailure) as failure:
        write(memory, "t")
    assert failure.value.kind is Kind.AUTH
