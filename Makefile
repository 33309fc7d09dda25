# make run    the whole system on this machine      make test   all tests
# make check  style, types, import rules            make bench  the speed, as ratios
# make axe    axe-core, for the browser tests       make lock   newer versions into requirements*.txt
# make clean  remove what was installed (never the data)
#
# Python 3.11 or newer and this file are all that is needed: everything else is installed into .venv, by hash.

PORT ?= 8000
DATA_DIR ?= .data
VENV ?= .venv
export PORT DATA_DIR

SHELL := /bin/sh
BIN := $(VENV)/bin
UV := $(VENV)/uv/bin/uv
CANDIDATES := python3.11 python3.12 python3.13 python3.14 python3 python
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in $(CANDIDATES); do "$$p" -c '$(SUITABLE)' 2>/dev/null && { echo "$$p"; break; }; done)

# Settings for checks that only import the project: no server is started, nothing is connected to.
IMPORT_ONLY := DATA_DIR=$(VENV)/check DATABASE_URL=postgresql://nobody@127.0.0.1:9/none
PRODUCTION := DATA_DIR=$(VENV)/check DJANGO_ENV=production DEBUG=false ALLOWED_HOSTS=billing.example.com \
	SECRET_KEY=0123456789-for-this-check-only-abcdefghijklmnopqrstuvwxyz \
	SIGNING_PASSPHRASE=0123456789-for-this-check-only-abcdefghijklmnopqrstuvwxyz SITE_URL=https://billing.example.com \
	DATABASE_URL=postgresql://billing@db.example.com/billing CELERY_BROKER_URL=redis://broker.example.com:6379/0 \
	EMAIL_URL=smtp+tls://billing:secret@mail.example.com:587 DEFAULT_FROM_EMAIL=billing@example.com

.PHONY: run test check bench axe lock clean
.DEFAULT_GOAL := run

run: $(VENV)/.installed
	@exec $(BIN)/python manage.py serve

test: $(VENV)/.installed-dev
	@$(BIN)/pytest -n auto --dist loadfile $(TESTS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/lint-imports --no-logo
	$(IMPORT_ONLY) $(BIN)/mypy --no-error-summary .
	$(BIN)/djlint templates --check --lint --quiet
	$(IMPORT_ONLY) $(BIN)/python -W ignore::RuntimeWarning manage.py update_catalogues --check
	$(IMPORT_ONLY) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/pytest -q tests/config/test_house.py

bench: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.bench $(BENCH)

# For tests only and never in the repository: tests/browser/axe.py knows its hash.
axe:
	@npm install --prefix $(VENV)/axe --no-save --no-audit --no-fund --ignore-scripts --loglevel=error axe-core@4.14.1

lock: $(UV)
	$(UV) pip compile $(COMPILE) --upgrade --group dev pyproject.toml -o requirements-dev.txt
	$(UV) pip compile $(COMPILE) --constraint requirements-dev.txt pyproject.toml -o requirements.txt
	echo uv | $(UV) pip compile $(COMPILE) --upgrade - -o requirements-uv.txt

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	@echo "The data in $(DATA_DIR) was kept."

# The development tools are a superset of what runs, in the same versions: once they are there, they stay.
$(VENV)/.installed: requirements.txt $(UV)
	@if [ -e $(VENV)/.installed-dev ]; then lock=requirements-dev.txt; else lock=requirements.txt; fi; \
	echo "Installing $$lock …"; $(UV) pip sync --quiet --require-hashes --python $(BIN)/python $$lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(UV)
	@echo "Installing requirements-dev.txt …"
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements-dev.txt
	@touch $@ $(VENV)/.installed

# uv lives in an environment of its own, so that it is no part of what it installs.
$(UV): requirements-uv.txt
	@if [ -z "$(PYTHON)" ]; then \
	echo "No Python 3.11 or newer with venv and ensurepip found (on Debian: apt-get install python3 python3-venv)." >&2; \
	exit 2; fi
	@"$(PYTHON)" -c '$(SUITABLE)' || { echo "$(PYTHON) is not Python 3.11 or newer with venv and ensurepip." >&2; exit 2; }
	@echo "Making $(VENV) with $(PYTHON) …"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv --without-pip $(VENV)
	@"$(PYTHON)" -m venv $(VENV)/uv
	@$(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
	-r requirements-uv.txt
	@touch $@
