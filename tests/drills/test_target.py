"""The target file of the contracts, and one clear line for each way to get it wrong."""

from __future__ import annotations

import contextlib

import pytest

from drills.target import Budgets, Target, TargetError

FILE = """
[target]
name = "staging"
chat_url = "http://staging.example:8000/api/chat/"
metrics_urls = ["http://staging.example:8000/api/metrics/"]
token_env = "STAGING_TOKEN"
marker_url = "http://staging.example:8000/api/marker/"
marker_value = "staging"
[mode]
command = ["ssh", "staging", "python", "manage.py", "zep_mode"]
[faults]
gateway_admin = "http://staging.example:8475"
toxiproxy_url = "http://staging.example:8474"
zep_proxy = "zep"
redis_proxy = "redis"
[timing]
hold_s = 2.0
[budgets]
downgrade_s = 3
user_errors = 1
"""
ENVIRON = {"STAGING_TOKEN": "t0ken"}


def load(tmp_path, text, environ=ENVIRON):
    file = tmp_path / "target.toml"
    file.write_text(text)
    return Target.load(file, environ)


def test_a_whole_file(tmp_path):
    target = load(tmp_path, FILE)
    assert target.name == "staging"
    assert target.mode_command[0] == "ssh"
    assert (target.token, target.hold_s) == ("t0ken", 2.0)
    assert target.budgets == Budgets(downgrade_s=3, user_errors=1)


def test_capabilities_may_be_missing(tmp_path):
    bare = "\n".join(
        line
        for line in FILE.splitlines()
        if not line.startswith(
            ("metrics", "command", "gateway", "toxi", "zep_", "redis_", "[faults", "[mode")
        )
    )
    target = load(tmp_path, bare)
    assert (target.metrics_urls, target.mode_command, target.gateway_admin) == ((), (), "")


def test_the_token_is_in_no_text_about_the_target(tmp_path):
    target = load(tmp_path, FILE)
    assert "t0ken" not in repr(target)
    assert "t0ken" not in str(target.public())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "staging"', "", "'name' is missing in [target]"),
        ('name = "staging"', "name = 3", "'name' in [target] must be a text that is not empty"),
        ('chat_url = "http:', 'chat_url = "ftp:', "must be an address that begins with http:// or https://"),
        ("hold_s = 2.0", "hold_s = -1", "'hold_s' in [timing] must be a number, 0 or more"),
        ("hold_s = 2.0", "hold_s = true", "must be a number, 0 or more"),
        ("hold_s = 2.0", "", "'hold_s' is missing in [timing]"),
        ("[timing]", "[tming]", "[tming] is not a section"),
        ("zep_proxy", "zeb_proxy", "'zeb_proxy' in [faults] means nothing"),
        ('command = ["ssh"', 'command = [1, "ssh"', "'command' in [mode] must be a list of texts"),
        ("[target]", "[target", "is not TOML"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_file(tmp_path, old, new, complaint):
    with pytest.raises(TargetError) as error:
        load(tmp_path, FILE.replace(old, new, 1))
    line = str(error.value)
    assert complaint in line
    assert "target.toml" in line
    assert "\n" not in line


def test_a_token_that_is_not_set(tmp_path):
    with pytest.raises(TargetError, match="STAGING_TOKEN, which is not set: export STAGING_TOKEN="):
        load(tmp_path, FILE, {})


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TargetError, match="cannot read the target file"):
        Target.load(tmp_path / "none.toml", {})


@pytest.mark.parametrize(
    ("listed", "complaint"), [("*.example", None), ("other.example", "staging.example is not on")]
)
def test_where_hosts_are_listed_no_other_is_drilled(tmp_path, monkeypatch, listed, complaint):
    monkeypatch.setenv("ZEP_CHAOS_ALLOW", f"127.0.0.1, {listed}")
    with pytest.raises(TargetError, match=complaint) if complaint else contextlib.nullcontext():
        load(tmp_path, FILE)


def test_a_pager_is_a_capability_with_a_token_of_its_own(tmp_path):
    alerts = '[alerts]\npager_log_url = "http://pager.example:8476/log"\n'
    target = load(tmp_path, FILE + alerts + 'token_env = "PAGER"\n', {**ENVIRON, "PAGER": "s3cret"})
    assert (target.pager_log_url, target.pager_token) == ("http://pager.example:8476/log", "s3cret")
    assert "s3cret" not in repr(target) + str(target.public())
    assert load(tmp_path, FILE + alerts).pager_token == ""
    assert load(tmp_path, FILE).pager_log_url == ""
    with pytest.raises(TargetError, match="takes the bearer token from PAGER, which is not set"):
        load(tmp_path, FILE + alerts + 'token_env = "PAGER"\n')
    with pytest.raises(TargetError, match="begins with http"):
        load(tmp_path, FILE + '[alerts]\npager_log_url = "pager"\n')
