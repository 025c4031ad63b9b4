# Every target sets up what it needs. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
LOCKER := build/locker
PEERS := tests/interop/peers/node_modules/.package-lock.json
SUITE := tests/interop/peers/suite/node_modules/.package-lock.json

# The first interpreter that is new enough; `make PYTHON=/path/to/python setup` chooses another.
# Recursive on purpose: nothing is searched once the environment stands.
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13,$(shell \
	$(name) -c 'import sys; sys.version_info >= (3, 11) and print(sys.executable)' 2>/dev/null)))

SEED ?= 1
SOAK_MINUTES ?= 30

# Runs pytest on the folders of $(1) that exist, with the options $(2). Exit code 5 is pytest's
# word for "no tests here", which is no failure of a folder that holds none yet.
pytest = folders="$(wildcard $(1))"; \
	[ -z "$$folders" ] || $(RUN) -m pytest $(2) $$folders || [ $$? -eq 5 ]

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## make the environment, and install what the tests drive if that can be done
	@configs/setup-system.sh test || [ $$? -eq 3 ]
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory peers

.PHONY: system
system:
	@configs/setup-system.sh test
	@$(MAKE) --no-print-directory peers

# PouchDB, a server of its family and an old suite of its tests, of exactly the versions and
# contents that were tested.
.PHONY: peers
peers: $(PEERS) $(SUITE)

$(PEERS) $(SUITE): %/node_modules/.package-lock.json: %/package-lock.json
	@cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(READY): requirements.lock pyproject.toml
	@[ -n "$(PYTHON)" ] || { \
	  echo "setup: Python 3.11 or newer is needed (Debian: apt-get install python3)" >&2; exit 1; }
	@configs/setup-system.sh venv "$(PYTHON)"
	@$(RUN) -c 'import pip' 2>/dev/null || "$(PYTHON)" -m venv --clear $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: lock
lock: $(READY) ## resolve requirements.in into requirements.lock
	@[ -x $(LOCKER)/bin/uv ] || { $(RUN) -m venv $(LOCKER) && $(LOCKER)/bin/pip install --quiet uv; }
	$(LOCKER)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  requirements.in --output-file requirements.lock

.PHONY: format
format: $(READY) ## format the code and mend what ruff can mend
	$(RUN) -m ruff format
	$(RUN) -m ruff check --fix

.PHONY: lint
lint: $(READY) ## format, style and import directions
	$(RUN) -m ruff format --check
	$(RUN) -m ruff check
	$(VENV)/bin/lint-imports --no-logo

.PHONY: types
types: $(READY) ## mypy, strict
	$(RUN) -m mypy

# `make test T=tests/unit/sync/test_push.py::test_name` runs that alone.
.PHONY: test
ifdef T
test: $(READY) system
	$(RUN) -m pytest $(T)
else
test: lint types fast slow ## everything: lint, types and every test (T=path runs one)
endif

.PHONY: check
check: test ## the same, under the name that many look for

.PHONY: unit property architecture
unit: $(READY) ## fast tests of single modules
	@$(call pytest,tests/unit)

property: $(READY) ## laws, with Hypothesis
	@$(call pytest,tests/property)

architecture: $(READY) ## imports, tidiness, documentation, packaging
	@$(call pytest,tests/architecture)

# What `make test` runs: the fast folders in one process, then the slow ones on both cores in one
# run, so that neither worker waits for the other between two folders.
.PHONY: fast slow
fast: $(READY)
	@$(call pytest,tests/unit tests/property tests/architecture)

slow: $(READY) system
	@{ $(call pytest,tests/simulation tests/interop tests/e2e,-n 2); } || { \
	  echo "slow: what failed beside other work is tried once more, alone" >&2; \
	  $(call pytest,tests/simulation tests/interop tests/e2e,--last-failed); }

.PHONY: interop e2e
interop: $(READY) system ## every store and transport, golden bytes, real peers
	@$(call pytest,tests/interop,-n 2)

e2e: $(READY) system ## the programs as processes, and a browser
	@$(call pytest,tests/e2e,-n 2)

.PHONY: sim
sim: $(READY) ## one simulated history: make sim SEED=8841
	$(RUN) -m simulation --seed $(SEED)

.PHONY: soak
soak: $(READY) ## simulated histories from random seeds for SOAK_MINUTES (30)
	@end=$$((SECONDS + 60 * $(SOAK_MINUTES))); count=0; \
	while [ $$SECONDS -lt $$end ]; do \
	  seed=$$((RANDOM * 32768 + RANDOM)); \
	  $(RUN) -m simulation --seed $$seed || { echo "soak: replay with make sim SEED=$$seed" >&2; exit 1; }; \
	  count=$$((count + 1)); \
	done; echo "soak: $$count histories, all sound"

.PHONY: demo
demo: $(READY) ## a real four-tier piece of Tianjin Hexi on this machine (ONCE=1: a scripted day)
	$(RUN) -m postroad.demo $(if $(ONCE),--once)

.PHONY: bench
bench: $(READY) ## the measurements behind the figures in the documentation
	$(RUN) -m benchmarks

.PHONY: clean
clean: ## remove what the other targets made, the environment included
	rm -rf $(VENV) build *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
