# Two commands do everything on a fresh machine with Python 3.11 or newer: make demo, make test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: help demo test install install-test install-train browser samba trace ocr lint types imports check unit soak fuzz model bench screenshots clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

demo: install ## run the real daemon on the sample contracts
	@$(BIN)/tclp-daemon demo

test: install-test browser samba trace ocr ## install what tests need, run all of them
	$(BIN)/python -m pytest -n 3 --dist worksteal

unit: install-test ## three minutes of tests that need no system package
	$(BIN)/python -m pytest -n auto --dist worksteal -m "smoke or not (daemon or slow or browser or samba or ocr or soak)"

$(VENV)/.created:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	touch $@

install: $(VENV)/.installed ## the package, into .venv

$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	touch $@

install-test: $(VENV)/.installed-test

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[test,lint]'
	touch $@

install-train: install-test
	$(PIP) install -c constraints.txt -e '.[train]'

browser: ## system packages for the browser tests: Chromium (apt) and axe-core (npm)
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
	@[ -e tests/browser/node_modules/axe-core/axe.min.js ] || npm install --silent --no-fund --no-audit --prefix tests/browser

samba: ## system packages for the share tests: Samba server and client (apt)
	@command -v smbd >/dev/null && command -v smbclient >/dev/null || { $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends samba smbclient >/dev/null; }

trace: ## strace (apt), for the test of the write order
	@command -v strace >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends strace >/dev/null; }

ocr: ## Tesseract (apt), for the tests of scans
	@command -v tesseract >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends tesseract-ocr >/dev/null; }

lint: install-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install-test
	$(BIN)/mypy

imports: install-test
	$(BIN)/lint-imports

check: lint types imports ## lint, types and import rules

soak: install-test ## 3,000 contracts, kills, faults and writers, with the real model
	$(BIN)/python -m benchmarks.soak

fuzz: install-test ## 10 minutes of mutated documents
	$(BIN)/python -m fuzz.readers --seconds 600

model: install-train ## train both embedded models from the corpus; MINE=DIR names real contracts
	$(BIN)/python -m training.train $(if $(MINE),--mine $(MINE))
	$(BIN)/python -m training.train_judge $(if $(MINE),--mine $(MINE))

bench: install-test ## the figures in the README
	$(BIN)/python -m benchmarks.daemon

screenshots: install-test browser ## take docs/screenshots, with the real daemon and the samples
	$(BIN)/python -m scripts.screenshots

clean: ## remove everything that make created
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/browser/node_modules
