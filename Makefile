# `make demo` and `make test` set up .venv on their first run and go straight to work on the next.
# Choose another interpreter with `make test PYTHON=python3.12`.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

export KERAS_BACKEND ?= tensorflow
export TF_CPP_MIN_LOG_LEVEL ?= 3

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo test fuzz lint format golden bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Without the two lines that TensorFlow prints whenever it is imported.
demo: $(READY)  ## check, build, train and export a network on 1,797 real digits
	@$(BIN)/python examples/digits.py 2> >(grep -v -e 'absl::InitializeLog' -e 'oneDNN custom operations' >&2)

test: lint  ## lint, check types and run every test
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

N ?= 1000
SEED ?= 1000
fuzz: $(READY)  ## compare N random networks in all backends: make fuzz N=5000 SEED=7000
	@FUZZ=$(N) FUZZ_FIRST=$(SEED) $(BIN)/python -m pytest -n 2 -q tests/test_random_networks.py

lint: $(READY)  ## ruff and pyright's strict mode
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/basedpyright

format: $(READY)  ## format and fix what ruff can
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

golden: $(READY)  ## write the golden files anew from what the compiler emits
	@$(BIN)/python -m pytest -q tests/test_golden.py --update-golden

bench: $(READY)  ## print each benchmark's ratio
	@for script in benchmarks/bench_*.py; do $(BIN)/python "$$script"; done

clean:  ## remove everything that make has made
	rm -rf .venv build dist out *.egg-info .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# TensorFlow has wheels for these versions of Python only.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "specc's tests need Python 3.11 to 3.13: make PYTHON=python3.12 …" >&2; exit 1; }
	@echo "Setting up .venv with PyTorch, Keras on TensorFlow and ONNX: several minutes, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[dev]' \
	  | awk '/^ +Downloading |^Installing / {print; fflush()}'
	@touch $@
