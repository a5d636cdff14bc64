"""The pager answers as PagerDuty's Events API v2 does; alone, and to a real Alertmanager."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from awaiting import eventually

from chaos.pager.events import Log, name_of, refused
from chaos.pager.server import Pager
from chaos.stack.alerting import Alerting, Production, missing
from chaos.stack.keeper import Keeper
from chaos.stack.readiness import StackError
from chaos.web import Request

KEY = "k" * 32
PAYLOAD = {"summary": "s", "source": "here", "severity": "critical"}
TRIGGER = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "d", "payload": PAYLOAD}
RULES = """
groups:
  - name: g
    rules:
      - alert: Broken
        expr: max_over_time(broken[1m]) > 0
        labels: {severity: SEVERITY}
"""
ROUTES = """
route: {receiver: pagerduty, group_by: [alertname], group_wait: 30s, group_interval: 5m}
receivers:
  - name: pagerduty
    pagerduty_configs: [{routing_key_file: /etc/key, severity: '{{ .CommonLabels.severity }}'}]
"""


def ask(pager, method, path, body=b"", *, query=None, headers=None):
    answer = pager(Request(method, path, query or {}, headers or {}, body))
    return answer.status, json.loads(answer.body)


def enqueue(pager, **fields):
    return ask(pager, "POST", "/v2/enqueue", json.dumps({**TRIGGER, **fields}).encode())


def test_an_event_is_taken_as_pagerduty_takes_it():
    assert enqueue(Pager()) == (202, {"status": "success", "message": "Event processed", "dedup_key": "d"})
    _, made = enqueue(Pager(), dedup_key="")
    assert made["dedup_key"], "one without a key is given one"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"routing_key": ""}, "routing_key"),
        ({"routing_key": "too short"}, "routing_key"),
        ({"event_action": "wake"}, "event_action"),
        ({"event_action": None}, "event_action"),
        ({"event_action": "resolve", "dedup_key": ""}, "dedup_key"),
        ({"payload": None}, "payload"),
        ({"payload": {**PAYLOAD, "severity": "page"}}, "severity"),
        ({"payload": {**PAYLOAD, "summary": ""}}, "summary"),
        ({"payload": {**PAYLOAD, "source": ""}}, "source"),
    ],
)
def test_what_pagerduty_refuses_is_refused_by_name_and_pages_nobody(wrong, named):
    pager = Pager()
    status, answer = enqueue(pager, **wrong)
    assert (status, answer["status"], answer["message"]) == (400, "invalid event", "Event object is invalid")
    assert any(named in error for error in answer["errors"])
    assert ask(pager, "GET", "/log")[1]["taken"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"'])
def test_what_is_no_event_is_refused(body):
    assert ask(Pager(), "POST", "/v2/enqueue", body)[0] == 400
    assert refused(None)


def test_the_log_tells_what_came_after_a_number_and_what_is_open():
    pager = Pager()
    enqueue(pager)
    enqueue(pager, dedup_key="e", payload={**PAYLOAD, "class": "Other", "severity": "info"})
    enqueue(pager, event_action="resolve", payload=None)
    _, log = ask(pager, "GET", "/log", query={"after": "1"})
    assert [(e["action"], e["severity"]) for e in log["events"]] == [
        ("trigger", "info"),
        ("resolve", "critical"),
    ]
    assert (log["taken"], log["open"]) == (3, ["Other"])
    assert all(e["age_s"] >= 0 for e in log["events"])
    assert KEY not in json.dumps(log)


def test_the_log_is_for_who_has_its_token_where_there_is_one():
    assert ask(Pager("secret"), "GET", "/log")[0] == 401
    assert ask(Pager("secret"), "GET", "/log", headers={"authorization": "Bearer secret"})[0] == 200
    assert ask(Pager(), "GET", "/log", query={"after": "x"})[0] == 400
    assert ask(Pager(), "GET", "/elsewhere")[0] == 404


def test_an_alert_is_known_by_its_name_wherever_alertmanager_puts_it():
    firing = {"custom_details": {"firing": "Labels:\n - alertname = Stuck\n - job = a\n"}}
    assert name_of({"payload": {**PAYLOAD, **firing}}) == "Stuck"
    assert name_of({"payload": {**PAYLOAD, "custom_details": {"alertname": "Stuck"}}}) == "Stuck"
    assert name_of({"payload": {**PAYLOAD, "class": "Stuck"}}) == "Stuck"


def test_an_alert_that_is_told_twice_is_open_once():
    log = Log()
    for _ in range(2):
        log.take({**TRIGGER, "payload": {**PAYLOAD, "class": "A"}}, 1.0)
    assert log.unresolved() == ["A"]


class Application:
    """Metrics that say what they are told to say."""

    def __init__(self):
        self.broken = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                wanted = self.headers["Authorization"] == "Bearer t"
                self.send_response(200 if wanted else 401)
                self.end_headers()
                self.wfile.write(f"broken {outer.broken}\n".encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.url = f"http://127.0.0.1:{self.server.server_port}/metrics"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join(5)
        self.server.server_close()


@pytest.fixture
def production(tmp_path):
    if lack := missing():
        assert not os.environ.get("CI"), lack
        pytest.skip(f"NOBODY WAS PAGED: apt-get install {' '.join(lack)}")
    made = Production(rules=tmp_path / "rules.yml", alertmanager=tmp_path / "alertmanager.yml")
    made.rules.write_text(RULES.replace("SEVERITY", "critical"))
    made.alertmanager.write_text(ROUTES)
    return made


def events(log_url):
    return httpx.get(log_url, trust_env=False).json()["events"]


@pytest.mark.parametrize("severity", ["critical", "info"])
def test_a_real_alertmanager_pages_with_the_severity_of_the_rule_and_resolves(production, tmp_path, severity):
    production.rules.write_text(RULES.replace("SEVERITY", severity))
    with Keeper() as keeper, Application() as application:
        alerting = Alerting(keeper=keeper, folder=tmp_path / "alerting", production=production)
        log_url = alerting.start([application.url], "t")
        assert events(log_url) == []
        application.broken = 1
        eventually(lambda: events(log_url), within_s=10)
        application.broken = 0
        eventually(lambda: len(events(log_url)) == 2, within_s=10)
        told = [(e["name"], e["severity"], e["action"]) for e in events(log_url)]
        assert told == [("Broken", severity, "trigger"), ("Broken", severity, "resolve")]
        alerting.stop()
        assert processes_with(tmp_path) == []


def test_a_severity_that_pagerduty_does_not_know_pages_nobody(production, tmp_path):
    """Alertmanager goes on trying; that nobody is woken is what a drill must see."""
    production.rules.write_text(RULES.replace("SEVERITY", "page"))
    with Keeper() as keeper, Application() as application:
        alerting = Alerting(keeper=keeper, folder=tmp_path / "alerting", production=production)
        log_url = alerting.start([application.url], "t")
        application.broken = 1
        log = tmp_path / "alerting" / "alertmanager.log"
        eventually(lambda: "payload.severity" in log.read_text(), within_s=10)
        assert events(log_url) == []


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("rules", "groups: [{name: g, rules: [{alert: A, expr: 'rate(m['}]}]", "prometheus ended at start"),
        ("rules", "groups: [", "cannot read"),
        ("alertmanager", "{route: {receiver: nobody}, receivers: []}", "alertmanager ended at start"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(production, tmp_path, file, text, named):
    getattr(production, file).write_text(text)
    with Keeper() as keeper, Application() as application:
        alerting = Alerting(keeper=keeper, folder=tmp_path / "alerting", production=production)
        with pytest.raises(StackError, match=named) as caught:
            alerting.start([application.url], "t")
        assert "\n" not in str(caught.value)
    assert processes_with(tmp_path) == []


ALERTING = """
import sys, time
from pathlib import Path
from chaos.stack.alerting import Alerting, Production
from chaos.stack.keeper import Keeper
folder = Path(sys.argv[1])
made = Production(rules=folder / "rules.yml", alertmanager=folder / "alertmanager.yml")
with Keeper() as keeper:
    Alerting(keeper=keeper, folder=folder / "alerting", production=made).start([sys.argv[2]], "t")
    print("up", flush=True)
    sys.stdin.read()
"""


def test_all_of_it_ends_with_a_runner_that_is_killed(production, tmp_path):
    with Application() as application:
        words = [sys.executable, "-c", ALERTING, str(tmp_path), application.url]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runner:
            try:
                assert runner.stdout.readline() == "up\n"
                assert len(processes_with(tmp_path / "alerting")) == 3
            finally:
                runner.kill()
    eventually(lambda: not processes_with(tmp_path), within_s=10)


def processes_with(folder):
    """Those that run in a folder: their keeper gave it to them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
    return found
