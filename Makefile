.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MINUTES ?= 5
SEED ?= 7
READY := $(VENV)/.ready
PATHWAY := .cache/pathway
DOCS := .cache/docs
SITE := .cache/site

##@ Run

demo: $(READY) ## Run broker, worker, board and eight invented platforms, with a live table
	$(BIN)/safeclock demo

kafka: $(READY) ## Run Apache Kafka from its jars on loopback until interrupted (Java 17 and Maven)
	$(BIN)/python -m tests.tools.run_broker

##@ Develop

test: $(READY) ## Run the tests that need nothing but Python, in two processes (T=path for other tests)
	$(if $(T),$(BIN)/pytest -m "not slow" $(T),SAFECLOCK_TEST_BROKER=embedded $(BIN)/pytest tests/broker tests/unit \
	  -m "not slow and not long and not apache" --numprocesses 2 --dist loadfile --hypothesis-profile fast)

test-all: $(READY) ## Run every test that CI runs, with more examples for each property
	$(BIN)/pytest tests/unit -m "not slow" --numprocesses 2 --dist loadfile
	$(BIN)/pytest tests/broker tests/system tests/tools -m "not slow"

chaos: $(READY) ## Let workers and brokers fail at random (MINUTES=5 SEED=7; Java 17 and Maven)
	$(BIN)/python -W ignore -m tests.tools.chaos --minutes $(MINUTES) --seed $(SEED)

spoil: $(READY) ## Put spoilt record batches on Apache Kafka among good ones (BATCHES=100000 SEED=7; Java 17 and Maven)
	$(BIN)/python -W ignore -m tests.tools.spoil --batches $(or $(BATCHES),100000) --seed $(SEED)

lint: $(READY) ## Check style and format with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## Format the code, and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

check: lint ## Check style, types, import directions, generated files, pins and licences
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m tests.tools.generated
	$(BIN)/python -m tests.tools.supply

audit: $(READY) ## Ask PyPI for known weaknesses of what the lock file names (network)
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement requirements.lock

bench: $(READY) ## Time the ledger and the worker against their peers on this machine
	$(BIN)/python -m tests.tools.bench

bench-peers: $(READY) $(PATHWAY)/.ready ## Race the worker and five stream processors on Apache Kafka, and kill them half way
	$(BIN)/python -m tests.tools.bench.peers $(ARGS)

bench-scale: $(READY) ## Measure how far a worker and a board reach (ARGS="restore --ended 1000000"; Java 17 and Maven)
	$(BIN)/python -W ignore -m tests.tools.bench.scale $(ARGS)

fuzz: $(READY) ## Fuzz decoder, record batches, ledger and registry (T=decoder|batches|ledger|pack|registry, SECONDS=60)
	$(BIN)/python -m tests.tools.fuzz $(or $(T),decoder) --seconds $(or $(SECONDS),60) --corpus .cache/fuzz/$(or $(T),decoder)

generate: $(READY) ## Write all generated files
	$(BIN)/python -m tests.tools.generated --write

docs: $(DOCS)/.ready ## Build the documents as a site in .cache/site, and check every link
	$(DOCS)/bin/mkdocs build --strict --site-dir $(SITE)
	@echo "$(SITE)/index.html"

quiet: $(READY) ## Count who is told in a year without a fault (Prometheus; ARGS="--weeks 52 --platforms 50")
	$(BIN)/python -m tests.tools.quiet $(ARGS)

calibrate: $(READY) ## Calibrate the declared verdict by simulation, an hour on two cores (ARGS="--line power --runs 50 --write")
	$(BIN)/python -m tests.tools.calibrate $(ARGS)

lock: $(READY) ## Resolve all dependencies to their newest allowed versions
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile --group pathway --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet --upgrade --output-file tests/tools/bench/peers/pathway.lock
	$(BIN)/uv pip compile --group docs --universal --python-version 3.11 \
	  --generate-hashes --no-header --quiet --upgrade --output-file docs.lock

clean: ## Remove caches and built files; .venv and downloaded brokers stay
	rm -rf $(SITE) .cache/fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist *.egg-info
	find streams producers dashboards deploy tests -name __pycache__ -prune -exec rm -rf {} +

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
$(PATHWAY)/.ready: $(READY) tests/tools/bench/peers/pathway.lock
	test -x $(PATHWAY)/bin/python || $(PYTHON) -m venv $(PATHWAY)
	$(BIN)/uv pip install --quiet --python $(PATHWAY)/bin/python --require-hashes -r tests/tools/bench/peers/pathway.lock
	touch $(PATHWAY)/.ready

# The site is no part of the product: its packages stay out of requirements.lock, and so out of the image.
$(DOCS)/.ready: $(READY) docs.lock
	test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(BIN)/uv pip install --quiet --python $(DOCS)/bin/python --require-hashes -r docs.lock
	touch $(DOCS)/.ready

.PHONY: audit bench bench-peers bench-scale calibrate chaos check clean demo docs format fuzz generate help kafka lint lock quiet spoil
.PHONY: test test-all
