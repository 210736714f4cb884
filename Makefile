# make run: the app. make test: every test. Each sets up what it needs in .venv; only Python 3.11+ has to be there.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
# Tests wait more than they compute: four files at a time, even on two cores.
SPREAD = -n 4 --dist loadfile --no-loadscope-reorder
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Whatever the machine says elsewhere: hundreds of processes would each compile everything anew.
export PYTHONDONTWRITEBYTECODE =

PROMISES = $(patsubst %,tests/test_%.py,page ways generate_endpoint playback load notebook start service_account studio batch \
	lineage api api_content api_continue own_keys agents webhooks foreign_clients hostile_files uploads access guard limits queue ledger spend_api commands recovery library \
	check checking export database quota faults faults_cancel faults_here faults_network films kills state_machine)

AUDIT = $(VENV)-audit
LOCK = $(AUDIT)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
	--python-version 3.11
LICENCES = Apache;MIT;BSD;ISC;MPL-2.0;Mozilla Public License;PSF;HPND;LGPL-3.0;CC0-1.0;0BSD;Zlib

.PHONY: run test test-cluster quick lint tools bench docs screenshots smoke-live lock audit clean

run: $(VENV)/runs
	$(BIN)/python app.py

test:
	$(MAKE) --jobs=2 lint tools
	$(BIN)/python -m pytest $(SPREAD) --durations=10

# What one machine promises, kept by web and two workers on PostgreSQL, Azurite and Redis.
# On Azure Queue Storage: make test-cluster STUDIO_PARTS=azure.
test-cluster: tools
	STUDIO_PARTS=$(or $(STUDIO_PARTS),redis) $(BIN)/python -m pytest $(SPREAD) --durations=10 $(PROMISES)

quick: $(VENV)/tests
	$(BIN)/python -m pytest $(SPREAD) -m "not browser and not slow"

lint: $(VENV)/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

tools: $(VENV)/tests
	$(BIN)/python -m tests.tools install

bench: $(VENV)/tests
	$(BIN)/python -m benchmarks

docs: $(VENV)/tests
	$(BIN)/python -m mkdocs --quiet build --strict
	@echo "The pages begin at site/index.html."

# The pictures of docs/, drawn anew from the app as it is.
screenshots: $(VENV)/tests
	$(BIN)/python -m tests.screenshots

# One real video at the lowest price there is, at most $0.10; asks first.
smoke-live: $(VENV)/runs
	$(BIN)/python -m tests.smoke_live

# Every package that runs, to the last byte. Newer ones: make lock LOCK_MORE=--upgrade.
lock: $(AUDIT)/done
	$(LOCK) $(LOCK_MORE) requirements-production.txt -o requirements-production.lock
	$(LOCK) $(LOCK_MORE) --constraint requirements-production.lock requirements.txt -o requirements.lock

# Licences, secrets, the bill of materials, and known holes where PyPI's own list can be asked:
# a mirror knows none, not even those of an old Jinja. CI always asks.
audit: $(VENV)/tests $(AUDIT)/done
	$(AUDIT)/bin/pip-licenses --python $(BIN)/python --from mixed --partial-match --allow-only "$(LICENCES)" \
		--packages $$(sed -n 's/^\([A-Za-z0-9._-]*\)\(\[.*\]\)\{0,1\}==.*/\1/p' requirements-production.lock) > /dev/null
	git ls-files -z | xargs -0 $(AUDIT)/bin/detect-secrets-hook --baseline .secrets.baseline
	$(AUDIT)/bin/cyclonedx-py requirements requirements-production.lock --output-file sbom.json
	@if echo jinja2==2.10 | $(AUDIT)/bin/pip-audit --no-deps --disable-pip --requirement /dev/stdin 2>/dev/null | grep -q "^jinja2 *2.10"; \
	then $(AUDIT)/bin/pip-audit --require-hashes --disable-pip --requirement requirements-production.lock; \
	else echo "NOT LOOKED FOR: known holes. PyPI's list of them can't be reached from here; CI asks it."; fi

clean:
	rm -rf $(VENV) $(AUDIT) site sbom.json .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Veo Studio needs Python 3.11 or newer: make PYTHON=python3.13 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/runs: requirements.txt | $(BIN)/python
	@echo "Setting up $(VENV): a minute or so, the first time."
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/tests: requirements.txt requirements-production.txt requirements-agents.txt requirements-docs.txt requirements-dev.txt | $(BIN)/python
	@echo "Setting up $(VENV) for the tests: a minute or so, the first time."
	$(PIP) "$$(grep -o '^uv[^ ]*' requirements-dev.txt)"
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements-dev.txt || $(PIP) -r requirements-dev.txt
	@touch $(VENV)/runs $@

$(AUDIT)/done: requirements-audit.txt | $(BIN)/python
	$(BIN)/python -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	@touch $@
