# Two commands are enough: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export PATH := $(CURDIR)/$(BIN):$(PATH)

PAGE_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench bench-ingest bench-storage bench-page bench-nation realism accuracy faults lock clean

help: ## What can be made, a line each
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(VENV)/.installed api/page/index.html buswatch/broker/node_modules ## All that running needs: Python parts, page, embedded broker

demo: install ## A city of 1,058 simulated buses, live; ARGS='--for 60s --json' ends by itself
	@$(BIN)/buswatch demo $(ARGS)

test: check ## Every check and every test; installs what the tests need
	@tests/run $(ARGS)

check: $(VENV)/.installed-dev api/page/index.html buswatch/broker/node_modules ## Style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests benchmarks
	$(BIN)/lint-imports
	cd web && npm run --silent check

bench: $(VENV)/.installed-dev ## How fast the detector is, beside what it could be
	$(BIN)/python -m benchmarks.detector $(ARGS)

bench-ingest: $(VENV)/.installed-dev buswatch/broker/node_modules ## Fixes/s from the broker to the commit, beside what the parts do alone; some 4 minutes
	$(BIN)/python -m benchmarks.ingest $(ARGS)

bench-storage: $(VENV)/.installed-dev ## How fast the questions of people are over 100 million positions; half an hour
	$(BIN)/python -m benchmarks.storage $(ARGS)

bench-page: $(VENV)/.installed-dev api/page/index.html ## How light the control-room page is in a browser, with 1,058 and 10,000 buses; some 5 minutes
	$(BIN)/python -m benchmarks.page $(ARGS)

realism: $(VENV)/.installed-dev ## The simulated fleet beside traces of yours: ARGS='ride.gpx more.csv'
	@$(BIN)/python -m benchmarks.realism $(ARGS)

bench-nation: $(VENV)/.installed-dev ## How fast 200,000 buses are simulated on one core, beside how fast they report; two minutes
	$(BIN)/python -m benchmarks.nation $(ARGS)

accuracy: $(VENV)/.installed ## What the detector finds, misses and raises falsely in simulated fleet-hours
	@$(BIN)/buswatch evaluate $(ARGS)

faults: $(VENV)/.installed-dev buswatch/broker/node_modules ## Kills, stops, hangs and fills under 2,000 fixes/s, some 6 minutes: is all accounted for?
	@$(BIN)/python -m tests.faults $(ARGS)

lock: $(VENV)/.python ## Choose the newest versions that pyproject.toml allows and write them down
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade \
	    --group build pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --upgrade \
	    --constraint requirements/run.txt --group build --group dev pyproject.toml -o requirements/dev.txt

clean: ## Remove all that was installed or built
	rm -rf $(VENV) api/page web/node_modules buswatch/broker/node_modules *.egg-info

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Buswatch needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.python requirements/run.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@echo "compiling the detector, about a minute"
	@$(BIN)/python -m buswatch.ahead
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/dev.txt
	@touch $@

buswatch/broker/node_modules: $(VENV)/.installed buswatch/broker/package-lock.json
	cd buswatch/broker && npm ci --silent
	@touch $@

web/node_modules: $(VENV)/.installed web/package-lock.json
	cd web && npm ci --silent
	@touch $@

api/page/index.html: web/node_modules $(PAGE_SOURCES)
	cd web && npm run --silent build
