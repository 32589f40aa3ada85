PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test lint bench docs licences release audit clean

demo: $(VENV)/.run
	$(BIN)/python examples/demo.py

test: $(VENV)/.test
	$(BIN)/python -m pytest -n logical --dist worksteal

lint: $(VENV)/.test
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/ruff format --check src tests benchmarks examples
	$(BIN)/pyright

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/compile_schemas.py
	$(BIN)/python benchmarks/lattice_step.py
	$(BIN)/python benchmarks/start_up.py

docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

licences: $(VENV)/.bench
	$(BIN)/python benchmarks/licences_page.py

# Builds and checks what would be published, in dist/; publishes nothing.
release: $(VENV)/.release
	$(BIN)/python benchmarks/release_check.py
	rm -rf build dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python benchmarks/release_check.py dist/*.whl
	$(BIN)/python benchmarks/sbom.py dist/latticework.cdx.json

audit: $(VENV)/.test
	$(BIN)/python benchmarks/dependency_check.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# The pinned torch is a CPU build where one is offered; installing it first keeps every later
# requirement satisfied by it.
$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt torch
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(VENV)/.run
	$(PIP) install -c constraints.txt -e ".[test,dev]"
	touch $@

$(VENV)/.bench: $(VENV)/.test
	$(PIP) install -c constraints.txt -e ".[bench]"
	touch $@

$(VENV)/.docs: $(VENV)/.run
	$(PIP) install -c constraints.txt -e ".[docs]"
	touch $@

$(VENV)/.release: $(VENV)/.run
	$(PIP) install -c constraints.txt -e ".[release]"
	touch $@

clean:
	rm -rf $(VENV) build dist site src/*.egg-info .pytest_cache .ruff_cache
