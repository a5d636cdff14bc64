"""The examples of docs/, run and type-checked as a user would."""

from __future__ import annotations

import importlib.util
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from types import ModuleType

from guard import Answer, Mode, Policy, Settings, build
from guard.metrics import Metrics

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_another_backend_is_guarded_like_zep(tmp_path, registry):
    path = str(tmp_path / "memory.db")
    memory = load("own_backend").SqliteMemory(path)
    settings = Settings(base_mode=Mode.READ_WRITE, policy=Policy(context_ttl_s=0, read_timeout_ms=20))
    with build(settings, Metrics(registry), memory=memory) as guard:
        assert guard.fetch_context("t").answer is Answer.EMPTY
        for _ in range(2):
            assert guard.add_messages(
                "t", [{"role": "user", "content": "I like tea"}], client_msg_id="m1"
            ).stored
        assert guard.fetch_context("t").text == "- I like tea"
        with closing(sqlite3.connect(path)) as db:
            db.execute("BEGIN EXCLUSIVE")  # a backend that hangs
            reasons = [guard.fetch_context("t").trace["reason"] for _ in range(4)]
        assert reasons == ["timeout", "timeout", "timeout", "consecutive_failures"]
        assert guard.mode is Mode.WRITE_ONLY


def test_the_examples_are_clean_under_mypy_strict(tmp_path):
    argv = [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", str(tmp_path)]
    environ = {**os.environ, "MYPYPATH": str(EXAMPLES.parents[1])}
    examples = sorted(map(str, EXAMPLES.glob("*.py")))
    done = subprocess.run(
        [*argv, *examples], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_guard_is_marked_as_typed():
    assert (EXAMPLES.parents[1] / "guard" / "py.typed").exists()
