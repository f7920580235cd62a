# The two commands of the README are `make demo` and `make test`. `make help` prints the others.
# Everything runs in .venv, made here from hash-locked files; nothing outside this folder is touched, except that
# `make test` installs missing Debian packages when it may.

BIN := $(or $(VENV),.venv)/bin
WORKERS ?= 2
DATA ?= demo-data
PORT ?= 8080
TESTS ?= tests
EXAMPLES ?= 2000

# Compiled once and not again by each process that starts: some images switch that off.
unexport PYTHONDONTWRITEBYTECODE

.NOTPARALLEL:
.PHONY: help demo test lint check tests fuzz bench peers docs pins sizes clean

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile

demo: run ## install, make or open the demo district in ./demo-data, serve it on loopback
	@exec $(BIN)/doorstep demo --data $(DATA) --port $$($(BIN)/python tools/free_port.py $(PORT))

# Neither the linters nor the walk keep two processors busy, so they go side by side; each speaks when it is done.
test: needs dev ## everything CI runs: linters, the walk through the demo, all tests on both engines
	@walk=$$(mktemp); trap 'rm -f "$$walk"' EXIT; $(MAKE) --no-print-directory check > "$$walk" 2>&1 & walking=$$!; \
	$(MAKE) --no-print-directory lint; linted=$$?; wait $$walking; walked=$$?; cat "$$walk"; exit $$((linted | walked))
	@$(MAKE) --no-print-directory tests

lint: dev ## ruff, mypy (strict for the record), import contracts
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

check: dev ## walk through a demo of its own from outside and print each step
	$(BIN)/doorstep demo --check

tests: dev ## the tests alone; TESTS=tests/kernel/test_exact.py runs some of them
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

fuzz: dev ## the generated tests with a large budget; EXAMPLES=10000 sets it
	DOORSTEP_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n $(WORKERS) --timeout 0 -m "fuzz or hypothesis" \
		--hypothesis-profile=fuzz $(TESTS)

bench: dev ## every promise of speed, as a ratio to a floor measured in the same run
	@tools/needs bench
	$(BIN)/python -m bench

peers: dev ## the scenarios of another hospital system, run against a Doorstep of their own
	$(BIN)/python tools/peer_sekmet.py

docs: dev ## docs/workflows, access.md, rest-rules.md and measures.md, printed from what they say
	$(BIN)/python tools/workflows.py
	$(BIN)/python tools/access.py
	$(BIN)/python tools/rest_rules.py
	$(BIN)/python tools/measures.py

pins: dev ## pinned packages that are not the newest patch release of their line
	$(BIN)/python tools/pins.py

sizes: ## how big our files and functions are
	@python3 tools/sizes.py

clean: ## remove what was made here, demo data included
	rm -rf .venv demo-data build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: run dev needs
run:
	@tools/venv run
dev:
	@tools/venv dev
needs:
	@tools/needs tests
