# make demo   run everything and show the whole loop, unattended         (needs Python 3.11 to 3.13 with venv, and make)
# make run    run everything, empty
# make test   lint, then the whole test suite
# make lint   formatting, types, layers, migrations, deployment checks
# make lock   renew requirements*.txt and package-lock.json after a change of what they are made from
# make clean  remove what the other targets made, except var/ (your data)
#
# Options of the site are passed on: make run UP="--port 8080 --host 0.0.0.0"

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/.requirements
DEVELOPMENT := $(VENV)/.requirements-dev
ASSETS := node_modules/.mlopspro-lock
UV_LOCK := $(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet
# Settings as a production would give them, for Django's deployment checks; nothing is connected to.
PRODUCTION = MLOPSPRO_DOTENV=/dev/null MLOPSPRO_PRODUCTION=1 ALLOWED_HOSTS=mlops.example.com \
	DJANGO_SECRET_KEY=$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))') \
	DATABASE_URL=postgresql://mlopspro:a-password@db/mlopspro REDIS_URL=redis://:a-password@redis/0 \
	MLFLOW_TRACKING_URI=http://mlflow:5000 CSRF_TRUSTED_ORIGINS=https://mlops.example.com
UP :=
PYTEST :=

.PHONY: demo run test lint lock clean browser

demo: $(RUNTIME) $(ASSETS)
	@exec $(PY) manage.py up --demo $(UP)

run: $(RUNTIME) $(ASSETS)
	@exec $(PY) manage.py up $(UP)

# In several processes, each with servers of its own (mlopspro/testing/scheduling.py).
test: lint browser
ifeq ($(strip $(PYTEST)),)
	$(PY) -m pytest -n auto --dist loadgroup
else
	$(PY) -m pytest $(PYTEST)
endif

lint: $(DEVELOPMENT) $(ASSETS)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy .
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

$(PY):
	@sh scripts/make_venv.sh $(VENV)

$(RUNTIME): requirements.txt | $(PY)
	@echo "Installing packages, about 3 GB the first time …"
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

# The tools' pins agree with those above.
$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@echo "Installing tools for tests and checks …"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(ASSETS): package-lock.json | $(RUNTIME)
	@$(PY) manage.py fetch_assets
	@touch $@

browser: $(DEVELOPMENT)
	@$(PY) -m mlopspro.testing.browser

lock: $(RUNTIME)
	@$(PIP) install uv
	$(UV_LOCK) -o requirements.txt requirements.in
	$(UV_LOCK) -o requirements-dev.txt requirements-dev.in
	$(VENV)/bin/npm install --package-lock-only --ignore-scripts

clean:
	rm -rf $(VENV) node_modules staticfiles .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
