# make run: the app. make test: every test. Each sets up what it needs in .venv; only Python 3.11+ has to be there.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Tests wait more than they compute: four files at a time, even on two cores.
SPREAD = -n 4 --dist loadfile --no-loadscope-reorder
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test quick lint bench docs smoke-live clean

run: $(VENV)/runs
	$(BIN)/python app.py

test: lint
	$(BIN)/python -m tests.tools install
	$(BIN)/python -m pytest $(SPREAD) --durations=10

quick: $(VENV)/tests
	$(BIN)/python -m pytest $(SPREAD) -m "not browser and not slow"

lint: $(VENV)/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/tests
	$(BIN)/python -m benchmarks

docs: $(VENV)/tests
	$(BIN)/python -m mkdocs --quiet build --strict
	@echo "The pages begin at site/index.html."

# One real video at the lowest price there is, at most $0.10; asks first.
smoke-live: $(VENV)/runs
	$(BIN)/python -m tests.smoke_live

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Veo Studio needs Python 3.11 or newer: make PYTHON=python3.13 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/runs: requirements.txt | $(BIN)/python
	@echo "Setting up $(VENV): a minute or so, the first time."
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/tests: requirements.txt requirements-production.txt requirements-agents.txt requirements-docs.txt requirements-dev.txt | $(BIN)/python
	@echo "Setting up $(VENV) for the tests: a minute or so, the first time."
	$(PIP) -r requirements-dev.txt
	@touch $(VENV)/runs $@
