# PropertyTracker: `make run` and `make test` need Python 3.11 or later, make and a package index, and nothing else.

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.ready
# Addresses for checks that only read settings, so that they start no server.
NO_SERVERS := DATABASE_URL=postgresql://nobody@localhost/none REDIS_URL=redis://localhost:1/0

.DEFAULT_GOAL := help
.SILENT:
.PHONY: help setup run test test-fast coverage lint fmt types layers migrations-check deploy-check check bench sandbox shell stop reset lock

help: ## This list
	awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv and install the locked packages (the other targets do it by themselves)

$(STAMP): uv.lock pyproject.toml scripts/setup
	sh scripts/setup $(VENV)
	touch $@

run: $(STAMP) ## Start everything with demo data; PORT=9000 moves it, Ctrl-C stops it, VERBOSE=1 shows all logs
	$(PY) -m config.supervisor

test: $(STAMP) ## All tests; ARGS="tests/core -x" narrows it; with CI=true also the coverage floor, and nothing left out
ifeq ($(filter 1 true yes,$(CI)),)
	$(PY) -m pytest $(ARGS)
else
	$(MAKE) coverage
endif

test-fast: $(STAMP) ## Tests without browser and slow ones, on a database kept between runs
	$(PY) -m pytest --reuse-db -m "not browser and not slow" $(ARGS)

coverage: $(STAMP) ## All tests with branch coverage and its floor
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest $(ARGS)
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

lint: $(STAMP) ## ruff: rules and format
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

fmt: $(STAMP) ## Format and fix what ruff can
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(STAMP) ## mypy --strict with django-stubs
	$(NO_SERVERS) $(VENV)/bin/mypy --strict

layers: $(STAMP) ## import-linter: a package imports only from packages below it
	$(VENV)/bin/lint-imports

migrations-check: $(STAMP) ## Fail when a model change has no migration
	$(PY) manage.py makemigrations --check --dry-run

deploy-check: $(STAMP) ## Django's deployment checks on production settings; a warning fails
	$(NO_SERVERS) DJANGO_SETTINGS_MODULE=config.settings.production ALLOWED_HOSTS=app.example.com \
	PUBLIC_URL=https://app.example.com FIELD_ENCRYPTION_KEY=check-only-$$$$-0123456789-abcdefghijklmnop \
	SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(60))')" \
	$(PY) manage.py check --deploy --fail-level WARNING

check: lint types layers migrations-check deploy-check ## Everything that CI checks, except the tests

bench: $(STAMP) ## Measure against dlt and update_or_create; ONLY=sync runs a part
	$(VENV)/bin/uv sync --quiet --frozen --inexact --group bench
	$(PY) -m benchmarks $(ONLY)

sandbox: $(STAMP) ## The sandbox vendor alone, on PORT (8001)
	$(PY) -m integrations.sandbox --port $(or $(PORT),8001) --state .local/sandbox.json

shell: $(STAMP) ## A Python shell with the models
	$(PY) manage.py shell

stop: $(STAMP) ## Stop the private PostgreSQL and Redis
	$(PY) -m config.embedded stop

reset: $(STAMP) ## Stop the private servers and delete .local with all its data
	$(PY) -m config.supervisor reset

lock: $(STAMP) ## Refresh uv.lock after a change of pyproject.toml
	$(VENV)/bin/uv lock
