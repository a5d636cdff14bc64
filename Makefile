# make drill   break a local stack on purpose, watch the guard recover, leave reports/out/latest/index.html
# make test    the fast suite
# make stack   whole runs that must not end well: a broken guard, no fault, a kill in mid-fault
# make matrix  the drills as detectors: broken guards, each caught by the drill named for it
# make v3      the adapter's tests and the drills with zep-cloud 3.x, in an environment of its own
# make v1      the main drills with the API of the last self-hosted server
# make lint    style and types
#
# Everything lives in .venv; PYTHON=python3.12 picks another interpreter, ARGS="-k auth_401" goes to pytest.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: drill test stack matrix v3 v1 lint clean

drill: .venv/dev.stamp
	@echo "== drill: a local stack, forty-eight drills under load; about four minutes"
	@$(BIN)/pytest -m drill $(ARGS)

test: .venv/dev.stamp
	@echo "== test: the fast suite (drills are deselected); about nine minutes, five with ARGS='-n 2'"
	@$(BIN)/pytest $(ARGS)

stack: .venv/dev.stamp
	@echo "== stack: whole runs that must not end well (broken guards, kills, gates), and what takes long; about seven minutes"
	@$(BIN)/pytest -m stack $(ARGS)

matrix: .venv/dev.stamp
	@echo "== matrix: every broken guard in front of the drill that must catch it; about thirteen minutes, seven with ARGS='-n 2'"
	@$(BIN)/pytest -q -m matrix $(ARGS)

v3: .venv-v3/dev.stamp
	@echo "== v3: the adapter, the Zep double and the drills with zep-cloud 3.x; under a minute"
	@.venv-v3/bin/pytest -q tests/guard/zep tests/chaos/test_zep_v3.py tests/chaos/test_zep_v4.py
	@.venv-v3/bin/pytest -m drill -k "auth_401 or server_errors or timeouts or path or key_rotation" $(ARGS)

v1: .venv/dev.stamp
	@echo "== v1: the main drills in front of a self-hosted server's API; half a minute"
	@ZEP_API_PATH=/api/v1 $(BIN)/pytest -m drill -k "auth_401 or server_errors or timeouts or write_path" $(ARGS)

lint: .venv/dev.stamp
	@echo "== lint: ruff, then mypy --strict"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

.venv/dev.stamp: pyproject.toml | .venv/bin/python
	@echo "== install: zep-guard with all its tools into .venv, from PyPI; a minute or two, once"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@# The self-hosted Zep's own client, which the double must serve; it pins an httpx and a packaging of 2023.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'zep-python>=1.5,<2'
	@touch $@

.venv-v3/dev.stamp: pyproject.toml | .venv-v3/bin/python
	@echo "== install: the same with zep-cloud 3.x into .venv-v3"
	@.venv-v3/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' 'zep-cloud<4'
	@touch $@

.venv/bin/python .venv-v3/bin/python: %/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "zep-guard needs Python 3.11 or later as '$(PYTHON)': try make PYTHON=python3.12"; exit 1; }
	@echo "== install: a virtual environment in $*"
	@$(PYTHON) -m venv $* \
		|| { echo "cannot make $*: on Debian, apt-get install python3-venv"; rm -rf $*; exit 1; }

clean:
	rm -rf .venv .venv-v3 .venv-go .venv-node reports/out
