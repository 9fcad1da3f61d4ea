# README's two commands are `make demo` and `make test`; both do all set-up on a machine
# that has only python3 (>= 3.11) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE ?=

.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.demo: requirements/demo.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rolloutd needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/demo.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.demo
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

demo: $(VENV)/.demo ## the story of data-product v3 -> v4, live in the terminal
	$(BIN)/rolloutd demo $(ARGS)

test: $(VENV)/.dev system ## every test, with real Envoy, Prometheus and kubectl
	$(BIN)/pytest -n 2 --cov --cov-report= $(ARGS)
	$(BIN)/python tests/architecture/coverage_floor.py

check: $(VENV)/.dev ## format, lint, types, imports, architecture, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -m "not real" -n 2

simulate: $(VENV)/.dev ## the whole daemon in virtual time, by fresh seeds: SEEDS=300 BUDGET=120 (seconds)
	$(BIN)/python -m tests.simulation --fresh --seeds $(or $(SEEDS),300) $(if $(BUDGET),--seconds $(BUDGET)) $(ARGS)

bench: $(VENV)/.dev system ## print the figures of the closing note as JSON
	$(BIN)/python -m bench $(ARGS)

format: $(VENV)/.dev ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

manifests: $(VENV)/.dev ## renew what deploy/ holds of the plan models and of grafana/
	$(BIN)/python tools/manifests

sbom: $(VENV)/.dev ## write the bill of materials of what runs in production to dist/
	$(BIN)/python tools/sbom

# In an environment of its own: it runs nothing of ours, and is run by nothing of ours.
$(VENV)/audit/bin/pip-audit: $(VENV)/.demo
	$(PYTHON) -m venv $(VENV)/audit
	$(VENV)/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1

audit: $(VENV)/audit/bin/pip-audit ## look known vulnerabilities up; needs the advisory service
	$(BIN)/python tools/audit $<

lock: ## renew the pinned dependencies (needs uv)
	for lock in run build demo dev; do \
	  extras=; [ $$lock = run ] || extras="--extra build --extra $$lock"; \
	  uv pip compile pyproject.toml $$extras --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url --quiet \
	    -o requirements/$$lock.lock || exit 1; done

system: ## install the Debian packages that tests need
	@tools/system-packages

.PHONY: help demo test check simulate bench format manifests sbom audit lock system
