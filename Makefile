# Everything lives in .venv, made on first need from Python $(PYTHON) and the locks.
# The files .venv/.* are stamps: what stands is not installed again until its source changes.

PYTHON ?= python3
PORT ?= 8000
PYTEST_ARGS ?=
LOCK_ARGS ?=
BENCH_ARGS ?=
TIMES ?= 20

BIN := .venv/bin
# Bytecode is left to the first import: compiling all of it takes longer than installing.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
PYTHON_IS = `$(PYTHON) -c 'import platform; print(platform.python_version())' 2> /dev/null || echo missing`

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check accuracy schema lint-schema release-schema release audit docs graphiql studio snippet bench bench-ingest bench-queries bench-growth bench-cost bench-series bench-holds bench-abuse bench-requests bench-observing bench-rest bench-subscribers bench-profile bench-deleting soak differential lock clean bench-import crash bench-studio bench-first-figures bench-beside bench-new-documents

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/.project ## serve a demo studio on 127.0.0.1; PORT=8000
	@$(BIN)/viewgraph demo --port $(PORT)

# One more than CI has cores: servers, browsers and the ends of intervals are waited for.
test: .venv/.dev ## all tests, on SQLite and PostgreSQL; PYTEST_ARGS="-k views -x"
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist worksteal $(PYTEST_ARGS)

check: .venv/.dev ## format, lint, types, imports, lengths, schema.graphql, its changes and migrations
	@echo "Checking lint and format"
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --diff
	@echo "Checking types"
	@$(BIN)/mypy
	@echo "Checking imports"
	@$(BIN)/lint-imports --no-logo
	@echo "Checking circles, lengths and dependencies"
	@$(BIN)/python -m bench.limits
	@echo "Checking schema.graphql"
	@$(BIN)/viewgraph schema > .venv/schema.graphql
	@diff -u schema.graphql .venv/schema.graphql || { echo "schema.graphql is not current: run make schema"; exit 1; }
	@echo "Checking what changed since the last release"
	@$(BIN)/viewgraph schema --compare releases
	@echo "Checking migrations"
	@$(BIN)/viewgraph migrate --check

schema: .venv/.project ## write schema.graphql anew
	@$(BIN)/viewgraph schema > .venv/schema.graphql
	@mv .venv/schema.graphql schema.graphql

lint-schema: schema-lint/node_modules ## lint schema.graphql; needs Node.js 20.19 or newer with npm
	@schema-lint/node_modules/.bin/eslint --config schema-lint/eslint.config.js --max-warnings 0 schema.graphql

release-schema: .venv/.project ## keep the schema of a release, if it breaks no client; VERSION=1.2.3
	@echo "$(VERSION)" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+' || { echo "Name the release: make release-schema VERSION=1.2.3"; exit 1; }
	@test ! -e releases/$(VERSION).graphql || { echo "$(VERSION) was released before"; exit 1; }
	@$(BIN)/viewgraph schema --compare releases
	@$(BIN)/viewgraph schema > .venv/schema.graphql
	@mv .venv/schema.graphql releases/$(VERSION).graphql

release: .venv/.dev ## make what is published of a version: distributions that install, hashes, a bill of materials; VERSION=1.2.3
	@$(BIN)/python -m releasing $(VERSION)

audit: .venv/.dev ## look for known weaknesses of what is installed; needs a registry that knows them
	@$(BIN)/uv --quiet tool run --from pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

docs: .venv/.project ## write docs/reference/settings.md and docs/reference/figures.md anew
	@$(BIN)/python -m server.settings_reference > .venv/settings.md
	@mv .venv/settings.md docs/reference/settings.md
	@$(BIN)/python -m figures.reference > .venv/figures.md
	@mv .venv/figures.md docs/reference/figures.md

graphiql: ## build GraphiQL anew from graphiql/; needs Node.js 20.19 or newer with npm
	@cd graphiql && npm ci --no-audit --no-fund && npm run build

studio: ## build the studio anew from studio/; needs Node.js 20.19 or newer with npm
	@cd studio && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build

snippet: ## build viewer.js anew from snippet/; needs Node.js 20.19 or newer with npm
	@cd snippet && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build

bench: .venv/.dev ## Viewgraph beside other servers, as tables; needs wrk and npm; BENCH_ARGS="--tree ../older --tree ."
	@$(BIN)/python -m bench.peers $(BENCH_ARGS)

bench-ingest: .venv/.dev ## how fast events come in, on both engines; BENCH_ARGS="--rounds 1"
	@$(BIN)/python -m bench.ingest $(BENCH_ARGS)

bench-import: .venv/.dev ## CPU of an import beside plain sqlite3 and DuckDB, of the same file; BENCH_ARGS="--events 200000"
	@$(BIN)/python -m bench.import_ $(BENCH_ARGS)

bench-beside: .venv/.dev ## how long a server's own events take beside an import into the same SQLite file; BENCH_ARGS="--events 100000"
	@$(BIN)/python -m bench.beside $(BENCH_ARGS)

bench-queries: .venv/.dev ## time what dashboards ask of 10 million events; BENCH_ARGS="--events 200000"
	@$(BIN)/python -m bench.queries $(BENCH_ARGS)

bench-growth: .venv/.dev ## measure how reads grow with 1, 10 and 100 million events; BENCH_ARGS="--engine sqlite"
	@$(BIN)/python -m bench.growth $(BENCH_ARGS)

bench-holds: .venv/.dev ## measure how long the heaviest requests hold the event loop
	@$(BIN)/python -m bench.holds $(BENCH_ARGS)

bench-cost: .venv/.dev ## CPU per unit of cost, of each field of the schema; BENCH_ARGS="--runs 9"
	@$(BIN)/python -m bench.cost $(BENCH_ARGS)

bench-series: .venv/.dev ## CPU and memory of 146,200 points of a series; BENCH_ARGS="--tree . --tree ../other"
	@$(BIN)/python -m bench.series $(BENCH_ARGS)

bench-studio: .venv/.dev ## CPU of the studio's views by time zone, on both engines; BENCH_ARGS="--tree ../older --tree ."
	@$(BIN)/python -m bench.studio $(BENCH_ARGS)

bench-first-figures: .venv/.dev ## how long a visitor waits for the studio's first figures, in Chromium; BENCH_ARGS="--loads 30"
	@$(BIN)/python -m bench.first_figures $(BENCH_ARGS)

bench-abuse: .venv/.dev ## what one client feels of another's abuse; BENCH_ARGS="--engine sqlite --only series"
	@$(BIN)/python -m bench.abuse $(BENCH_ARGS)

bench-deleting: .venv/.dev ## what others feel while an organization with a million events is deleted; BENCH_ARGS="--engine sqlite"
	@$(BIN)/python -m bench.deleting $(BENCH_ARGS)

bench-requests: .venv/.dev ## CPU that a request takes, on both engines; BENCH_ARGS="--tree ../older --tree ."
	@$(BIN)/python -m bench.requests $(BENCH_ARGS)

bench-observing: .venv/.dev ## CPU that metrics and traces add to a request, on both engines; BENCH_ARGS="--rounds 9"
	@$(BIN)/python -m bench.observing $(BENCH_ARGS)

bench-rest: .venv/.dev ## CPU of each REST route beside that of the GraphQL request that it stands for
	@$(BIN)/python -m bench.rest $(BENCH_ARGS)

bench-subscribers: .venv/.dev ## what it takes until 2,000 subscribers are told of a like, on both engines; BENCH_ARGS="--tree ../older --tree ."
	@$(BIN)/python -m bench.subscribers $(BENCH_ARGS)

bench-new-documents: .venv/.dev ## memory and CPU of documents that were never seen before; BENCH_ARGS="--documents 3000"
	@$(BIN)/python -m bench.new_documents $(BENCH_ARGS)

bench-profile: .venv/.dev ## where the CPU of a request goes, on both engines; needs wrk; BENCH_ARGS="--engine sqlite"
	@$(BIN)/python -m bench.profile $(BENCH_ARGS)

accuracy: .venv/.dev ## how rightly bots and devices are told; BENCH_ARGS="--tree ../other --tree . --isbot ../isbot"
	@$(BIN)/python -m bench.accuracy $(BENCH_ARGS)

differential: .venv/.dev ## many random queries, answered alike by plans and by GraphQL's executor; TIMES=20
	@VIEWGRAPH_TEST_TIMES=$(TIMES) $(BIN)/pytest -n 2 tests/execution/test_differential.py

soak: .venv/.dev ## minutes of mixed load with faults in between; BENCH_ARGS="--engine sqlite --seconds 60"
	@$(BIN)/python -m bench.soak $(BENCH_ARGS)

crash: TIMES = 5
crash: .venv/.dev ## kill servers and crash PostgreSQL while clients write, 100 times each; TIMES=1 for 20
	@VIEWGRAPH_TEST_TIMES=$(TIMES) $(BIN)/pytest -n 2 tests/crash

# Pins stay as they are unless pyproject.toml forbids them.
LOCK = $(BIN)/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(LOCK_ARGS)
lock: .venv/.dev ## pin what pyproject.toml asks for; LOCK_ARGS=--upgrade for the newest
	@$(LOCK) --group build --output-file requirements.lock pyproject.toml
	@$(LOCK) --group dev --constraints requirements.lock --output-file requirements-dev.lock pyproject.toml

clean: ## remove .venv and caches, but no database
	@rm -rf .venv build dist graphiql/node_modules studio/node_modules studio/src/gql schema-lint/node_modules snippet/node_modules examples/clients/node_modules src/*.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests -name __pycache__ -prune -exec rm -rf {} + 2> /dev/null || true

schema-lint/node_modules: schema-lint/package-lock.json
	@cd schema-lint && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { echo \
		"Viewgraph needs Python 3.11 or newer; $(PYTHON) is $(PYTHON_IS). Name another: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo \
		"$(PYTHON) cannot make environments; on Debian and Ubuntu, install python3-venv." >&2; exit 1; }
	@echo "Making .venv with `$(PYTHON) --version`"
	@$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.runtime: requirements.lock .venv/.made
	@echo "Installing what Viewgraph needs (requirements.lock)"
	@$(PIP) --require-hashes --requirement requirements.lock
	@touch $@

# What is compiled once is not compiled at each start, which would take three times as long.
.venv/.project: pyproject.toml .venv/.runtime
	@echo "Installing Viewgraph itself"
	@$(PIP) --no-deps --no-build-isolation --editable .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'import server.app, server.commands.cli, server.commands.demo, server.migrations'
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.project
	@echo "Installing what its tests and checks need (requirements-dev.lock)"
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -c 'import hypothesis.strategies, openpyxl, playwright.async_api, pytest'
	@touch $@
