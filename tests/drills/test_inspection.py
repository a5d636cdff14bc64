"""`zep-drill target check`: what is missing is named, with the drills that need it."""

from __future__ import annotations

import json

import pytest

from chaos.stack.alerting import PAGER
from chaos.stack.keeper import Keeper
from chaos.stack.readiness import launch
from drills import cli
from drills.catalog import drills

FILE = """
[target]
name = "t"
chat_url = "{chat}"
token_env = "TOKEN"
marker_url = "{base}/api/marker/"
marker_value = "test"
metrics_urls = ["{base}/api/metrics/"]
[timing]
hold_s = 1.0
"""


@pytest.fixture
def file(chat, tmp_path, monkeypatch):
    monkeypatch.setenv("TOKEN", "t0ken")
    path = tmp_path / "target.toml"
    path.write_text(FILE.format(chat=chat.url, base=chat.base))
    return path


def test_what_is_missing_is_named_with_the_drills_that_need_it(file, capsys):
    assert cli.main(["target", "check", str(file), "--json"]) == 1
    found = {finding["capability"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert {name for name, finding in found.items() if not finding["lack"]} == {"marker", "trace.worker"}
    assert found["chat with trace.memory"]["lack"] == "trace.memory lacks cached"
    assert "has no fault gateway" in found["fault gateway"]["lack"]
    assert "auth_401" in found["fault gateway"]["drills"]
    assert "timeouts" in found["Toxiproxy"]["drills"]
    assert set(found["what Zep stored"]["drills"]) == {"write_path", "redaction_under_attack"}
    assert "redis_flushed" in found["processes and Redis of its own"]["drills"]
    assert len(found["marker"]["drills"]) == len(drills())


def test_for_people_it_is_a_line_each(file, capsys):
    assert cli.main(["target", "check", str(file)]) == 1
    told = capsys.readouterr().out
    assert "ok       marker\n" in told
    assert "missing  operations command: the target has no operations command\n" in told


def test_the_wrong_marker_is_told(file, chat, capsys):
    chat.marker = "production"
    assert cli.main(["target", "check", str(file)]) == 1
    assert "missing  marker: " in capsys.readouterr().out


def test_a_file_that_cannot_be_used_is_one_line(tmp_path, capsys):
    assert cli.main(["target", "check", str(tmp_path / "none.toml")]) == 4
    assert "cannot read the target file" in capsys.readouterr().err


def test_a_pager_that_is_named_must_answer_as_one(file, chat, capsys, tmp_path):
    def pager():
        cli.main(["target", "check", str(file), "--json"])
        found = {finding["capability"]: finding for finding in json.loads(capsys.readouterr().out)}
        return found["pager"]

    assert pager()["lack"] == "no [alerts] pager_log_url: zep-chaos pager serves one"
    assert set(pager()["drills"]) == {"alert_auth", "alert_healthy", "alert_stuck"}
    file.write_text(f'{file.read_text()}[alerts]\npager_log_url = "{chat.base}/api/marker/"\n')
    assert pager()["lack"].startswith(f"no pager's log at {chat.base}/api/marker/")
    with Keeper() as keeper:
        served = launch(keeper, "pager", [*PAGER, "--listen", "127.0.0.1:0"], tmp_path).ready_line()["listen"]
        before, _, _ = file.read_text().partition("[alerts]")
        file.write_text(f'{before}[alerts]\npager_log_url = "http://{served}/log"\n')
        assert pager()["lack"] == ""
