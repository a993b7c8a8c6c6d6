# Two commands: `make book` and `make test`. Each prepares .venv by itself. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PROFILE ?= book
KEEP ?=
URL ?=
SITE ?= _build/html
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
RUN := $(BIN)/python
PYTEST := $(RUN) -m pytest
VISIT := $(PYTEST) -q -n 2 --dist worksteal -m "not slow" tests/site

.PHONY: help book test lint types unit chapters site visit check check-all bench plan serve lab clean lock set-repository links pdf archive

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

$(READY): requirements.txt constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install -q -r requirements.txt
	$(RUN) -m pip install -q --no-deps -e .
	touch $@

book: $(READY) ## run every chapter (PROFILE=book, or quick) and build _build/html
	$(RUN) -m tools.book --profile $(PROFILE)

test: lint types unit chapters site ## lint, types, unit tests, chapters in the quick profile, site checks

lint: $(READY) ## style, spelling, import floors, stripped notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell .
	$(BIN)/nbstripout --verify --keep-id chapters/*.ipynb
	$(BIN)/lint-imports
	$(RUN) -m tools.check_layout
	$(BIN)/check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema -q --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	$(BIN)/check-jsonschema -q --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --offline -q --config .github/zizmor.yml .github/workflows

types: $(READY) ## mypy
	$(BIN)/mypy

unit: $(READY) ## unit tests and doctests
	$(PYTEST) -q -n 2 --dist loadfile -m "not slow" --ignore=tests/site tests lrdecay_core tools

chapters: $(READY) ## execute the chapters as tests, quick profile
	LRDECAY_PROFILE=quick $(PYTEST) -q --nbmake --nbmake-timeout=900 --timeout=1800 --show-capture=no chapters

site: $(READY) chapters ## build the quick site into _build/quick, check it, and open every page in a browser
	$(RUN) -m tools.book --profile quick --output _build/quick
	LRDECAY_SITE=_build/quick/_build/html $(VISIT)

visit: $(READY) ## open every page of a built site in a browser, network blocked (SITE=_build/html)
	LRDECAY_SITE=$(SITE) $(VISIT)

check: test ## what CI runs: the tests, then a cold quick build of the book
	$(RUN) -m tools.book --profile quick --output _build/check

check-all: test ## weekly: also the slow tests, and every chapter executed anew
	LRDECAY_SITE=_build/quick/_build/html $(PYTEST) -q -m slow tests lrdecay_core
	$(RUN) -m tools.book --profile quick --output _build/check --fresh

PEERS := _build/peers

$(PEERS)/.ready: benchmarks/requirements.txt $(READY)
	rm -rf $(PEERS)
	$(RUN) -m pip install -q --no-deps --target $(PEERS) -r benchmarks/requirements.txt
	touch $@

bench: $(PEERS)/.ready ## measure against plain torch and JAX on one core, write benchmarks/results.json
	PYTHONPATH=$(PEERS) $(RUN) -m benchmarks

plan: $(READY) ## an example of the planner: the best decay step of a budget on the model
	$(RUN) -m lrdecay_core.experiments.model.budget_planner

serve: ## show _build/html at http://localhost:8000
	test -f _build/html/index.html || { echo "Nothing built yet: make book" >&2; exit 1; }
	$(PYTHON) -m http.server 8000 --bind 127.0.0.1 --directory _build/html

lab: $(READY) ## open the chapters in JupyterLab
	$(BIN)/jupyter lab chapters

clean: ## remove everything built and every kept execution, but not .venv
	rm -rf _build _generated .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

lock: ## rewrite constraints.txt and requirements.lock from a fresh resolve (KEEP=--keep: the hashes alone)
	$(PYTHON) -m tools.lock $(KEEP)

set-repository: $(READY) ## change the repository's address everywhere (URL=https://github.com/you/book)
	$(RUN) -m tools.repository $(URL)

links: $(READY) ## ask every external address of the book for an answer
	LRDECAY_PROFILE=quick $(RUN) -m tools.book --profile quick --output _build/links --builder linkcheck

pdf: book ## print the book to _build/archive/late-decay-book.pdf
	$(RUN) -m tools.archive --pdf

archive: book ## zip of the site and PDF with their SHA-256 in _build/archive
	$(RUN) -m tools.archive
