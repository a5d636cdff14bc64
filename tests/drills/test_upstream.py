"""Another Zep than the double, and accounts that may ask it five times a minute."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from drills.catalog import drills
from drills.pace import zep_per_minute
from drills.rehearsal import COMPOSE_SECRET, unfit
from drills.target import Target, TargetError
from drills.upstream import adapted, choose
from drills.verdict import Exit

from .test_runner import BREAK, drill, gateway, history, injectors, keeper, kinds, runner, target  # noqa: F401

ROOT = Path(__file__).parents[2]
FILE = ROOT / "drills" / "compose.toml"
COMPOSE = ROOT / "docker-compose.yml"
CLOUD = {"ZEP_UPSTREAM": "https://api.getzep.com", "ZEP_API_KEY": "k"}


@pytest.fixture
def compose():
    return Target.load(FILE, {"ASSISTANT_TOKEN": COMPOSE_SECRET})


def test_the_double_keeps_all_that_the_target_file_promises(compose):
    assert adapted(compose, {}) == adapted(compose, {"ZEP_UPSTREAM": "http://zep:8000"}) == compose


def test_in_another_zep_nobody_looks_and_its_limit_is_kept(compose):
    found = adapted(compose, {**CLOUD, "ZEP_PER_MINUTE": "5"})
    assert (found.stored_url, found.zep_per_minute) == ("", 5)
    assert adapted(compose, CLOUD).zep_per_minute == inf


@pytest.mark.parametrize(
    ("environ", "told"),
    [({"ZEP_API_KEY": ""}, "ZEP_API_KEY"), ({"ZEP_PER_MINUTE": "few"}, "ZEP_PER_MINUTE")],
)
def test_what_is_missing_is_one_line(compose, environ, told):
    with pytest.raises(TargetError, match=told) as raised:
        adapted(compose, {**CLOUD, **environ})
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("profile", ["", "zep"])
def test_without_a_profile_it_is_the_double(profile):
    environ = {"COMPOSE_PROFILES": profile}
    choose(COMPOSE, environ)
    assert environ == {"COMPOSE_PROFILES": profile}


def test_a_profile_names_the_zep_and_what_it_allows_and_what_is_set_stays(compose):
    environ = {"COMPOSE_PROFILES": "zep-cloud", "ZEP_API_KEY": "k"}
    choose(COMPOSE, environ)
    assert adapted(compose, environ).zep_per_minute == 5
    environ |= {"ZEP_PER_MINUTE": "600"}
    choose(COMPOSE, environ)
    assert adapted(compose, environ).zep_per_minute == 600


def test_the_self_hosted_server_is_given_a_token_that_its_secret_signed():
    environ = {"COMPOSE_PROFILES": "zep-oss"}
    choose(COMPOSE, environ)
    signed, _, signature = environ["ZEP_API_KEY"].rpartition(".")
    made = hmac.new(environ["ZEP_AUTH_SECRET"].encode(), signed.encode(), "sha256").digest()
    assert base64.urlsafe_b64decode(signature + "=") == made
    assert environ["ZEP_API_PATH"] == "/api/v1"


def test_a_profile_that_is_none_is_one_line_that_names_them():
    with pytest.raises(TargetError, match=r"zep, zep-cloud, zep-oss$"):
        choose(COMPOSE, {"COMPOSE_PROFILES": "zep-local"})


def test_only_the_double_is_told_to_reject_its_key(monkeypatch):
    assert not unfit("compose", drills()["key_rotation"])
    monkeypatch.setenv("ZEP_UPSTREAM", CLOUD["ZEP_UPSTREAM"])
    assert "ZEP_UPSTREAM" in unfit("compose", drills()["key_rotation"])
    assert not unfit("compose", drills()["auth_401"])


def test_a_drill_under_load_asks_more_than_a_small_account_may_and_a_dialogue_does_not():
    assert zep_per_minute(drills()["auth_401"], 50.0) == 6000
    assert zep_per_minute(drills()["read_path"], 50.0) < 60


def test_a_drill_that_would_ask_too_often_breaks_nothing_and_asks_nothing(runner, history):  # noqa: F811
    made = runner()
    verdict = replace(made, target=replace(made.target, zep_per_minute=5)).run(drill(BREAK))
    assert verdict.exit is Exit.INCONCLUSIVE
    assert "the account may 5" in verdict.sentence
    assert kinds(history, "fault_armed", "request") == []
