# All there is to remember: demo, test, bench, lint. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow bench lint format lock clean

demo: $(VENV)/demonstration
	$(BIN)/python demo/run.py
	$(BIN)/python demo/aws.py

test: $(VENV)/development
	$(BIN)/python -m pytest -n auto -m "not slow"

test-slow: $(VENV)/development
	$(BIN)/python -m pytest -m slow

bench: $(VENV)/development
	$(BIN)/python bench/run.py
	$(BIN)/python bench/advisories.py
	$(BIN)/python bench/service.py
	$(BIN)/python bench/reach.py
	$(BIN)/python bench/fleet.py
	$(BIN)/python bench/fleet.py --instances 100000 --held
	$(BIN)/python bench/fleet.py --growth
	$(BIN)/python bench/disk.py

lint: $(VENV)/development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Write down the versions that were tested, for repeatable installs.
lock: $(VENV)/development
	$(BIN)/pip freeze --exclude-editable --exclude openinspector > constraints.txt

$(VENV)/runtime: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "OpenInspector needs Python 3.11 or newer: set PYTHON=/path/to/python3.11"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[server]'
	$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/demonstration: $(VENV)/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/development: $(VENV)/runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist
