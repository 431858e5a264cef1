# Every task makes what it needs first; `make` alone lists them.
BIN := .venv/bin
PYTHONS := python3.12 python3.11 python3
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# One set of versions for every platform and both Pythons; the files name no package index.
LOCK := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
        --custom-compile-command 'make lock' pyproject.toml

# Tests on whole systems, of several processes that wait for each other: they run beside all others.
PAGES := tests/browser tests/monitoring
SERVICES := tests/services
BESIDE := $(PAGES) $(SERVICES)
# With the pages the files that are made to be watched, so that the three groups take about as long.
WATCHED := $(PAGES) tests/generate

# Of `make chaos`.
MINUTES := 10

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types contracts unit oracle browser monitoring services chaos bench bench-peers generate screenshots format lock kafka-jars clean

help: ## list the tasks
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 20

demo: .venv/.demo ## run the whole system here, on embedded parts (ARGS="--seconds 20")
	@$(BIN)/kpi demo $(ARGS)

test: .venv/.dev ## all checks and all tests
	@$(MAKE) --no-print-directory lint types contracts
	@# What those beside say comes behind, group by group.
	@said=$$(mktemp -d); running=; \
	$(BIN)/pytest $(WATCHED) >"$$said/1" 2>&1 & running="$$running $$!"; \
	$(BIN)/pytest $(SERVICES) >"$$said/2" 2>&1 & running="$$running $$!"; \
	$(BIN)/pytest $(patsubst %,--ignore %,$(WATCHED) $(SERVICES)); failed=$$?; \
	for group in $$running; do wait $$group || failed=1; done; \
	cat "$$said"/*; rm -rf "$$said"; exit $$failed

lint: .venv/.dev ## style of the code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.dev ## mypy --strict
	$(BIN)/mypy

contracts: .venv/.dev ## who may import whom
	$(BIN)/lint-imports

unit: .venv/.dev ## the fast tests
	$(BIN)/pytest $(BESIDE:%=--ignore %) --ignore tests/oracle --ignore tests/vectors --ignore tests/data

oracle: .venv/.dev ## readings against the same KPIs in SQL, worked examples and real files
	$(BIN)/pytest tests/oracle tests/vectors tests/data

browser: .venv/.dev ## the board's pages in a real Chromium
	$(BIN)/pytest tests/browser

monitoring: .venv/.dev ## rules and dashboards on a real Prometheus and Alertmanager, with a crisis
	$(BIN)/pytest tests/monitoring

services: .venv/.dev ## the tests on a real Kafka and a real Redis (Java and Maven)
	$(BIN)/pytest tests/services

chaos: .venv/.dev ## kill and cut workers, Redis and Kafka at random, and compare (MINUTES=10 SEED=..)
	@$(BIN)/python -m tests.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

bench: .venv/.dev ## speed, latency and memory of worker and board, into benchmarks/RESULTS.md (ARGS="throughput")
	@$(BIN)/python -m benchmarks $(ARGS)

bench-peers: .venv/.dev ## the same job by Kafka Streams, Quix and Faust (ARGS="--events 40000 --no-keep")
	@$(BIN)/python -m benchmarks.peers $(ARGS)

generate: .venv/.dev ## make the files that follow from the catalog anew
	@$(BIN)/kpi generate all

screenshots: .venv/.dev ## take the pictures in docs/images anew (Chromium)
	@$(BIN)/python -m tests.browser.screenshots

format: .venv/.dev ## bring the code into style
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

setup: .venv/.dev ## make .venv and install everything

lock: .venv/.dev ## take the newest versions into the lock files
	$(LOCK) --extra demo --extra tools --output-file requirements.lock
	$(LOCK) --extra demo --extra tools --extra grafana --extra dev --constraint requirements.lock --output-file requirements-dev.lock

kafka-jars: ## fetch Apache Kafka for the tests, outside the tree
	@scripts/kafka-jars

clean: ## remove all that was made here
	rm -rf .venv .kpi .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@for python in $(PYTHONS); do \
	    $$python -c '$(FITS)' 2>/dev/null || continue; \
	    $$python -m venv .venv && exit 0; \
	    rm -rf .venv; \
	done; \
	echo "Python 3.11 or 3.12 with its venv module is needed (Debian, Ubuntu: apt install python3-venv)." >&2; \
	exit 1

.venv/.demo: pyproject.toml requirements.lock | .venv/bin/python
	@echo "Installing; this takes less than a minute, and only the first time."
	@$(PIP) --requirement requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

.venv/.dev: .venv/.demo requirements-dev.lock
	@$(PIP) --requirement requirements-dev.lock
	@touch $@
