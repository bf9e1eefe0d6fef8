.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 5
SEED ?= 7
READY := $(VENV)/.ready
PATHWAY := .cache/pathway

##@ Run

demo: $(READY) ## Watch eight invented platforms being measured: broker, worker, board and a live table
	$(BIN)/safeclock demo

kafka: $(READY) ## Run Apache Kafka from its jars on loopback until interrupted (Java 17 and Maven)
	$(BIN)/python -m tests.brokers

##@ Develop

test: $(READY) ## Run the tests that need nothing but Python (T=path for some of them)
	$(BIN)/pytest -m "not slow" $(T)

chaos: $(READY) ## Let workers and brokers fail at random (MINUTES=5 SEED=7; Java 17 and Maven)
	$(BIN)/python -W ignore -m tests.failures --minutes $(MINUTES) --seed $(SEED)

spoil: $(READY) ## Put spoilt record batches on Apache Kafka among good ones (BATCHES=100000 SEED=7; Java 17 and Maven)
	$(BIN)/python -W ignore -m tests.chain.attack --batches $(or $(BATCHES),100000) --seed $(SEED)

check: $(READY) ## Lint, types, arrows between folders, generated files, what we take from others
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.generated
	$(BIN)/python -m tests.supply

audit: $(READY) ## Ask PyPI for known weaknesses of what the lock file names (network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement requirements.lock

bench: $(READY) ## Time the ledger and the worker against their peers on this machine
	$(BIN)/python -m tests.bench

bench-peers: $(READY) $(PATHWAY)/.ready ## Race the worker and five stream processors on Apache Kafka, and kill them half way
	$(BIN)/python -m tests.bench.peers $(ARGS)

bench-scale: $(READY) ## Measure how far a worker and a board reach (ARGS="restore --ended 1000000"; Java 17 and Maven)
	$(BIN)/python -W ignore -m tests.bench.scale $(ARGS)

fuzz: $(READY) ## Fuzz decoder, record batches, ledger and registry (T=door|batches|law|pack|registry, SECONDS=60)
	$(BIN)/python -m tests.fuzz $(or $(T),door) --seconds $(or $(SECONDS),60) --corpus .cache/fuzz/$(or $(T),door)

generate: $(READY) ## Write every generated file anew
	$(BIN)/python -m tests.generated --write

quiet: $(READY) ## Count who is told in a year without a fault (Prometheus; ARGS="--weeks 52 --platforms 50")
	$(BIN)/python -m tests.dashboards.quiet $(ARGS)

lock: $(READY) ## Resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile --group pathway --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet --upgrade --output-file tests/bench/peers/pathway.lock

##@ Help

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Safeclock needs Python 3.11 or newer; set PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $(READY)

# Pathway brings a hundred packages, some of them older than those of ours: it gets an environment of its own.
$(PATHWAY)/.ready: $(READY) tests/bench/peers/pathway.lock
	test -x $(PATHWAY)/bin/python || $(PYTHON) -m venv $(PATHWAY)
	$(BIN)/uv pip install --quiet --python $(PATHWAY)/bin/python --require-hashes -r tests/bench/peers/pathway.lock
	touch $(PATHWAY)/.ready

.PHONY: audit bench bench-peers bench-scale chaos check demo fuzz generate help kafka lock quiet spoil test
