# One command per job: `make demo` to see tracehub, `make test` to check a change.

PYTHON ?= python3
TESTS ?= tests
DAYS ?= 6
WORKERS ?= auto
BROWSER ?= yes

VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
SOURCES := $(wildcard tracehub tests migrations benchmarks)
FONTS := fonts-dejavu-core fonts-noto-cjk fonts-noto-color-emoji

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-receivers test-weeks bench bench-ui bench-proxy bench-alerts bench-export screenshots nginx protoc format lock clean dev checks check-format check-lint check-types check-floors chromium node

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(VENV)/.installed ## Serve demo data on http://127.0.0.1:8321
	@$(BIN)/tracehub demo

test: ## Set up what tests need, then check format, lint, types and floors, and run all tests
	@$(MAKE) --no-print-directory $(VENV)/.installed-dev $(if $(filter yes,$(BROWSER)),chromium) node protoc
	@$(MAKE) --no-print-directory --jobs=4 --keep-going --output-sync=target checks
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup $(if $(filter yes,$(BROWSER)),,-m "not browser") $(TESTS)

test-receivers: $(VENV)/.installed-dev protoc ## Export to Datadog's test agent, Phoenix and MLflow, and compare what they stored
	@TRACEHUB_TEST_RECEIVERS=yes $(BIN)/pytest tests/receivers

test-weeks: $(VENV)/.installed-dev ## Let days of traffic with incidents pass through alerting, to real receivers
	@$(BIN)/python -m tests.alerting.arriving $(DAYS)

bench: $(VENV)/.installed-dev ## Measure speed and size beside their floors
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.collect
	@$(BIN)/python -m benchmarks.recorder

bench-ui: $(VENV)/.installed-dev ## Measure pages in Chromium beside their aims and beside Phoenix
	@$(MAKE) --no-print-directory chromium
	@$(BIN)/python -m benchmarks.ui
	@$(BIN)/python -m benchmarks.live

screenshots: $(VENV)/.installed-dev ## Take pictures of every page in each of its states
	@$(MAKE) --no-print-directory chromium
	@$(BIN)/python -m tests.browser.screenshots

bench-proxy: $(VENV)/.installed-dev nginx ## Measure the proxy beside direct calls and nginx
	@$(BIN)/python -m benchmarks.proxy

bench-alerts: $(VENV)/.installed-dev ## Measure a thousand alert rules beside the reads they need
	@$(BIN)/python -m benchmarks.alerting

bench-export: $(VENV)/.installed-dev ## Measure the export beside OpenTelemetry's SDK and bare protobuf
	@$(BIN)/python -m benchmarks.export
	@$(BIN)/python -m benchmarks.export_whole

format: $(VENV)/.installed-dev ## Format the code and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

lock: ## Take the newest versions of everything and write them down
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip --disable-pip-version-check --quiet install -e '.[dev]'
	{ head -n 1 $(LOCK); $(VENV)-lock/bin/python -m pip freeze --exclude-editable; } > $(LOCK).new
	mv $(LOCK).new $(LOCK)
	rm -rf $(VENV)-lock

clean: ## Remove the environment, builds and caches (databases stay)
	rm -rf $(VENV) .receivers dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev: $(VENV)/.installed-dev

checks: check-format check-lint check-types check-floors

check-format:
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo 'format: run `make format`'; exit 1; }

check-lint:
	@$(BIN)/ruff check $(SOURCES)

check-types:
	@$(BIN)/mypy

check-floors:
	@$(BIN)/lint-imports --no-logo

# The exact versions of requirements/dev.txt, from wherever this machine's pip is told to look.
$(VENV)/.installed: pyproject.toml $(LOCK) $(BIN)/python
	@echo 'Installing tracehub into $(VENV) ...'
	@$(PIP) install -c $(LOCK) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(LOCK) $(BIN)/python
	@echo 'Installing tracehub and its development tools into $(VENV) ...'
	@$(PIP) install -c $(LOCK) -e '.[dev]'
	@touch $@ $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo 'tracehub needs Python 3.11 or newer; name one with `make PYTHON=python3.12 ...`' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo 'This Python cannot make environments: apt-get install python3-venv (as root)' >&2; exit 1; }
	@rm -f $(VENV)/.installed*
	@$(PYTHON) -m venv $(VENV)

chromium:
	@if command -v chromium >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
		echo 'The browser tests need Chromium. Install it as root: apt-get install chromium $(FONTS)' >&2; \
		echo 'or leave these tests out: make test BROWSER=no' >&2; \
		exit 1; \
	fi; \
	echo 'Installing Chromium by apt ...'; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && \
	apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install -y --no-install-recommends chromium $(FONTS) >/dev/null

# AWS's JavaScript SDK calls the proxy in tests; npm fetches it from wherever this machine's npm is told to look.
node:
	@if command -v node >/dev/null && command -v npm >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
		echo "The tests with AWS's JavaScript SDK need Node.js 18 or newer: apt-get install nodejs npm (as root)" >&2; \
		exit 1; \
	fi; \
	echo 'Installing Node.js by apt ...'; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && \
	apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install -y --no-install-recommends nodejs npm >/dev/null

# An independent decoder of what is exported; its tests are skipped where it is missing.
protoc:
	@if command -v protoc >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
		echo 'protoc is missing (apt-get install protobuf-compiler, as root): its tests are left out' >&2; \
		exit 0; \
	fi; \
	echo 'Installing protoc by apt ...'; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && \
	apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install -y --no-install-recommends protobuf-compiler >/dev/null

nginx:
	@if command -v nginx >/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then \
		echo 'nginx is missing (apt-get install nginx-light, as root): the figures beside it are left out' >&2; \
		exit 0; \
	fi; \
	echo 'Installing nginx by apt ...'; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends nginx-light >/dev/null
