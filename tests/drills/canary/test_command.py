"""`zep-drill canary` from a shell."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from awaiting import eventually
from ports import free_port

from drills import cli
from drills.canary.prometheus import masked
from tests.drills.canary.histories import END


def canary(prometheus, history, *more):
    select = [f'job="{history}",track="{track}",drilled!="yes"' for track in ("canary", "stable")]
    words = ["--canary", select[0], "--baseline", select[1], "--once", "--at", str(END), "--json", *more]
    return cli.main(["canary", "--policy", "canary", "--prometheus", prometheus, *words])


@pytest.mark.parametrize(
    ("history", "code", "verdict"),
    [
        ("good", 0, "pass"),
        ("more_errors", 1, "fail"),
        ("missed_scrapes", 11, "inconclusive"),
        ("rollback_read_p95", 13, "rollback"),
    ],
)
def test_exit_code_and_json_say_the_same(history, code, verdict, prometheus, capsys):
    assert canary(prometheus, history) == code
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["exit_code"], told["verdict"]) == (1, code, verdict)
    assert told["intervals"] == {"done": 1, "of": 1}
    errors = next(one for one in told["criteria"] if one["name"] == "errors")
    assert {
        "result",
        "verdict",
        "why",
        "value",
        "baseline",
        "samples",
        "failed",
        "inconclusive",
    } < errors.keys()
    assert told["rollback_triggers"] == (["read_p95"] if verdict == "rollback" else [])


def test_people_read_a_sentence_and_a_line_for_each_criterion(prometheus, capsys):
    words = ["--policy", "canary", "--prometheus", prometheus, "--once", "--at", str(END)]
    assert cli.main(["canary", *words]) == 11  # nobody is called assistant there
    first, *lines = capsys.readouterr().out.splitlines()
    assert first.startswith("canary: inconclusive after 1 of 1 intervals; read_p95: no data")
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--policy", "nope", "--prometheus", "http://127.0.0.1:9"], "cannot read the policy nope"),
        (["--policy", "canary", "--prometheus", "localhost:9090"], "must be an address that begins with"),
        (["--policy", "canary", "--prometheus", "http://p:port"], "http://p:port is no address"),
        (["--policy", "canary", "--prometheus", "http://127.0.0.1:9", "--at", "1"], "--at goes with --once"),
    ],
)
def test_a_mistake_is_one_line_and_4(words, told, capsys):
    assert cli.main(["canary", *words]) == 4
    complaint = capsys.readouterr().err
    assert complaint.startswith("zep-drill canary: ")
    assert told in complaint
    assert complaint.count("\n") == 1


def test_matchers_that_prometheus_refuses_are_one_line_and_4(prometheus, capsys):
    assert canary(prometheus, "good", "--canary", "job=oops") == 4
    assert capsys.readouterr().err.count("\n") == 1


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["canary", "--help"])
    assert ended.value.code == 0
    assert "example: zep-drill canary --policy canary" in capsys.readouterr().out


def test_a_prometheus_that_is_away_is_inconclusive_and_its_password_is_not_told(capsys):
    assert canary(f"http://me:s3cret@127.0.0.1:{free_port()}/x?key=s3cret", "good") == 11
    out = "".join(capsys.readouterr())
    assert "does not answer: ConnectError" in out
    assert "s3cret" not in out


def test_an_address_is_shown_without_user_password_and_query():
    assert masked("https://me:s3cret@p.example:9090/x?token=t") == "https://***@p.example:9090/x"


@pytest.fixture
def guarded():
    """Serve what asks for a bearer token and has no data; a real Prometheus has no tokens."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.headers.get("Authorization"))
            self.rfile.read(int(self.headers["Content-Length"]))
            body = b'{"status":"success","data":{"resultType":"vector","result":[]}}'
            allowed = seen[-1] == "Bearer s3cret"
            self.send_response(200 if allowed else 401)
            self.end_headers()
            self.wfile.write(body if allowed else b"{}")

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def with_token(tmp_path):
    file = tmp_path / "policy.toml"
    text = (cli.Path(cli.__file__).parent / "canary/policies/canary.toml").read_text()
    file.write_text(text.replace("count = 96", 'count = 96\ntoken_env = "PROMETHEUS_TOKEN"'))
    return str(file)


def test_the_token_comes_from_the_variable_that_the_policy_names(guarded, with_token, monkeypatch, capsys):
    url, seen = guarded
    words = ["canary", "--policy", with_token, "--prometheus", url, "--once"]
    assert cli.main(words) == 4
    assert "PROMETHEUS_TOKEN, which is not set" in capsys.readouterr().err
    monkeypatch.setenv("PROMETHEUS_TOKEN", "wr0ng")
    assert cli.main(words) == 4
    assert "answers 401" in capsys.readouterr().err
    monkeypatch.setenv("PROMETHEUS_TOKEN", "s3cret")
    assert cli.main(words) == 11
    assert seen[-1] == "Bearer s3cret"
    assert "s3cret" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_canary_still_tells_its_verdict(number, guarded, with_token):
    url, seen = guarded
    argv = [
        sys.executable,
        "-m",
        "drills.cli",
        "canary",
        "--policy",
        with_token,
        "--prometheus",
        url,
        "--json",
    ]
    process = subprocess.Popen(
        argv, stdout=subprocess.PIPE, env={"PROMETHEUS_TOKEN": "s3cret", "PYTHONPATH": "."}
    )
    try:
        eventually(lambda: len(seen) >= 4, within_s=20)
        process.send_signal(number)
        out, _ = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert json.loads(out)["verdict"] == "interrupted"
