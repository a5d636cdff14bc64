"""`zep-chaos` from a shell: help that helps, mistakes told in one line, a quick start, a quiet end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

GATEWAY = ["gateway", "--listen", "127.0.0.1:0", "--upstream", "http://127.0.0.1:1", "--admin", "127.0.0.1:0"]
ZEP = ["zep", "--listen", "127.0.0.1:0", "--api-key", "k"]
TOXIPROXY = ["toxiproxy", "--port", "0"]


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "chaos.cli", *words]
    env = {name: value for name, value in os.environ.items() if name != "ZEP_API_KEY"} | environ
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10, env=env)


def replaced(words: list[str], option: str, value: str) -> list[str]:
    at = words.index(option) + 1
    return [*words[:at], value, *words[at + 1 :]]


@pytest.mark.parametrize("command", [[], ["gateway"], ["zep"], ["toxiproxy"]], ids=" ".join)
def test_help_shows_an_example_at_once(command):
    began = time.perf_counter()
    done = run(*command, "--help")
    assert time.perf_counter() - began < 0.3 * 3  # the machine may be busy
    assert (done.returncode, done.stderr) == (0, "")
    assert "example: " in done.stdout


def test_help_imports_no_server():
    code = "import sys; from chaos import cli; cli.main(['--help']); print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"asyncio", "httptools", "uvloop", "httpx"} & set(done.stdout.replace("'", "").split(", "))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nonsense"], "unknown command 'nonsense': use one of toxiproxy, gateway, zep"),
        (["gateway", "--listen", "127.0.0.1:0"], "--upstream, --admin; see zep-chaos gateway --help"),
        ([*GATEWAY, "--nonsense"], "unrecognized arguments: --nonsense"),
        (replaced(GATEWAY, "--upstream", "ftp://z.example"), "give http://HOST:PORT or https://HOST"),
        (replaced(GATEWAY, "--upstream", "z.example:80"), "give http://HOST:PORT"),
        (replaced(GATEWAY, "--upstream", "http://z.example:x"), "give http://HOST:PORT"),
        (replaced(GATEWAY, "--upstream", "http://z.example/api"), "give http://HOST:PORT"),
        (replaced(GATEWAY, "--listen", "8080"), "'8080' is not an address"),
        (replaced(GATEWAY, "--listen", "127.0.0.1:65536"), "is not an address"),
        (replaced(GATEWAY, "--listen", "no-such-host.invalid:0"), "cannot listen on no-such-host.invalid:0"),
        (replaced(GATEWAY, "--admin", "0.0.0.0:0"), "not on loopback"),
        (["toxiproxy", "--host", "::", "--port", "0"], "set TOXIPROXY_TOKEN"),
        (replaced(GATEWAY, "--admin", "z.example:0"), "not on loopback"),
        (["zep", "--listen", "127.0.0.1:0"], "set ZEP_API_KEY or pass --api-key"),
        ([*ZEP, "--ledger", "/no/such/folder/ledger"], "cannot open /no/such/folder/ledger: No such file"),
    ],
)
def test_a_mistake_is_one_clear_line(words, complaint):
    done = run(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("zep-chaos")
    assert complaint in line


@pytest.mark.parametrize(
    "words",
    [replaced(GATEWAY, "--listen", "{}"), replaced(GATEWAY, "--admin", "{}"), ["zep", "--listen", "{}"]],
)
def test_a_taken_port_is_named(zep, words):
    done = run(*(word.format(zep) for word in words), ZEP_API_KEY="k")
    assert done.returncode == 2
    command = f"zep-chaos {words[0]}"
    choose = "choose another, or port 0 for a free one"
    assert done.stderr == f"{command}: cannot listen on {zep}: address already in use; {choose}\n"


def test_no_command_shows_the_usage():
    assert run().returncode == 2
    assert run().stdout.startswith("usage: zep-chaos COMMAND")


@pytest.mark.parametrize("words", [GATEWAY, ZEP, TOXIPROXY], ids=lambda words: words[0])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_is_ready_soon_and_ends_quietly(words, number):
    argv = [sys.executable, "-m", "chaos.cli", *words]
    began = time.perf_counter()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        ready = json.loads(process.stdout.readline())
        assert time.perf_counter() - began < 0.5 * 3  # the machine may be busy
        process.send_signal(number)
        assert process.communicate(timeout=5) == (b"", b"")
    assert process.returncode == 0
    assert ready["ready"] == words[0]
    assert int(ready["listen"].rpartition(":")[2]) > 0
