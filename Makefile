# All that is done here by name; `make help` lists it. Needs make, bash and Python 3.11 or newer, and nothing
# else: .venv is made from the lock when it is missing or when the lock has changed.

RUN := .venv/bin/python -m
ARGS ?=
# Most tests wait for a database, a browser or a clock: twice as many processes as cores.
PROCESSES ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
# A process that has no tests left takes some of another's. Dealt out as by default, the last ended a minute later.

# pytest rewrites the asserts of each test file, in each process: half of what it takes to collect them, unless kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help sandbox test soak check lint types imports format bench languages lock venv clean runtime

help:  ## show this list
	@echo "Mudda. Usage: make TARGET [ARGS='more arguments for the command']"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

sandbox: runtime  ## try Mudda in the browser: a Slack, a Gemini and a town, all on this machine
	@exec $(RUN) bot sandbox $(ARGS)

test: venv  ## run the tests, in random order (ARGS='tests/unit -k cycle' for some)
	@$(RUN) pytest --numprocesses=$(PROCESSES) --dist=worksteal -m "not soak" $(ARGS)

soak: venv  ## run what takes long: kills, storms, large runs; and look for new counterexamples
	@$(RUN) pytest --numprocesses=$(PROCESSES) --dist=worksteal -m "soak or hypothesis" -o faulthandler_timeout=1800 --hypothesis-profile=explore $(ARGS)

check: lint types imports  ## lint, types and import rules

lint: venv  ## style, by ruff
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .

types: venv  ## types, by mypy --strict
	@$(RUN) mypy

imports: venv  ## who may import whom, by import-linter
	@.venv/bin/lint-imports --no-logo

format: venv  ## lay out the code and repair what ruff can
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: venv  ## run the benchmarks, one after the other, and print their tables (ARGS=ack for bench_ack.py)
	@set -e; for bench in $(basename $(notdir $(wildcard tests/bench/bench_$(or $(ARGS),*).py))); do \
		echo "== $$bench"; $(RUN) tests.bench.$$bench; \
	done

languages: venv  ## bring the catalogs of translations up to date with what the code says
	@$(RUN) tests.support.catalogs

lock:  ## pin the dependencies of pyproject.toml again (ARGS=--upgrade for newer ones)
	@scripts/lock $(ARGS)

venv:  ## make .venv with all that development needs
	@scripts/venv requirements-dev.lock

# Enough to run: a third less to download than what the tests need.
runtime:
	@scripts/venv requirements.lock

clean:  ## remove .venv and everything else that can be made again (not .mudda, where the data is)
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
