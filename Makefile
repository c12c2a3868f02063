# Everything a developer needs: `make run` tries it out, `make test` proves it. Both set up .venv by themselves, once.
# Needs Python 3.11 or newer, and make.

VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := $(VENV)/bin
Q ?= 10k requests a day, 500 in / 200 out, gpt-4o

# Both names, so that the build backend is pinned too: older pips read the first for it, newer ones the second.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test lint format patterns bench clean

run: $(VENV)/.installed  ## set up, compile the knowledge base, and answer a question: make run Q="price of o3"
	$(BIN)/python -m compileall -q adapters bot knowledge
	$(BIN)/aicost kb info >/dev/null  # compiles it when it is missing or older than its sources
	$(BIN)/aicost ask "$(Q)"

test: lint  ## everything that must hold before a commit
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

patterns: $(VENV)/.installed  ## after a change of the parser's patterns: what texts must hold for them
	$(BIN)/python -m bot.parsing.reading.needed_literals

bench: $(VENV)/.installed-bench  ## prints figures, fails on none of them
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.llm_cost
	$(BIN)/python -m benchmarks.budgets

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "aicost needs Python 3.11 or newer; none was found." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,bench]"
	@touch $(VENV)/.installed-dev $@
