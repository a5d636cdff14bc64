"""Settings from the environment: typed, and one clear line for a bad value."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from guard import Mode, Policy, Settings, SettingsError

BOTH = {"FLAG_ZEP_READ": "true", "FLAG_ZEP_WRITE": "true"}


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({}, Mode.OFF),
        ({"FLAG_ZEP_READ": "on"}, Mode.READ_ONLY),
        ({"FLAG_ZEP_WRITE": "1"}, Mode.WRITE_ONLY),
        (BOTH, Mode.READ_WRITE),
        ({**BOTH, "ZEP_ENABLED": "false"}, Mode.OFF),
        ({**BOTH, "ZEP_ENABLED": ""}, Mode.READ_WRITE),
        ({"FLAG_ZEP_READ": "YES", "FLAG_ZEP_WRITE": "off"}, Mode.READ_ONLY),
    ],
)
def test_the_flags_make_the_mode(environ, mode):
    assert Settings.from_env(environ).base_mode is mode


def test_nothing_set_means_the_seeds_numbers():
    policy = Settings.from_env({}).policy
    assert policy == Policy()
    assert (policy.trip_after, policy.window_s, policy.hold_s, policy.lease_s) == (3, 60, 300, 10)
    assert (policy.read_timeout_ms, policy.write_timeout_ms, policy.probe_timeout_ms) == (250, 1500, 150)
    assert (policy.context_ttl_s, policy.negative_ttl_s, policy.write_hold_s) == (30, 3, 30)


def test_numbers_are_read():
    environ = {"ZEP_TIMEOUT_MS": "80", "GUARD_HOLD_GROWTH": "2", "GUARD_CACHE_S": "0"}
    policy = Settings.from_env(environ).policy
    assert (policy.read_timeout_ms, policy.hold_growth, policy.context_ttl_s) == (80, 2, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLAG_ZEP_READ", "maybe"),
        ("ZEP_ENABLED", "2"),
        ("GUARD_AUTO_DOWNGRADE", "sometimes"),
        ("ZEP_BASE_URL", "api.getzep.com"),
        ("GUARD_PREFIX", "mem:"),
        ("ZEP_TIMEOUT_MS", "0"),
        ("ZEP_TIMEOUT_MS", "nan"),
        ("GUARD_HOLD_S", "inf"),
        ("GUARD_HOLD_S", "5 minutes"),
        ("GUARD_HOLD_GROWTH", "0.5"),
        ("GUARD_HOLD_JITTER", "2"),
        ("GUARD_CACHE_S", "-1"),
        ("GUARD_REDACT", "maybe"),
        ("GUARD_REDACT_PATTERNS", "[1]"),
        ("GUARD_REDACT_PATTERNS", '{"email": "x"}'),
        ("GUARD_REDACT_PATTERNS", '{"mine": "("}'),
    ],
)
def test_a_bad_value_is_one_line_that_names_it(name, value):
    with pytest.raises(SettingsError, match=re.escape(f"{name}={value!r}")) as error:
        Settings.from_env({name: value})
    assert "\n" not in str(error.value)


def test_secrets_are_not_shown():
    shown = repr(Settings.from_env({"ZEP_API_KEY": "hunter2", "REDIS_URL": "redis://:hunter2@h/0"}))
    assert "hunter2" not in shown


def test_importing_reads_nothing():
    environ = {**os.environ, "FLAG_ZEP_READ": "maybe", "GUARD_HOLD_S": "x"}
    subprocess.run([sys.executable, "-c", "import guard"], env=environ, check=True)


def test_redaction_is_on_and_can_be_told_what_to_find():
    on = Settings.from_env({}).redact
    assert {"email", "secret"} < on.kinds
    assert "address" not in on.kinds
    environ = {
        "GUARD_REDACT_KINDS": "+address, -ip",
        "GUARD_REDACT_ALLOW": "@ours.example, 127.0.0.1",
        "GUARD_REDACT_SURROGATE_KEY": "sixteen bytes of it",
        "GUARD_REDACT_PATTERNS": '{"employee": "EMP-[0-9]{6}"}',
    }
    told = Settings.from_env(environ).redact
    assert told.kinds == (on.kinds | {"address"}) - {"ip"}
    assert told.allow == {"@ours.example", "127.0.0.1"}
    assert told.surrogate_key == b"sixteen bytes of it"
    assert told.patterns == {"employee": "EMP-[0-9]{6}"}
    assert "sixteen" not in repr(Settings.from_env(environ))
    assert Settings.from_env({"GUARD_REDACT_KINDS": "email,phone"}).redact.kinds == {"email", "phone"}
    assert Settings.from_env({"GUARD_REDACT": "off"}).redact.kinds == frozenset()


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"GUARD_REDACT_KINDS": "email,fingerprint"}, "GUARD_REDACT_KINDS='fingerprint' is no kind"),
        (
            {"GUARD_REDACT_SURROGATE_KEY": "hunter2"},
            "GUARD_REDACT_SURROGATE_KEY is not usable: give 16 to 64",
        ),
    ],
)
def test_a_bad_redaction_setting_is_one_line_and_shows_no_key(environ, complaint):
    with pytest.raises(SettingsError, match=complaint) as error:
        Settings.from_env(environ)
    assert "hunter2" not in str(error.value)
